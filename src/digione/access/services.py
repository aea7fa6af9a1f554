"""Writes of the room: suppliers' apps and their taking into use, and the accounts by which people sign in."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from oauth2_provider.generators import generate_client_id, generate_client_secret
from oauth2_provider.models import get_application_model

from digione.access.models import Account, App, Supplier, Taking
from digione.access.permissions import Event, Permission
from digione.access.scopes import KNOWN_SCOPES
from digione.core.errors import Fault, InvalidInputError
from digione.core.outbox import announce
from digione.core.texts import is_one_line
from digione.core.use_case import UseCase, use_case


@dataclass(frozen=True, slots=True)
class NewApp:
    """What is told once, when an app is made: the secret is stored only as a hash."""

    app_id: UUID
    supplier_id: UUID
    client_id: str
    client_secret: str


@use_case(Permission.APP_CREATE, Event.APP_CREATED)
def create_app(uc: UseCase, *, name: str, supplier: str, provider_oids: Sequence[str], scopes: Sequence[str]) -> NewApp:
    """Make an app with its OAuth client, and let the named providers take it into use from today with `scopes`.

    The platform's work: an app joins a supplier, by name, whose ids of persons it then shares, and providers are named
    who agreed elsewhere. A supplier is found by its name or made. Raises `InvalidInputError` with every unknown provider
    and scope, for a name without letters, of several lines or of more than 200 characters, and for a name that an app of
    the supplier has already.
    """
    uc.check()
    faults = _scope_faults(scopes)
    if not name.strip() or not supplier.strip():
        faults.append(Fault("name", "missing", _("Give the app and its supplier a name.")))
    faults += [
        fault for pointer, text in (("name", name), ("supplier", supplier)) for fault in _name_faults(pointer, text)
    ]
    found = {
        row["oid"]: row["id"]
        for row in uc.rows("SELECT oid, id FROM access_provider WHERE oid = ANY (%s)", [list(provider_oids)])
    }
    faults += [_unknown_provider(oid) for oid in provider_oids if oid not in found]
    if faults:
        raise InvalidInputError(faults)
    owner, _made = Supplier.objects.get_or_create(name=supplier)
    # Two at once would not see each other: the second waits for the first.
    uc.execute("SELECT 1 FROM access_supplier WHERE id = %s FOR UPDATE", [owner.id])
    same = App.objects.select_related("application").filter(supplier=owner, name__iexact=name).first()
    if same is not None:
        text = _(
            "%(supplier)s has an app “%(name)s” already (client id %(client)s). `digione app rotate-secret %(client)s` gives"
            " it a new secret, `digione app take %(client)s` lets one more provider use it. For another app choose another name."
        )
        told = {"supplier": owner.name, "name": same.name, "client": same.application.client_id}
        raise InvalidInputError([Fault("name", "taken", text % told)])
    client_id, secret = generate_client_id(), generate_client_secret()
    application = get_application_model().objects.create(
        name=name,
        client_id=client_id,
        client_secret=secret,
        client_type="confidential",
        authorization_grant_type="client-credentials",
    )
    app = App.objects.create(supplier=owner, application=application, name=name)
    for oid in provider_oids:
        Taking.objects.create(provider_id=found[oid], app=app, scopes=list(scopes), valid_from=uc.today)
        announce(uc, "access.app_taken", provider_id=found[oid], subject=app.id, scopes=list(scopes))
    uc.saw_in_bulk(app=str(app.id), providers=list(provider_oids), scopes=list(scopes))
    return NewApp(app.id, owner.id, client_id, secret)


@dataclass(frozen=True, slots=True)
class Taken:
    """A provider's taking of an app after a change of it; `changed` tells whether anything was different before."""

    app_id: UUID
    provider_id: UUID
    scopes: tuple[str, ...]
    changed: bool
    non_disclosure_included: bool = False


#: A reason has at least a word or a number of an agreement in it.
_REASON = re.compile(r"\w{3}")


@use_case(Permission.APP_MANAGE, Event.APP_MANAGED)
def take_app(
    uc: UseCase,
    *,
    app: str,
    provider_oid: str,
    scopes: Sequence[str],
    include_non_disclosure: bool = False,
    reason: str = "",
) -> Taken:
    """Let a provider take an app into use from today, or change what it has opened: what is given here is all of it.

    `app` is the client id, or the name where only one app bears it; `scopes` are whole names (`access.scopes`). With
    `include_non_disclosure` the app is told of people under non-disclosure too, as the agreement says, never of their
    addresses; `reason` says which agreement and why, and stays in the log. Periods are whole days in Finland, and the
    last one counts. Both lanes ask the taking at each call, so a change holds from the next call on. Raises
    `InvalidInputError` with every fault.
    """
    uc.check()
    faults, reason = _scope_faults(scopes), reason.strip()
    if include_non_disclosure and not _REASON.search(reason):
        text = _(
            "Say why people under non-disclosure are opened to the app, and by which agreement: it stays in the log."
        )
        faults.append(Fault("reason", "missing", text))
    provider = _provider(uc, provider_oid)
    if provider is None or faults:
        raise InvalidInputError(faults if provider else [*faults, _unknown_provider(provider_oid)])
    found, wanted = _app(app), sorted(set(scopes))
    live = _live_taking(uc, found, provider)
    changed = (
        live is None or sorted(live.scopes) != wanted or live.non_disclosure_included is not include_non_disclosure
    )
    if changed:
        if live is not None and live.valid_from < uc.today:
            live.valid_to = uc.today - timedelta(days=1)
            live.save(update_fields=["valid_to"])
        # What was taken and released on one day is one row.
        Taking.objects.update_or_create(
            provider_id=provider,
            app=found,
            valid_from=uc.today,
            defaults={"scopes": wanted, "valid_to": None, "non_disclosure_included": include_non_disclosure},
        )
        announce(uc, "access.app_taken", provider_id=provider, subject=found.id, scopes=wanted)
    # Also when nothing changes: whoever opens protected people again has said why again.
    why = {"reason": reason} if reason else {}
    uc.saw_in_bulk(
        app=str(found.id), providers=[provider_oid], scopes=wanted, non_disclosure=include_non_disclosure, **why
    )
    return Taken(found.id, provider, tuple(wanted), changed, include_non_disclosure)


@use_case(Permission.APP_MANAGE, Event.APP_MANAGED)
def release_app(uc: UseCase, *, app: str, provider_oid: str) -> Taken:
    """End a provider's taking of an app. The next call of the app, in either lane, sees nothing of the provider.

    Raises `InvalidInputError` where the provider has not taken it.
    """
    uc.check()
    provider = _provider(uc, provider_oid)
    if provider is None:
        raise InvalidInputError([_unknown_provider(provider_oid)])
    found = _app(app)
    live = _live_taking(uc, found, provider)
    if live is None:
        text = _("The provider %(oid)s has not taken this app into use, so there is nothing to end.")
        raise InvalidInputError([Fault("provider", "not_taken", text % {"oid": provider_oid})])
    # Periods are whole days and the last day counts, so what ends now was in force until yesterday.
    live.valid_to = uc.today - timedelta(days=1)
    live.save(update_fields=["valid_to"])
    announce(uc, "access.app_released", provider_id=provider, subject=found.id)
    uc.saw_in_bulk(app=str(found.id), providers=[provider_oid])
    return Taken(found.id, provider, (), True)


@use_case(Permission.APP_ROTATE, Event.APP_MANAGED)
def rotate_app_secret(uc: UseCase, *, app: str) -> NewApp:
    """Give an app a new secret. The old secret, and every token that was got by it, ends at once.

    No provider's own work, for the app may be in use at several. Raises `InvalidInputError` for an app that is unknown
    or ambiguous.
    """
    uc.check()
    found, secret = _app(app), generate_client_secret()
    application = found.application
    application.client_secret = secret
    application.save(update_fields=["client_secret"])
    uc.execute("DELETE FROM oauth2_provider_accesstoken WHERE application_id = %s", [application.pk])
    uc.saw_in_bulk(app=str(found.id), done="secret_rotated")
    return NewApp(found.id, found.supplier_id, application.client_id, secret)


#: The library's table of clients takes 255.
_LONGEST_NAME = 200


def _name_faults(pointer: str, name: str) -> list[Fault]:
    if is_one_line(name) and len(name) <= _LONGEST_NAME:
        return []
    text = _("A name is one line of at most %(n)s characters, without control characters.")
    return [Fault(pointer, "unfit", text % {"n": _LONGEST_NAME})]


def _scope_faults(scopes: Sequence[str]) -> list[Fault]:
    text = _("There is no scope “%(scope)s”. Known scopes: %(known)s.")
    known = ", ".join(sorted(KNOWN_SCOPES))
    faults = [
        Fault("scope", "unknown_scope", text % {"scope": scope, "known": known})
        for scope in scopes
        if scope not in KNOWN_SCOPES
    ]
    return faults if scopes else [Fault("scope", "missing", _("Name at least one scope."))]


def _unknown_provider(oid: str) -> Fault:
    text = _("No provider on this platform has the OID %(oid)s. `digione provider list` tells who is here.")
    return Fault("provider", "unknown_provider", text % {"oid": oid})


def _provider(uc: UseCase, oid: str) -> UUID | None:
    """Return the provider on the platform with this OID. Whoever acts for one provider knows no other here."""
    found: UUID | None = uc.json("SELECT id FROM access_provider WHERE oid = %s", [oid])
    everywhere = uc.decision is not None and uc.decision.everywhere
    return found if everywhere or found == uc.actor.provider_id else None


def _app(named: str) -> App:
    """Return the app with this client id, or the only one with this name, to change it. Raises `InvalidInputError`."""
    known = App.objects.select_related("application")
    apps = list(known.filter(application__client_id=named)[:1]) or list(known.filter(name=named)[:2])
    if len(apps) == 1:
        # Changes of one app wait for each other, so that each sees what the former has left.
        return known.select_for_update(of=("self",), no_key=True).get(pk=apps[0].pk)
    text = (
        _("Several apps are called “%(app)s”. Give the client id; `digione app list` tells it.")
        if apps
        else _("There is no app “%(app)s”. `digione app list` tells which there are.")
    )
    raise InvalidInputError([Fault("app", "ambiguous" if apps else "unknown_app", text % {"app": named})])


def _live_taking(uc: UseCase, app: App, provider: UUID) -> Taking | None:
    rows = Taking.objects.filter(app=app, provider_id=provider, valid_from__lte=uc.today)
    live = rows.filter(valid_to__isnull=True) | rows.filter(valid_to__gte=uc.today)
    return live.order_by("-valid_from").first()


#: Long enough that guessing is hopeless, with letters that nobody mistakes for each other on a slip of paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_USERNAME = re.compile(r"[^\s]{3,150}")


@dataclass(frozen=True, slots=True)
class AccountChange:
    """An account after a change. `password` is there only when it was made here, and is told this once."""

    account_id: UUID
    username: str
    is_active: bool
    password: str | None = None


@use_case(Permission.ACCOUNT_MANAGE, Event.ACCOUNT_MANAGED)
def create_account(
    uc: UseCase, *, username: str, person: UUID, language: str = "fi", password: str | None = None
) -> AccountChange:
    """Give a person an account. What it opens comes from the person's live rows. Without a password one is made.

    A user name has three to 150 characters and no spaces, and is found whatever its case; a password has at least
    twelve characters. `language` is fi, sv or en. Raises `InvalidInputError` with every fault: where the user name is unfit or taken, or the password too short.
    """
    uc.check()
    faults = _password_faults(password, Account(username=username))
    if not _USERNAME.fullmatch(username) or not is_one_line(username):
        text = _("A user name has at least three characters and no spaces.")
        faults.append(Fault("username", "unfit", text))
    elif Account.objects.filter(username__iexact=username).exists():
        faults.append(_taken(username))
    if faults:
        raise InvalidInputError(faults)
    given = password or _new_password()
    try:
        with transaction.atomic():
            account = Account.objects.create_user(username, given, person_id=person, language=language)
    except IntegrityError as refusal:
        # Somebody else has made it since we looked.
        raise InvalidInputError([_taken(username)]) from refusal
    uc.saw([person])
    uc.touched("access_account", "username", "person_id", "password")
    uc.saw_in_bulk(account=str(account.id), done="created")
    return AccountChange(account.id, username, True, None if password else given)


@use_case(Permission.ACCOUNT_MANAGE, Event.ACCOUNT_MANAGED)
def change_password(uc: UseCase, *, username: str, password: str | None = None) -> AccountChange:
    """Give an account a new password; whoever is signed in with the old one is signed out. Without one it is made.

    Raises `InvalidInputError` for an account that is unknown, or a password of less than twelve characters.
    """
    uc.check()
    account = _account(username)
    if faults := _password_faults(password, account):
        raise InvalidInputError(faults)
    given = password or _new_password()
    account.set_password(given)
    account.save(update_fields=["password"])
    uc.touched("access_account", "username", "password")
    uc.saw_in_bulk(account=str(account.id), done="password_changed")
    return AccountChange(account.id, account.username, account.is_active, None if password else given)


@use_case(Permission.ACCOUNT_MANAGE, Event.ACCOUNT_MANAGED)
def set_account_active(uc: UseCase, *, username: str, active: bool) -> AccountChange:
    """Open an account, or close it: whoever is signed in with it is out at the next request. Nothing is deleted.

    Raises `InvalidInputError` for an account that is unknown.
    """
    uc.check()
    account = _account(username)
    account.is_active = active
    account.save(update_fields=["is_active"])
    uc.saw_in_bulk(account=str(account.id), done="enabled" if active else "disabled")
    return AccountChange(account.id, account.username, active)


def _taken(username: str) -> Fault:
    text = _("The user name %(username)s is taken. Choose another.") % {"username": username}
    return Fault("username", "taken", text)


def _password_faults(password: str | None, account: Account) -> list[Fault]:
    """Hold a password that somebody has chosen to the same rules as the desk does."""
    if password is None:
        return []
    texts = {
        "password_entirely_numeric": _("Figures alone are easy to guess. Add letters."),
        "password_too_common": _("Many people use this one, so it is tried first. Choose another."),
        "password_too_short": _("A password has at least %(n)s characters. Three or four words make a good one."),
        "password_too_similar": _("It is too much like your name. Choose another."),
    }
    try:
        validate_password(password, account)
    except ValidationError as refusal:
        # The library's own texts are not all translated.
        return [
            Fault(
                "password",
                str(one.code),
                texts.get(str(one.code), one.message) % {"n": (one.params or {}).get("min_length")},
            )
            for one in refusal.error_list
        ]
    return []


def _new_password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _letter in range(4)) for _group in range(4))


def _account(username: str) -> Account:
    # Changes of one account wait for each other, so that each sees what the former has left.
    account = Account.objects.select_for_update().filter(username__iexact=username).first()
    if account is None:
        text = _("There is no account %(username)s. `digione user list` tells which there are.")
        raise InvalidInputError([Fault("username", "unknown_account", text % {"username": username})])
    return account
