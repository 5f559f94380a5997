"""Replies, preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language_info, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tutela.core.cases.models import Case, Message
from tutela.core.flow import registry

from .faces import hour
from .page import desk_page, show

if TYPE_CHECKING:
    from .page import DeskRequest

MOST_REPLIES = 50
THEMES = ("light", "dark")
YEAR = 365 * 24 * 3600
#: The single keys that the pages of the desk use, in the order of the list in preferences.
KEYS = ("J", "K", "X", "P", "F", "S", "N", "M", "A", "H", "L", "E", "W", "Z", "G", "R", "[", "/",
        "1", "2", "3", "4", "5", "6", "7", "8", "9")  # fmt: skip


@desk_page
@require_safe
def replies(request: DeskRequest) -> HttpResponse:
    """Messages from reporters that nobody has read, by case, the latest first."""
    cases = (
        Case.objects.filter(unread__gt=0)
        .order_by("-updated_at", "-id")
        .select_related("assignee")[:MOST_REPLIES]
    )
    rows = {case.pk: _replies_of(case) for case in cases}
    unread = Message.objects.filter(case__in=rows, direction=Message.Direction.IN, read_at=None).order_by(
        "-id"
    )
    for case_id, at, language in unread.values_list("case_id", "at", "language"):
        rows[case_id]["messages"].append({"when": hour(at), "language": language})
    return show(request, "desk/replies.html", {"rows": list(rows.values())})


def _replies_of(case: Case) -> dict[str, Any]:
    return {
        "case": case,
        "workflow": registry.workflow(case.workflow).label,
        "state": registry.workflow(case.workflow).state(case.state).label,
        "url": reverse("desk:case", args=[case.reference]),
        "messages": [],
    }


class Preferences(forms.Form):
    """How the desk looks and speaks to one person."""

    language = forms.ChoiceField(label=gettext_lazy("Language"))
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"), help_text=gettext_lazy("All times at the desk are shown in it.")
    )
    density = forms.ChoiceField(
        label=gettext_lazy("Rows of lists"),
        choices=[
            ("", gettext_lazy("Comfortable|Two lines for each case")),
            ("compact", gettext_lazy("Compact|One line")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    theme = forms.ChoiceField(
        label=gettext_lazy("Colours in this browser"),
        choices=[
            ("", gettext_lazy("As the system")),
            ("light", gettext_lazy("Light")),
            ("dark", gettext_lazy("Dark")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        names = [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
        self.fields["language"].choices = names  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = [(name, name) for name in sorted(available_timezones())]  # type: ignore[attr-defined]


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: DeskRequest) -> HttpResponse:
    """What a person may choose about the desk."""
    if request.method != "POST":
        form = Preferences(initial=_chosen(request))
        return show(
            request, "desk/preferences.html", {"form": form, "keys": KEYS, "saved": "saved" in request.GET}
        )
    form = Preferences(request.POST)
    if not form.is_valid():
        return show(request, "desk/preferences.html", {"form": form, "keys": KEYS}, 422)
    _keep(request, form.cleaned_data)
    answer = HttpResponseRedirect(f"{reverse('desk:preferences')}?saved")
    if form.cleaned_data["theme"]:
        answer.set_cookie(
            "tutela-theme",
            form.cleaned_data["theme"],
            YEAR,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    else:
        answer.delete_cookie("tutela-theme", samesite="Lax")
    return answer


def _chosen(request: DeskRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("tutela-theme", "")
    return {
        "language": request.user.language,
        "time_zone": request.user.time_zone,
        "density": request.user.preferences.get("density", ""),
        "theme": theme if theme in THEMES else "",
    }


def _keep(request: DeskRequest, chosen: dict[str, Any]) -> None:
    staff = request.user
    staff.language, staff.time_zone = chosen["language"], chosen["time_zone"]
    staff.preferences = {**staff.preferences, "density": chosen["density"]}
    staff.save(update_fields=["language", "time_zone", "preferences"])
