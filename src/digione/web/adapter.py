"""How sign-in behaves here: accounts come from the provider's own data, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """The rules of the house for django-allauth."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an account without a live row behind it would open nothing."""
        return False

    def add_message(self, *args: object, **kwargs: object) -> None:
        """Say nothing of our own on signing in or out: the next page says it."""
