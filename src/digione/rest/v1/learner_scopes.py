"""Which scopes open what of a learner's document, each as one bit: so that what a token opens is one number."""

from collections.abc import Collection

from digione.access.scopes import (
    ASSESSMENTS_READ,
    ASSESSMENTS_WORDS_READ,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    PERSONS_IDENTITY_READ,
    PERSONS_READ,
    STUDY_RIGHT_EXTRAS_READ,
    STUDY_RIGHT_STATES_READ,
    STUDY_RIGHTS_READ,
)

#: Without it there is no document.
LEAST = STUDY_RIGHTS_READ
#: Kept numbers are made of these places: a scope may be added at the end, never moved.
_BITS = (
    STUDY_RIGHTS_READ,
    PERSONS_READ,
    PERSONS_IDENTITY_READ,
    STUDY_RIGHT_STATES_READ,
    STUDY_RIGHT_EXTRAS_READ,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    ASSESSMENTS_READ,
    ASSESSMENTS_WORDS_READ,
)


def bits(*scopes: str) -> int:
    """Return the number of scopes that are all wanted."""
    return sum(1 << _BITS.index(scope) for scope in {*scopes})


def opened_by(scopes: Collection[str]) -> int:
    """Return the number of what scopes open; others count for nothing."""
    return bits(*(scope for scope in _BITS if scope in scopes))


def opened_sql(scopes: str) -> str:
    """Return the same as SQL over an array of scopes."""
    return " + ".join(f"CASE WHEN '{scope}' = ANY ({scopes}) THEN {bits(scope)} ELSE 0 END" for scope in _BITS)
