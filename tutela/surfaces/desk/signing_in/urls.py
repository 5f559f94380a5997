"""Addresses of signing in. Their names are allauth's, which looks for them."""

from django.urls import path
from django.views.generic import RedirectView

from . import account, elsewhere, entrance, places

urlpatterns = [
    path("sign-in/", entrance.sign_in, name="account_login"),
    path("sign-in/second-factor/", account.second_factor, name="mfa_authenticate"),
    path(
        "sign-in/with/nobody/",
        RedirectView.as_view(pattern_name="account_login"),
        name="socialaccount_login_cancelled",
    ),
    path("sign-in/with/mediawiki/", elsewhere.begin_wiki, name="mediawiki_login"),
    path("sign-in/with/mediawiki/back/", elsewhere.back_from_wiki, name="mediawiki_callback"),
    path("sign-in/with/<slug:provider_id>/", elsewhere.begin_oidc, name="openid_connect_login"),
    path("sign-in/with/<slug:provider_id>/back/", elsewhere.back_from_oidc, name="openid_connect_callback"),
    path("account/linked/", elsewhere.linked, name="socialaccount_connections"),
    path("account/factors/", account.factors, name="mfa_index"),
    path("account/factors/app/", account.add_app, name="mfa_activate_totp"),
    path("account/factors/app/remove/", account.remove_app, name="mfa_deactivate_totp"),
    path("account/factors/codes/", account.recovery_codes, name="mfa_view_recovery_codes"),
    path("account/factors/codes/new/", account.new_codes, name="mfa_generate_recovery_codes"),
    path("account/factors/keys/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path("account/factors/keys/add/", account.add_key, name="mfa_add_webauthn"),
    path("account/factors/keys/<int:pk>/remove/", account.remove_key, name="mfa_remove_webauthn"),
    path("account/places/", places.places, name="account_places"),
    path("account/passphrase/", account.passphrase, name="account_change_password"),
    path("account/confirm/", account.confirm_passphrase, name="account_reauthenticate"),
    path("account/confirm/code/", account.confirm_code, name="mfa_reauthenticate"),
    path("account/confirm/key/", account.confirm_key, name="mfa_reauthenticate_webauthn"),
]
