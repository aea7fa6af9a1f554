"""Writes of the room: whether two records are one person, the placement of learners, and how either is taken back."""

from dataclasses import dataclass
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core import clock
from digione.core.errors import NotFoundError
from digione.core.outbox import announce
from digione.core.use_case import Row, UseCase, use_case
from digione.people import duplicate_facts as duplicates
from digione.people import facts as people
from digione.studies import placement_facts as placing
from digione.studies.facts import MOVED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a decision. Where `reasons` (codes) stand, nothing was changed; the attempt is in the log."""

    reasons: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the decision holds."""
        return not self.reasons


@use_case(Permission.DUPLICATE_DECIDE, Event.DUPLICATE_DECIDED)
def decide_different(uc: UseCase, *, case: UUID) -> Outcome:
    """Close a duplicate case: two persons. It is not raised again. Raises `NotFoundError` as `decide_same` does."""
    found = _case(uc, case)
    if found["status"] != "open":
        return _refused(uc, "decided_already")
    _set_status(uc, case, "different")
    announce(uc, "people.duplicate_dismissed", provider_id=uc.actor.provider_id, subject=case)
    return Outcome()


@use_case(Permission.DUPLICATE_DECIDE, Event.DUPLICATE_DECIDED)
def decide_same(uc: UseCase, *, case: UUID, kept: UUID) -> Outcome:
    """Close a duplicate case: one person. Everything of the other record moves to `kept`, and its id leads there.

    Refused where the two cannot be one person, and where the record that would end is not this provider's alone.
    Raises `NotFoundError` for a case or a person that the actor may not decide about, or that is not of this case.
    """
    found = _case(uc, case)
    both = {found["person_id"], found["other_person_id"]}
    if kept not in both:
        raise NotFoundError("There is no such person in this case.")
    if found["status"] != "open":
        return _refused(uc, "decided_already")
    (ended,) = both - {kept}
    reasons = duplicates.objections(uc, kept, ended)
    if reasons:
        return _refused(uc, *reasons)
    _set_status(uc, case, "same")
    _touched_all(uc)
    duplicates.Merging(uc, kept, ended, MOVED).run(case)
    announce(uc, "people.persons_merged", provider_id=uc.actor.provider_id, subject=kept, ended=ended)
    return Outcome()


@use_case(Permission.DUPLICATE_DECIDE, Event.DUPLICATE_UNDONE)
def undo_duplicate_decision(uc: UseCase, *, case: UUID) -> Outcome:
    """Open a decided case again, and part what was merged; refused where something has come since that contradicts."""
    found = _case(uc, case)
    if found["status"] == "open":
        return _refused(uc, "open_already")
    if found["status"] == "same":
        _touched_all(uc)
        # What the two records were is read back from their history, as it was when they were merged.
        uc.reached_back([found["since"].astimezone(clock.FINLAND).date()])
        if not duplicates.unmerge(uc, case, MOVED):
            return _refused(uc, "changed_since")
        announce(
            uc,
            "people.persons_parted",
            provider_id=uc.actor.provider_id,
            subject=found["kept"],
            again=next(iter({found["person_id"], found["other_person_id"]} - {found["kept"]})),
        )
    elif any(duplicates.successor(uc, found[side]) != found[side] for side in ("person_id", "other_person_id")):
        return _refused(uc, "changed_since")
    _set_status(uc, case, "open")
    announce(uc, "people.duplicate_reopened", provider_id=uc.actor.provider_id, subject=case)
    return Outcome()


def _case(uc: UseCase, case: UUID) -> Row:
    """Return the case if the actor may decide about both its persons; of merged ones, about the one that stays."""
    found = duplicates.case(uc, case, to_decide=True)
    if found is None:
        uc.target = case
        raise NotFoundError("There is no such case here.")
    for person in [found["kept"]] if found["kept"] else [found["person_id"], found["other_person_id"]]:
        uc.check(person)
    uc.saw([found["person_id"], found["other_person_id"]])
    uc.showed("people_duplicatecase", [found])
    uc.execute("SELECT set_config('digione.reason', %s, true)", [f"duplicate case {case}"])
    return found


def _touched_all(uc: UseCase) -> None:
    """Note that whatever a record holds is moved: identity, identifiers, contacts, kin, schools and groups."""
    uc.touched("people_person", "given_name", "family_name", "birth_date", "sex", "mother_tongue", "home_municipality")
    uc.touched("people_person", "non_disclosure")
    uc.touched("people_identifier", "value_enc")
    for table in MOVED:
        uc.touched(table.table, table.column, *table.same)


def _set_status(uc: UseCase, case: UUID, status: str) -> None:
    uc.execute(
        "UPDATE people_duplicatecase SET status = %s WHERE provider_id = %s AND id = %s",
        [status, uc.actor.provider_id, case],
    )


def _refused(uc: UseCase, *reasons: str) -> Outcome:
    uc.saw_in_bulk(refused=list(reasons))
    return Outcome(reasons)


@dataclass(frozen=True, slots=True)
class Placed:
    """What came of placing a learner. `placement` is its id, None where `reasons` (codes) say why nothing was written."""

    placement: UUID | None = None
    reasons: tuple[str, ...] = ()
    #: Who waits for a home group after this learner, by name.
    following: UUID | None = None


@use_case(Permission.PLACEMENT_MAKE, Event.PLACEMENT_MADE)
def place_learner(uc: UseCase, *, learner: UUID, group: UUID) -> Placed:
    """Let a learner belong to a home group or care group of the school from today on, as long as both are there.

    Refused with reasons: `placed_already`, `kept_by_source` (an import keeps the learner's groups), `no_home_group` (a group
    of another kind, or one that does not go on today), `other_school`. Raises `NotFoundError` unless the actor works in the
    office of the school of both.
    """
    uc.check(learner)
    uc.check_object("group", group)
    places = placing.places_of_learner(uc, learner, to_change=True)
    if not places:
        raise NotFoundError("There is no such learner here.")
    uc.touched("studies_enrolment", "group_id", "role")
    chosen = placing.group_to_place(uc, group)
    objections = {
        "placed_already": places[0]["placed"] is not None,
        "kept_by_source": bool(placing.sources_of_groups(uc, [learner])),
        "no_home_group": chosen is None or chosen["kind"] not in placing.HOME_KINDS,
        "other_school": chosen is not None and chosen["school_id"] not in [place["school_id"] for place in places],
    }
    reasons = tuple(code for code, holds in objections.items() if holds)
    if reasons or chosen is None:
        uc.saw_in_bulk(refused=list(reasons))
        return Placed(reasons=reasons)
    uc.execute("SELECT set_config('digione.reason', 'placed by the office', true)")
    # Whose time at the school ends before the group does is no longer seen by its teachers.
    ends = [chosen["valid_to"], *(one["valid_to"] for one in places if one["school_id"] == chosen["school_id"])]
    until = min((day for day in ends if day is not None), default=None)
    made = placing.place(uc, learner, group, chosen["school_id"], until)
    announce(
        uc, "studies.learner_placed", provider_id=uc.actor.provider_id, subject=learner, group=group, enrolment=made
    )
    schools = [row["id"] for row in people.schools_of_staff(uc, uc.acting_person(), uc.actor.role)]
    following = placing.learners_without_home_group(uc, schools, at_most=1, after=learner)
    return Placed(placement=made, following=following[0]["id"] if following else None)


@use_case(Permission.PLACEMENT_MAKE, Event.PLACEMENT_UNDONE)
def undo_placement(uc: UseCase, *, placement: UUID) -> UUID:
    """Take a learner out of the group into which the desk placed them, and return who it is.

    What was placed today is as if it had never been, but for history and log; what was placed earlier ends with yesterday.
    Raises `NotFoundError` for what is no placement of the desk that goes on, and unless the actor works in the office of the
    learner's school.
    """
    found = placing.placement(uc, placement)
    if found is None:
        uc.target = placement
        raise NotFoundError("There is no such placement here.")
    uc.check(found["person_id"])
    # Of two who undo at once the second one waits here, and finds nothing more to undo.
    placing.places_of_learner(uc, found["person_id"], to_change=True)
    found = placing.placement(uc, placement)
    if found is None or (found["valid_to"] is not None and found["valid_to"] < uc.today):
        raise NotFoundError("There is no such placement here.")
    uc.touched("studies_enrolment", "group_id", "role")
    uc.execute("SELECT set_config('digione.reason', 'placement undone', true)")
    placing.take_out(uc, found)
    whose: UUID = found["person_id"]
    announce(
        uc, "studies.placement_undone", provider_id=uc.actor.provider_id, subject=whose, group=found["group_id"],
        enrolment=placement,
    )  # fmt: skip
    return whose
