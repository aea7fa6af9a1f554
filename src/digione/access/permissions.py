"""What can be done. One name each, `what:how`, in alphabetical order; events say in the past tense that it was done."""

from enum import StrEnum


class Permission(StrEnum):
    """A thing that a rule may allow."""

    ACCOUNT_MANAGE = "account:manage"
    APP_CREATE = "app:create"
    APP_MANAGE = "app:manage"
    AUDIT_READ_OWN = "audit:read_own"
    DESK_READ = "desk:read"
    DUPLICATE_DECIDE = "duplicate:decide"
    DUPLICATE_READ = "duplicate:read"
    GROUP_READ = "group:read"
    IMPORT_READ = "import:read"
    KEY_ROTATE = "key:rotate"
    PERSON_READ = "person:read"
    PERSON_SEARCH = "person:search"
    PROVIDER_MANAGE = "provider:manage"
    REGISTER_IMPORT = "register:import"
    ROSTER_EXPORT = "roster:export"
    ROSTER_IMPORT = "roster:import"
    ROSTER_READ = "roster:read"
    ROSTER_DEMOGRAPHICS_READ = "roster:read_demographics"


class Event(StrEnum):
    """A thing that was done, for the audit and the event catalogue."""

    ACCOUNT_MANAGED = "account.managed"
    ACCOUNT_READ = "account.read"
    APP_CREATED = "app.created"
    APP_MANAGED = "app.managed"
    APP_READ = "app.read"
    AUDIT_READ = "audit.read"
    DESK_OPENED = "desk.opened"
    DUPLICATE_DECIDED = "duplicate.decided"
    DUPLICATE_READ = "duplicate.read"
    DUPLICATE_UNDONE = "duplicate.undone"
    GROUP_READ = "group.read"
    IMPORT_READ = "import.read"
    KEYS_READ = "keys.read"
    KEYS_ROTATED = "keys.rotated"
    ORGANISATION_READ = "organisation.read"
    PERSON_READ = "person.read"
    PERSON_SEARCHED = "person.searched"
    PROVIDER_ADDED = "provider.added"
    REGISTER_IMPORTED = "register.imported"
    ROSTER_DEMOGRAPHICS_READ = "roster.demographics_read"
    ROSTER_EXPORTED = "roster.exported"
    ROSTER_IMPORTED = "roster.imported"
    ROSTER_READ = "roster.read"
