"""How sign-in behaves here: accounts come from the provider's own data, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """The rules of the house for django-allauth."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an account without a live row behind it would open nothing."""
        return False

    def add_message(self, *args: object, **kwargs: object) -> None:
        """Say nothing of the library's own: the next page says what happened."""

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Go back to the settings, and say that it was done. One's other devices are signed out by now."""
        messages.success(request, _("Your password has been changed. Other devices must sign in anew."))
        return reverse("settings")
