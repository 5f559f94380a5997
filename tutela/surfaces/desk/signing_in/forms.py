"""Forms of signing in: allauth's, with our words and rules."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ReauthenticateForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ConfirmForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.utils.translation import gettext_lazy as _

from tutela.core.people.models import Staff
from tutela.core.people.sign_in import take

#: Seconds for which a code could be used again, with the tolerance for clocks that differ.
CODE_LIVES = 120
PASSPHRASE, AGAIN = _("Passphrase"), _("Passphrase, once more")
HELP = _("At least 14 characters. Four or five words that have nothing to do with you are good.")


class SignIn(LoginForm):
    """Name and passphrase."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self)
        self.fields["login"].label = _("Username")
        self.fields["login"].widget.attrs |= {"autocapitalize": "off", "spellcheck": "false"}
        self.fields["password"].label = PASSPHRASE
        self.fields["password"].help_text = ""


class ConfirmPassphrase(ReauthenticateForm):
    """The passphrase again, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self)
        self.fields["password"].label = PASSPHRASE
        self.fields["password"].help_text = ""


class ChangePassphrase(ChangePasswordForm):
    """The old passphrase, and a new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self)
        words = {"oldpassword": _("Passphrase until now"), "password1": PASSPHRASE, "password2": AGAIN}
        for name, label in words.items():
            self.fields[name].label, self.fields[name].help_text = label, ""
        self.fields["password1"].help_text = HELP


class ChoosePassphrase(SetPasswordForm):  # type: ignore[type-arg]  # for the checker only
    """The first passphrase of somebody who was invited."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label, self.fields["new_password1"].help_text = PASSPHRASE, str(HELP)
        self.fields["new_password2"].label, self.fields["new_password2"].help_text = AGAIN, ""


class _OneUse:
    """A code counts once, for as long as it could be used again."""

    user: Staff

    def clean_code(self) -> str:
        """Raises ValidationError."""
        code: str = super().clean_code()  # type: ignore[misc]  # of the form beside it
        if not take(f"code {self.user.pk} {normalize_user_code(code)}", 1, CODE_LIVES):
            raise get_adapter().validation_error("incorrect_code")
        return code


class Code(_OneUse, AuthenticateForm):
    """A code of the app, or one of the recovery codes, when signing in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


class CodeAgain(_OneUse, ConfirmForm):
    """A code again, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


class FirstCode(ActivateTOTPForm):
    """The first code of an app, which shows that it works."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)
        self.fields["code"].help_text = _("The six digits that the app shows now.")


class AddKey(AddWebAuthnForm):
    """A new security key, with a name to know it by."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(
            label=_("Name of the key"),
            help_text=_("For you, to tell it from others."),
            max_length=60,
            required=False,
            initial="",
        )


def _plain(form: forms.Form) -> None:
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


def _code(form: forms.Form) -> None:
    _plain(form)
    field = form.fields["code"]
    field.label = _("Code")
    field.widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"}
