"""Reads of the room: the landing pages of each role, a group, a person, and the search for people."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from digione.access.permissions import Event, Permission
from digione.access.rules import Detail
from digione.core.errors import Fault, InvalidInputError, NotFoundError
from digione.core.texts import search_key
from digione.core.use_case import Row, UseCase, use_case
from digione.organisations import facts as organisations
from digione.people import duplicate_facts as duplicates
from digione.people import facts as people
from digione.people.rows import decoded
from digione.studies import comparing, facts
from digione.studies import placement_facts as placing

_MOST_FOUND = 40
_MOST_LISTED = 8
#: How long a placement by the desk is shown with its undoing.
_PLACED_LATELY = timedelta(days=7)


def _schooling(uc: UseCase, person: UUID, path: list[Row]) -> list[Row]:
    """Return today's schools of a learner with the groups and teachers there, over all providers."""
    schooling = []
    for provider in dict.fromkeys(row["provider_id"] for row in path if row["now"]):
        with uc.at_provider(provider):
            groups = facts.groups_of_person(uc, provider, person, "student")
        for row in path:
            if row["now"] and row["provider_id"] == provider:
                mine = [group for group in groups if group["school_id"] == row["school_id"]]
                home = next((group for group in mine if group["kind"] in ("home_group", "care_group")), None)
                schooling.append({**row, "groups": mine, "home_group": home, "teachers": _teachers(mine)})
    return schooling


def _teachers(groups: list[Row]) -> list[Row]:
    """Return each teacher once, with the groups in which they teach, the home group's first."""
    found: dict[str, Row] = {}
    for group in groups:
        for teacher in group["teachers"]:
            entry = found.setdefault(teacher["id"], {**teacher, "groups": [], "is_home": False})
            entry["groups"].append({"code": group["code"], "title": group["title"]})
            leads = group["kind"] == "home_group" and teacher["is_primary"]
            entry["is_home"] = entry["is_home"] or leads
    return sorted(found.values(), key=lambda entry: not entry["is_home"])


@use_case(Permission.DESK_LEARNER, Event.DESK_OPENED)
def learner_landing(uc: UseCase) -> dict[str, Any]:
    """Return a learner's own desk: schools with groups and teachers today, and the path so far."""
    uc.check()
    person = uc.acting_person()
    uc.saw([person])
    path = facts.path_of(uc, person)
    return {"schooling": _schooling(uc, person, path), "path": path}


@use_case(Permission.DESK_GUARDIAN, Event.DESK_OPENED)
def guardian_landing(uc: UseCase) -> dict[str, Any]:
    """Return a guardian's desk: today's children in every municipality, with school, home group and teachers.

    A child whose information the custody does not open is not in the list; where a child with non-disclosure goes to
    school is not told.
    """
    uc.check()
    guardian = uc.acting_person()
    children = []
    for child in people.wards(uc, guardian):
        opens = uc.check(child["id"]).opens
        path = [] if child["non_disclosure"] and Detail.PROTECTED_PLACE not in opens else facts.path_of(uc, child["id"])
        children.append({**child, "schooling": _schooling(uc, child["id"], path)})
    contacts = people.contacts(uc, [guardian])
    uc.showed("people_contact", contacts)
    return {"children": children, "contacts": contacts}


@use_case(Permission.DESK_TEACHER, Event.DESK_OPENED)
def teacher_landing(uc: UseCase) -> dict[str, Any]:
    """Return a teacher's desk: own groups with numbers, no names of learners."""
    uc.check()
    person = uc.acting_person()
    groups = facts.groups_of_person(uc, uc.actor.provider_id, person, "teacher")
    uc.saw_in_bulk(groups=len(groups))
    return {"groups": groups, "places": people.assignments(uc, person)}


@use_case(Permission.DESK_PRINCIPAL, Event.DESK_OPENED)
def principal_landing(uc: UseCase) -> dict[str, Any]:
    """Return a principal's desk: the school's groups and numbers, and what looks odd."""
    uc.check()
    schools = people.schools_of_staff(uc, uc.acting_person(), uc.actor.role)
    ids = [school["id"] for school in schools]
    groups = facts.groups(uc, schools=ids)
    lost = placing.learners_without_home_group(uc, ids, at_most=_MOST_LISTED)
    uc.saw(row["id"] for row in lost)
    return {
        "schools": schools,
        "counts": facts.counts_of_schools(uc, ids),
        "groups": groups,
        "without_teacher": [group for group in groups if not group["teachers"]],
        "without_group": lost,
        "without_group_total": lost[0]["total"] if lost else 0,
    }


@use_case(Permission.DESK_SCHOOL_SECRETARY, Event.DESK_OPENED)
def secretary_landing(uc: UseCase) -> dict[str, Any]:
    """Return a school secretary's queue: the latest imports, duplicate cases, learners without a group."""
    uc.check()
    schools = people.schools_of_staff(uc, uc.acting_person(), uc.actor.role)
    ids = [school["id"] for school in schools]
    lost = placing.learners_without_home_group(uc, ids, at_most=_MOST_LISTED)
    cases = _seen_cases(uc)
    uc.saw(row["id"] for row in lost)
    return {
        "schools": schools,
        "counts": facts.counts_of_schools(uc, ids),
        "runs": organisations.import_runs(uc, at_most=3),
        "duplicates": cases,
        "duplicates_total": cases[0]["total"] if cases else 0,
        "without_group": lost,
        "without_group_total": lost[0]["total"] if lost else 0,
    }


def _seen_cases(uc: UseCase) -> list[Row]:
    """Return the duplicate cases in which the actor may see both persons."""
    cases = people.duplicate_cases(uc, at_most=_MOST_LISTED * 5)
    both = {case[key] for case in cases for key in ("person_id", "other_id")}
    if not both:
        return []
    predicate, parameters = uc.visible("p.id")
    open_to = {
        row["id"]
        for row in uc.rows(
            f"SELECT p.id FROM people_person p WHERE p.id = ANY (%s) AND {predicate}", [list(both), *parameters]
        )
    }
    mine = [case for case in cases if case["person_id"] in open_to and case["other_id"] in open_to]
    uc.saw(case[key] for case in mine for key in ("person_id", "other_id"))
    return [{**case, "total": len(mine)} for case in mine[:_MOST_LISTED]]


@use_case(Permission.PLACEMENT_MAKE, Event.PLACEMENT_READ)
def placement_queue(uc: UseCase) -> dict[str, Any]:
    """Return the learners of the actor's schools who have no home group today, and whom the desk has placed of late.

    Each learner has `source`: the import source that keeps their groups, None where the desk may place them.
    """
    office = _placement_office(uc)
    lost = placing.learners_without_home_group(uc, office["schools"], at_most=_MOST_FOUND)
    kept = placing.sources_of_groups(uc, [row["id"] for row in lost])
    uc.saw(row["id"] for row in lost)
    return {
        "waiting": [{**row, "source": kept.get(row["id"])} for row in lost],
        "total": lost[0]["total"] if lost else 0,
        "made": office["made"],
    }


@use_case(Permission.PLACEMENT_MAKE, Event.PLACEMENT_READ)
def placement_page(uc: UseCase, *, learner: UUID) -> dict[str, Any]:
    """Return a learner who waits for a home group, and the groups of the school among which to choose.

    `fitting` are those of the learner's grade, `others` the rest. `source` is who keeps the learner's groups where it is
    not the desk; `placed` is set where the learner has a home group already, and nothing is to be chosen then. `next` is
    who waits after this one. Raises `NotFoundError` unless the actor works in the office of the learner's school.
    """
    uc.check(learner)
    found = placing.places_of_learner(uc, learner)
    if not found:
        raise NotFoundError("There is no such learner here.")
    place = found[0]
    office = _placement_office(uc, learner)
    groups = [g for g in facts.groups(uc, schools=[place["school_id"]]) if g["kind"] in placing.HOME_KINDS]
    fitting = [group for group in groups if place["grade"] and place["grade"] in group["grades"]]
    following = placing.learners_without_home_group(uc, office["schools"], at_most=1, after=learner)
    return {
        **place,
        "source": placing.sources_of_groups(uc, [learner]).get(learner),
        "fitting": fitting,
        "others": [group for group in groups if group not in fitting],
        "next": next((row["id"] for row in following if row["id"] != learner), None),
        "total": following[0]["total"] if following else 0,
        "made": office["made"],
    }


def _placement_office(uc: UseCase, learner: UUID | None = None) -> dict[str, Any]:
    """Return the ids of the schools whose office the actor is, and whom the desk has placed there in the last days.

    A placement of `learner` that stands is told however old it is.
    """
    predicate, parameters = uc.visible("e.person_id")
    schools = [row["id"] for row in people.schools_of_staff(uc, uc.acting_person(), uc.actor.role)]
    made = placing.placements(uc, schools, predicate, parameters, since=uc.today - _PLACED_LATELY, learner=learner)
    uc.saw(row["person_id"] for row in made)
    return {"schools": schools, "made": made}


@use_case(Permission.DESK_ADMINISTRATOR, Event.DESK_OPENED)
def administrator_landing(uc: UseCase) -> dict[str, Any]:
    """Return the desk of a provider's administrator: schools, people in numbers, apps, imports. No names.

    `succession` tells whose life goes on in the provider, and in whom its own goes on.
    """
    uc.check()
    schools = facts.schools_of_provider(uc)
    uc.saw_in_bulk(schools=len(schools))
    return {
        "schools": schools,
        "people": facts.people_of_provider(uc),
        "apps": facts.apps_taken(uc),
        "runs": organisations.import_runs(uc, at_most=5),
        "succession": organisations.succession_of(uc, uc.actor.provider_id) if uc.actor.provider_id else {},
    }


@use_case(Permission.GROUP_READ, Event.DESK_OPENED)
def school_groups(uc: UseCase) -> dict[str, Any]:
    """Return the groups that the actor works with: own ones for a teacher, the school's for the office."""
    predicate, parameters = uc.visible("g.id", "group")
    open_to = uc.rows(
        f"SELECT g.id FROM studies_group g WHERE g.provider_id = %s AND {predicate}",
        [uc.actor.provider_id, *parameters],
    )
    groups = facts.groups(uc, ids=[row["id"] for row in open_to])
    uc.saw_in_bulk(groups=len(groups))
    return {"groups": groups}


@use_case(Permission.GROUP_READ, Event.GROUP_READ)
def group_page(uc: UseCase, *, group: UUID) -> dict[str, Any]:
    """Return a group with its teachers and those of its learners whom the actor may see.

    Raises `NotFoundError` unless the actor teaches the group or works in the office of its school.
    """
    uc.check_object("group", group)
    predicate, parameters = uc.visible("e.person_id")
    found = uc.rows(
        "SELECT g.id, g.code, g.title, g.kind, g.grades, g.subjects, g.school_id, o.name AS school_name"
        " FROM studies_group g JOIN organisations_organisation o ON o.id = g.school_id"
        " WHERE g.provider_id = %s AND g.id = %s",
        [uc.actor.provider_id, group],
    )
    if not found:
        raise NotFoundError("There is no such group here.")
    (page,) = decoded(found, "title", "school_name")
    members = uc.rows(
        f"""
        SELECT DISTINCT ON (p.sort_key, p.id, e.role) p.id, p.given_name, p.family_name, p.non_disclosure, e.role,
               e.is_primary, e.valid_from
        FROM studies_enrolment e JOIN people_person p ON p.id = e.person_id
        WHERE e.provider_id = %s AND e.group_id = %s AND e.valid_from <= %s AND (e.valid_to IS NULL OR e.valid_to >= %s)
          AND (e.role <> 'student' OR {predicate})
        ORDER BY p.sort_key, p.id, e.role
        """,
        [uc.actor.provider_id, group, uc.today, uc.today, *parameters],
    )
    learners = [row for row in members if row["role"] == "student"]
    uc.showed("people_person", members)
    uc.touched("studies_enrolment", "group_id", "role")
    uc.saw(row["id"] for row in learners)
    return {**page, "learners": learners, "staff": [row for row in members if row["role"] != "student"]}


@use_case(Permission.PERSON_READ, Event.PERSON_READ)
def person_page(uc: UseCase, *, person: UUID) -> dict[str, Any]:
    """Return what the actor may see of a person, field by field by the rule that opened the page.

    Oneself, a guardian and the school office see identity and contact details; a teacher sees names, groups and how
    to reach home, never an address. The address of a person with non-disclosure is shown to the office alone, and a
    guardian of such a child is told neither school nor municipality nor contact details, nor who teaches.
    An old id, of a record that was merged into another, leads to the one that stays.
    """
    person = duplicates.successor(uc, person)
    decision = uc.check(person)
    known = people.persons(uc, [person])
    if person not in known:
        raise NotFoundError("There is no such person here.")
    identity = known[person]
    opens, protected = decision.opens, bool(identity["non_disclosure"])
    withheld = protected and Detail.PROTECTED_PLACE not in opens
    path = [] if withheld else facts.path_of(uc, person, only_now=Detail.PAST not in opens)
    guardians = [] if withheld else people.guardians(uc, person)
    posts = [] if withheld else people.assignments(uc, person)
    if Detail.IDENTITY not in opens:
        identity = {**identity, "birth_date": None, "mother_tongue": None, "first_names": None}
    if Detail.EVERYWHERE not in opens:
        path = [row for row in path if row["provider_id"] == uc.actor.provider_id]
    of_home = [guardian["id"] for guardian in guardians] if Detail.HOME in opens else []
    details = [] if withheld else people.contacts(uc, [person, *of_home])
    shielded = Detail.PROTECTED_CONTACTS not in opens
    if Detail.ADDRESS not in opens or (protected and shielded):
        details = [row for row in details if row["kind"] != "address"]
    hidden = {guardian["id"] for guardian in guardians if guardian["non_disclosure"] and shielded}
    if Detail.HOME in opens and protected and shielded and not path:
        # No learner, so a guardian: told as little on their own page as on the child's.
        hidden.add(person)
    details = [row for row in details if row["person_id"] not in hidden]
    # Only now is known what is shown, and the person concerned is told no more than that.
    uc.showed("people_person", [identity])
    uc.showed("people_contact", details)
    if of_home:
        uc.saw(of_home)
    return {
        "person": identity,
        "rule": decision.rule,
        "withheld": withheld,
        "contacts": [row for row in details if row["person_id"] == person],
        "guardians": [
            {
                **guardian,
                "contacts": [row for row in details if row["person_id"] == guardian["id"]],
                "shielded": guardian["id"] in hidden,
            }
            for guardian in guardians
        ],
        "assignments": posts,
        "schooling": _schooling(uc, person, path),
        "path": path,
    }


@use_case(Permission.PERSON_SEARCH, Event.PERSON_SEARCHED)
def search_people(uc: UseCase, *, text: str) -> dict[str, Any]:
    """Return the people whom the actor may see and whose names begin with the words of `text`, accents aside.

    At most forty, in the order of names; `more` tells that there were others. Each with what tells people of one name
    apart, as far as the rule opens it: `bases`, a learner's `home_group`, `school_name` and `birth_date`, a guardian's
    `children` whom the actor may see too, the `posts` of staff. Who has no such child is not told to be a guardian.
    """
    predicate, parameters = uc.visible("p.id")
    words = search_key(text).split()[:5]
    if not words or len(words[0]) < 2:
        return {"text": text, "people": [], "more": False, "too_short": bool(text.strip())}
    ward, of_ward = uc.visible("g.child_id")
    opens = frozenset.intersection(*(decision.opens for decision in uc.offered))
    found = facts.people_by_name(uc, words, (predicate, parameters), (ward, of_ward), at_most=_MOST_FOUND + 1)
    shown = found[:_MOST_FOUND]
    for row in shown:
        if Detail.IDENTITY not in opens or "learner" not in row["bases"]:
            # A grown-up is told apart by what they do here, not by how old they are.
            row["birth_date"] = None
        if not row["children"]:
            # That somebody is a guardian tells that there is a child, whom the actor may not see.
            row["bases"] = [basis for basis in row["bases"] if basis != "guardian"]
    facts.note_people_by_name(uc, shown)
    return {"text": text, "people": shown, "more": len(found) > _MOST_FOUND, "too_short": False}


@use_case(Permission.DUPLICATE_READ, Event.DUPLICATE_READ)
def duplicate_list(uc: UseCase) -> dict[str, Any]:
    """Return the duplicate cases whose persons the actor may see: those that wait, and the latest that were decided."""
    one, of_one = uc.visible("d.person_id")
    other, of_other = uc.visible("d.other_person_id")
    # Of two records that were merged one has no school any more, so it is enough to see the one that stays.
    where = f"({one} AND {other}) OR (d.status = 'same' AND ({one} OR {other}))"
    found = duplicates.cases(uc, where, [*of_one, *of_other, *of_one, *of_other], at_most=_MOST_FOUND)
    uc.saw(row[key] for row in found for key in ("person_id", "other_id"))
    return {
        "open": [row for row in found if row["status"] == "open"],
        "decided": [row for row in found if row["status"] != "open"],
    }


@use_case(Permission.DUPLICATE_READ, Event.DUPLICATE_READ)
def duplicate_case(uc: UseCase, *, case: UUID) -> dict[str, Any]:
    """Return a duplicate case: both persons field by field, each value with the source that told it.

    Identity codes are never shown, only whether there is one. What non-disclosure protects, and every address, is
    compared but not shown to an administrator. Raises `NotFoundError` unless the actor may see both persons.
    """
    found = duplicates.case(uc, case)
    if found is None:
        uc.target = case
        raise NotFoundError("There is no such case here.")
    both = [found["person_id"], found["other_person_id"]]
    decisions = [uc.check(person) for person in ([found["kept"]] if found["kept"] else both)]
    opens = frozenset.intersection(*(decision.opens for decision in decisions))
    uc.saw(both)
    persons = duplicates.identities(uc, both)
    hidden = set() if Detail.ADDRESS in opens else {"address"}
    if any(person["non_disclosure"] for person in persons):
        hidden |= set() if Detail.PROTECTED_CONTACTS in opens else {"address", "email", "phone"}
        hidden |= set() if Detail.PROTECTED_PLACE in opens else {"schools", "groups"}
    told = [*duplicates.relations(uc, both), *facts.schooling_held(uc, both)] if not found["kept"] else []
    return {
        **found,
        "persons": persons,
        # The office may open a person's page; an administrator has no business there.
        "opens": Detail.PAGE in opens,
        "suggested": max(persons, key=comparing.weight)["id"],
        "fields": comparing.compared(persons, told, hidden) if not found["kept"] else [],
    }


@use_case(Permission.ACCOUNT_MANAGE, Event.ACCOUNT_READ)
def people_for_account(
    uc: UseCase, *, identifier: str | None = None, ward: str | None = None, name: str | None = None
) -> list[Row]:
    """Return the provider's people to whom an account can be given: one, or those among whom to choose.

    `identifier` is the person's (see `people.facts.known_as`), or `ward` is a child's whose guardian it is; `name` keeps
    those whose names hold all its words, accents or not. Each with `id`, `given_name`, `family_name`, `roles` (codes) and
    `schools` (names; none of people under non-disclosure). Raises `InvalidInputError` where there is nobody.
    """
    uc.check()
    found = people.known_as(uc, identifier or ward or "")
    if ward is not None:
        if not found:
            raise InvalidInputError([Fault("ward", "unknown_person", _nobody())])
        found = people.guardians_known(uc, found)
    known = people.persons(uc, found)
    wanted = set(search_key(name or "").split())
    chosen = {
        row["id"]: {**{key: row[key] for key in ("id", "given_name", "family_name")}, "roles": [], "schools": []}
        for row in sorted(known.values(), key=lambda row: (row["sort_key"], row["id"]))
        if wanted <= set(search_key(row["family_name"], f"{row['first_names']} {row['given_name']}").split())
    }
    if not chosen:
        pointer = "name" if name else "ward" if ward is not None else "person"
        raise InvalidInputError([Fault(pointer, "unknown_person", _no_guardian() if ward is not None else _nobody())])
    for row in facts.roles_at_schools(uc, list(chosen)):
        roles, schools = chosen[row["person_id"]]["roles"], chosen[row["person_id"]]["schools"]
        roles += [row["role"]] * (row["role"] not in roles)
        schools += [row["school"]] * (row["school"] is not None and row["school"] not in schools)
    uc.saw(list(known))
    return list(chosen.values())


def _nobody() -> str:
    return _(
        "The provider has nobody with this identifier today. Import the people first, or check it. A guardian without an"
        " id of their own is found by a child: --ward ID."
    )


def _no_guardian() -> str:
    return _(
        "The provider knows no such guardian of this child today. Leave --name out to see them all, or import the"
        " guardians first."
    )
