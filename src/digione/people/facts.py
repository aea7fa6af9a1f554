"""Unaudited building blocks about people, for selectors and services of this room and of the rooms above."""

from collections.abc import Callable, Sequence
from uuid import UUID

from digione.core import secrets
from digione.core.use_case import Row, UseCase
from digione.people.rows import decoded

#: What every use of `persons` shows.
_ALWAYS = ("given_name", "family_name", "non_disclosure")
_LIVE = "{0}.valid_from <= %(day)s AND ({0}.valid_to IS NULL OR {0}.valid_to >= %(day)s)"


def one_at_a_time(uc: UseCase, provider_id: UUID | None, waiting: Callable[[], None] = lambda: None) -> None:
    """Let one at a time change the records of a provider's people; call `waiting` where another one has to end first.

    An import, a decision about a duplicate case and a placement of the desk take this lock, so that none of them writes
    beside what another one has not committed yet. It ends with the transaction.
    """
    lock = "hashtextextended('persons of ' || %s, 0)"
    if not uc.json(f"SELECT pg_try_advisory_xact_lock({lock})", [str(provider_id)]):
        waiting()
        uc.execute(f"SELECT pg_advisory_xact_lock({lock})", [str(provider_id)])


def persons(uc: UseCase, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Return identity and names of `ids` by id; who is out of reach is left out.

    Each with `given_name` (the one used), `family_name`, `first_names` (all), `birth_date`, `mother_tongue` (national
    code), `non_disclosure` (turvakielto), `sort_key`. Names and the mark are noted for the log; whoever shows more of
    them notes that.
    """
    found = uc.rows(
        "SELECT id, given_name, family_name, first_names, birth_date, mother_tongue, non_disclosure, sort_key"
        " FROM people_person WHERE id = ANY (%s)",
        [list(ids)],
    )
    uc.showed("people_person", [{name: row[name] for name in _ALWAYS} for row in found])
    return {row["id"]: row for row in found}


def known_as(uc: UseCase, identifier: str) -> list[UUID]:
    """Return whom the actor's provider knows today by an identifier, by id; several where it is several people's.

    It is the provider's own id, the user name in a source, a source's id of the person, the learner number, or our id.
    Never an identity code, which would stand in the history of a terminal, nor the digest by which a source names one.
    """
    found = uc.rows(
        "SELECT DISTINCT l.person_id AS id FROM people_providerperson l WHERE l.provider_id = %(provider)s"
        f" AND {_LIVE.format('l')} AND (l.person_id::text = %(identifier)s OR l.person_id IN ("
        "  SELECT i.person_id FROM people_identifier i WHERE i.digest = ANY (%(digests)s) AND i.current"
        "  AND (i.kind IN ('local', 'username') AND i.provider_id = %(provider)s"
        "    OR i.kind = 'learner_number' AND i.provider_id IS NULL)"
        "  UNION ALL SELECT k.target_id FROM core_sourcekey k WHERE k.provider_id = %(provider)s AND k.kind = 'person'"
        "  AND k.key = %(identifier)s AND NOT starts_with(k.key, 'hetu:')))",
        {
            "provider": uc.actor.provider_id,
            "day": uc.today,
            "identifier": identifier,
            "digests": secrets.digests(identifier),
        },
    )
    uc.touched("people_identifier", "digest")
    return [row["id"] for row in found]


def guardians_known(uc: UseCase, children: Sequence[UUID]) -> list[UUID]:
    """Return whom the actor's provider knows today as a guardian of one of the children, by id."""
    found = uc.rows(
        "SELECT DISTINCT g.guardian_id AS id FROM people_guardianship g JOIN people_providerperson l"
        " ON l.provider_id = g.provider_id AND l.person_id = g.guardian_id WHERE g.provider_id = %(provider)s"
        f" AND g.child_id = ANY (%(children)s) AND {_LIVE.format('g')} AND {_LIVE.format('l')}",
        {"provider": uc.actor.provider_id, "children": list(children), "day": uc.today},
    )
    uc.touched("people_guardianship", "guardian_id", "child_id")
    return [row["id"] for row in found]


def contacts(uc: UseCase, ids: Sequence[UUID]) -> list[Row]:
    """Return today's contact details of `ids` within the reach; what two providers know alike is told once.

    Each with `person_id`, `kind` (`address`, `email`, `phone`) and `value`. What a rule does not open is the caller's to
    leave out, and what is left the caller's to note for the log.
    """
    return uc.rows(
        "SELECT DISTINCT person_id, kind, value FROM people_contact WHERE person_id = ANY (%(ids)s)"
        " AND (valid_from IS NULL OR valid_from <= %(day)s) AND (valid_to IS NULL OR valid_to >= %(day)s)"
        " ORDER BY person_id, kind, value",
        {"ids": list(ids), "day": uc.today},
    )


def guardians(uc: UseCase, child: UUID) -> list[Row]:
    """Return today's guardians of a child within the reach, with the limits of their custody, one row each.

    Each with `id`, names, `kind`, `limits` (codes; `no_information` closes the child to the guardian: Child Custody Act
    361/1983, 4 §) and `non_disclosure`.

    Where rows of one guardian differ, the one that closes the child's information to them is told.
    """
    found = uc.rows(
        "SELECT DISTINCT ON (p.sort_key, g.guardian_id) g.guardian_id AS id, p.given_name, p.family_name, g.kind,"
        " g.limits, p.non_disclosure"
        " FROM people_guardianship g JOIN people_person p ON p.id = g.guardian_id"
        f" WHERE g.child_id = %(child)s AND {_LIVE.format('g')} ORDER BY p.sort_key, g.guardian_id,"
        " 'no_information' = ANY (g.limits) DESC, cardinality(g.limits) DESC",
        {"child": child, "day": uc.today},
    )
    uc.showed("people_guardianship", found)
    uc.showed("people_person", found)
    return found


def guardian_ids(uc: UseCase, child: UUID) -> set[UUID]:
    """Return who is a guardian of a child today, by id alone: a child's own reach holds no other person's name."""
    found = uc.rows(
        f"SELECT g.guardian_id AS id FROM people_guardianship g WHERE g.child_id = %(child)s AND {_LIVE.format('g')}",
        {"child": child, "day": uc.today},
    )
    return {row["id"] for row in found}


def wards(uc: UseCase, guardian: UUID) -> list[Row]:
    """Return today's children of a guardian within the reach, one row each, the eldest first.

    Each with `id`, names, `birth_date` and `non_disclosure`.

    A child about whom the guardian gets no information, by what any provider knows, is not among them.
    """
    found = uc.rows(
        "SELECT DISTINCT ON (p.birth_date, p.sort_key, g.child_id) g.child_id AS id, p.given_name, p.family_name,"
        " p.birth_date, p.non_disclosure"
        " FROM people_guardianship g JOIN people_person p ON p.id = g.child_id"
        f" WHERE g.guardian_id = %(guardian)s AND {_LIVE.format('g')}"
        " AND NOT people_barred(g.guardian_id, g.child_id, %(day)s) ORDER BY p.birth_date, p.sort_key, g.child_id",
        {"guardian": guardian, "day": uc.today},
    )
    uc.showed("people_person", found)
    return found


def may_have_protected_wards(uc: UseCase, guardian: UUID) -> bool:
    """Say whether one of today's children of a guardian has non-disclosure. Who is out of reach counts as protected."""
    return bool(
        uc.json(
            "SELECT coalesce(bool_or(coalesce(p.non_disclosure, true)), false)"
            " FROM people_guardianship g LEFT JOIN people_person p ON p.id = g.child_id"
            f" WHERE g.guardian_id = %(guardian)s AND {_LIVE.format('g')}",
            {"guardian": guardian, "day": uc.today},
        )
    )


def assignments(uc: UseCase, person: UUID) -> list[Row]:
    """Return today's posts of a member of staff within the reach: `role`, `provider_id`, `organisation_id`, `place`."""
    return decoded(
        uc.rows(
            "SELECT a.role, a.provider_id, a.organisation_id, o.name AS place FROM people_staffassignment a"
            " JOIN organisations_organisation o ON o.id = a.organisation_id"
            f" WHERE a.person_id = %(person)s AND {_LIVE.format('a')} ORDER BY o.sort_key, a.role",
            {"person": person, "day": uc.today},
        ),
        "place",
    )


def schools_of_staff(uc: UseCase, person: UUID, role: str) -> list[Row]:
    """Return the places where `person` works in `role` today at the actor's provider."""
    return decoded(
        uc.rows(
            "SELECT o.id, o.name FROM people_staffassignment a"
            " JOIN organisations_organisation o ON o.id = a.organisation_id"
            " WHERE a.provider_id = %(provider)s AND a.person_id = %(person)s AND a.role = %(role)s"
            f" AND {_LIVE.format('a')} ORDER BY o.sort_key",
            {"provider": uc.actor.provider_id, "person": person, "role": role, "day": uc.today},
        ),
        "name",
    )


def duplicate_cases(uc: UseCase, *, at_most: int) -> list[Row]:
    """Return open duplicate cases of the actor's provider with both persons' names and birth dates, at most `at_most`.

    Whoever shows them must keep those whose persons the actor may see. `total` is how many there are in all.
    """
    found = uc.rows(
        "SELECT d.id, d.reason, d.status, p.id AS person_id, p.given_name, p.family_name, p.birth_date,"
        " o.id AS other_id, o.given_name AS other_given_name, o.family_name AS other_family_name,"
        " o.birth_date AS other_birth_date, count(*) OVER () AS total"
        " FROM people_duplicatecase d JOIN people_person p ON p.id = d.person_id"
        " JOIN people_person o ON o.id = d.other_person_id"
        " WHERE d.provider_id = %(provider)s AND d.status = 'open' ORDER BY p.sort_key, d.id LIMIT %(n)s",
        {"provider": uc.actor.provider_id, "n": at_most},
    )
    uc.showed("people_duplicatecase", found)
    return found
