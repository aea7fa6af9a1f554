"""What the demonstration promises of its people, counted over a generated nation of eight thousand learners.

The shares are those that the generator's own tables and comments tell; a share is held to four standard deviations of a
sample of that size, and the seed is fixed, so that the same people are counted each time.
"""

import itertools
import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from digione.access.roles import DESK_ROLES, Role
from digione.integrations.demo import cast, names
from digione.integrations.demo.generate import generate
from digione.integrations.demo.population import GRADES
from digione.integrations.demo.records import Batch, Person, SchoolEnrolment

LEARNERS = 8000
#: A fifth of the families has two homes, one in twelve a single guardian; the others one home (`Population._guardians`).
TWO_HOMES, ONE_GUARDIAN = 0.20, 0.08
#: Of the second guardians in two homes so many have a limit.
LIMITED = 0.06
#: Families under non-disclosure; learners without an identity code among foreign and among Finnish citizens.
HIDDEN, NO_CODE_FOREIGN, NO_CODE_FINNISH = 0.004, 0.12, 0.002
SWEDISH_IN_KUUSNIEMI = 0.22


@dataclass
class Nation:
    """Everybody who was generated, as the tests ask for them."""

    batches: list[Batch]
    persons: dict[str, Person] = field(default_factory=dict)
    learners: list[Person] = field(default_factory=list)
    addresses: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    guardians: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=lambda: defaultdict(dict))
    swedish_school: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        named = {row.username for batch in self.batches for row in batch.accounts}
        assert named == {*cast.SIGN_INS}
        schools = {row.id: row for batch in self.batches for row in batch.organisations}
        for batch in self.batches:
            self.persons |= {row.id: row for row in batch.persons}
            for contact in batch.contacts:
                if contact.kind == "address":
                    self.addresses[contact.person_id].add(contact.value)
            for row in batch.guardianships:
                self.guardians[row.child_id][row.guardian_id] = row.limits
            for enrolment in batch.school_enrolments:
                self.learners.append(self.persons[enrolment.person_id])
                if schools[enrolment.school_id].languages == ("sv",):
                    self.swedish_school.add(enrolment.person_id)

    @property
    def families(self) -> dict[frozenset[str], list[Person]]:
        """Learners by who their guardians are; the cast is no sample of anything."""
        invented = {(one.given, one.family) for one in (*cast.ADULTS, *cast.CHILDREN)}
        found: dict[frozenset[str], list[Person]] = defaultdict(list)
        for learner in self.learners:
            if (learner.given_name, learner.family_name) not in invented:
                found[frozenset(self.guardians[learner.id])].append(learner)
        return found

    def homes(self, guardians: frozenset[str]) -> set[str]:
        """Return the addresses of these guardians."""
        return {address for one in guardians for address in self.addresses[one]}


@pytest.fixture(scope="module")
def nation() -> Nation:
    return Nation(list(generate(LEARNERS, seed=2026)))


def about(count: int, total: int, share: float) -> bool:
    return count > 0 and abs(count - total * share) <= 4 * math.sqrt(total * share * (1 - share))


def test_children_have_two_homes_one_home_or_one_guardian_as_often_as_is_told(nation: Nation) -> None:
    told = {who: children for who, children in nation.families.items() if not children[0].non_disclosure}
    homes = Counter((len(who), len(nation.homes(who))) for who in told)
    assert set(homes) == {(1, 1), (2, 1), (2, 2)}
    assert about(homes[2, 2], len(told), TWO_HOMES)
    assert about(homes[1, 1], len(told), ONE_GUARDIAN)
    for who, children in told.items():
        if len(nation.homes(who)) == 2:
            assert all(len(nation.addresses[one]) == 1 for one in who), "each guardian lives at one of them"
            assert all({*nation.guardians[child.id]} == who for child in children)


def test_siblings_have_the_same_guardians_and_name(nation: Nation) -> None:
    families = nation.families.values()
    sizes = Counter(map(len, families))
    assert set(sizes) == {1, 2, 3, 4}
    # The last family of a neighbourhood takes the seats that are left, so a few are smaller than drawn.
    for size, share in ((1, 0.45), (2, 0.40), (3, 0.12), (4, 0.03)):
        assert abs(sizes[size] / len(families) - share) < 0.03, sizes
    for children in families:
        assert len({child.family_name for child in children}) == 1
        assert len({child.mother_tongue for child in children}) == 1
        # Those of one year are twins.
        born = defaultdict(set)
        for child in children:
            born[child.birth_date.year].add(child.birth_date)
        assert all(len(days) == 1 for days in born.values())


def test_nobody_in_a_family_has_the_name_of_another_one(nation: Nation) -> None:
    """Also guardians, and twins; the cast as well."""
    everybody: dict[frozenset[str], list[Person]] = defaultdict(list)
    for learner in nation.learners:
        everybody[frozenset(nation.guardians[learner.id])].append(learner)
    assert sum(len(children) > 1 for children in everybody.values()) > 1000
    for who, children in everybody.items():
        called = Counter(one.given_name for one in (*children, *(nation.persons[one] for one in who)))
        assert max(called.values()) == 1, called


def test_custody_is_limited_in_some_second_homes_and_nowhere_else(nation: Nation) -> None:
    found: Counter[tuple[str, ...]] = Counter()
    possible = 0
    for who, children in nation.families.items():
        apart = len(who) == 2 and len(nation.homes(who)) == 2
        possible += apart and not children[0].non_disclosure
        limits = {limit for child in children for limit in nation.guardians[child.id].values() if limit}
        assert len(limits) <= 1, "of one guardian, and the same for all children"
        assert not limits or apart or children[0].non_disclosure
        found.update(limits)
        for child in children:
            assert sum(bool(limit) for limit in nation.guardians[child.id].values()) <= 1
    assert set(found) == {("no_information",), ("no_decisions",)}
    assert about(sum(found.values()), possible, LIMITED)


def test_families_under_non_disclosure_have_no_address_and_are_as_few_as_is_told(nation: Nation) -> None:
    families = nation.families
    hidden = {who: children for who, children in families.items() if children[0].non_disclosure}
    assert about(len(hidden), len(families), HIDDEN)
    for who, children in hidden.items():
        assert all(child.non_disclosure for child in children)
        assert all(nation.persons[one].non_disclosure for one in who)
        assert nation.homes(who) == set()
    open_families = [who for who in families if who not in hidden]
    assert all(nation.homes(who) for who in open_families)
    assert not any(nation.persons[one].non_disclosure for who in open_families for one in who)


def test_some_learners_have_no_identity_code_and_every_code_is_artificial(nation: Nation) -> None:
    learners = [child for children in nation.families.values() for child in children]
    foreign = [one for one in learners if one.nationality != "246"]
    finnish = [one for one in learners if one.nationality == "246"]
    assert about(sum(one.hetu is None for one in foreign), len(foreign), NO_CODE_FOREIGN)
    assert about(sum(one.hetu is None for one in finnish), len(finnish), NO_CODE_FINNISH)
    assert all(one.learner_number for one in nation.learners), "they have a learner number all the same"
    codes = [one.hetu for one in nation.persons.values() if one.hetu]
    assert len(codes) == len(set(codes)) > LEARNERS
    assert all(re.fullmatch(r"\d{6}[-+A-FU-Y]9\d\d[0-9A-Y]", code) for code in codes)


@pytest.mark.parametrize("swedish", [False, True], ids=["Finnish schools", "Swedish schools"])
def test_mother_tongues_are_as_common_as_is_told_and_names_go_with_them(nation: Nation, swedish: bool) -> None:
    shares = names.SWEDISH_SCHOOL if swedish else names.FINNISH_SCHOOL
    families = [found for found in nation.families.values() if (found[0].id in nation.swedish_school) is swedish]
    spoken = Counter(found[0].mother_tongue for found in families)
    total = sum(shares.values())
    assert set(spoken) <= set(shares)
    for language, share in shares.items():
        expected = len(families) * share / total
        assert abs(spoken[language] - expected) <= 4 * math.sqrt(expected) + 1, language
        assert spoken[language] or expected < 5, language
    for child in (child for found in families for child in found):
        given = {*names.GIRLS[child.mother_tongue], *names.BOYS[child.mother_tongue]}
        assert {*re.split("[ -]", child.first_names)} <= {part for name in given for part in name.split("-")}
        if child.mother_tongue != "FI":
            assert child.family_name in names.FAMILIES[child.mother_tongue]
    if not swedish:
        assert all(spoken[language] for language in ("RI", "SE", "SV", "SO", "AR", "UK"))


def test_of_the_bilingual_municipality_a_share_goes_to_school_in_swedish(nation: Nation) -> None:
    learners: Counter[str] = Counter()
    swedish: Counter[str] = Counter()
    for batch in nation.batches:
        for row in batch.school_enrolments:
            learners[batch.provider.name["fi"]] += 1
            swedish[batch.provider.name["fi"]] += row.person_id in nation.swedish_school
    assert swedish["Kuusniemi"] == round(learners["Kuusniemi"] * SWEDISH_IN_KUUSNIEMI)
    assert {name for name, count in swedish.items() if count} == {"Kuusniemi"}
    assert max(learners, key=lambda name: learners[name]) == "Kuusniemi", "it is the large one"
    speakers = [nation.persons[one].mother_tongue for one in nation.swedish_school]
    assert about(speakers.count("SV"), len(speakers), 0.86)


def test_another_seed_gives_other_people_in_the_same_places(nation: Nation) -> None:
    other = Nation(list(generate(LEARNERS, seed=2027)))
    assert Nation(list(generate(LEARNERS, seed=2026))).batches == nation.batches
    mine, theirs = (
        Counter((one.given_name, one.family_name, one.birth_date) for one in found.learners)
        for found in (nation, other)
    )
    # The cast stays who it is, and a name and a day meet by chance now and then.
    assert (mine & theirs).total() < LEARNERS // 50
    assert not {*nation.persons} & {*other.persons}
    assert not {one.learner_number for one in nation.learners} & {one.learner_number for one in other.learners}
    sizes = [
        Counter(b.provider.name["fi"] for b in found.batches for _ in b.school_enrolments) for found in (nation, other)
    ]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("learners", [100, 300, 4000])
def test_every_provider_has_somebody_to_sign_in_as_in_every_role(learners: int) -> None:
    batches = list(generate(learners, seed=7))
    accounts = {row.person_id for batch in batches for row in batch.accounts}
    roles: dict[str, set[str]] = defaultdict(set)
    for batch in batches:
        mine = roles[batch.provider.name["fi"]]
        mine |= {row.basis for row in batch.links if row.person_id in accounts and row.basis != "staff"}
        mine |= {row.role for row in batch.assignments if row.person_id in accounts}
    wanted = {*map(str, DESK_ROLES)} - {str(Role.SPECIAL_NEEDS_TEACHER)}
    assert len(roles) == 4
    assert {name: wanted - found for name, found in roles.items() if wanted - found} == {}
    assert str(Role.SPECIAL_NEEDS_TEACHER) in roles["Kuusniemi"]


def test_a_teacher_leads_one_home_group_and_a_special_needs_teacher_is_of_one_school(nation: Nation) -> None:
    """As in a real school: one class teacher a home group, one school a special needs teacher, at most eight groups."""
    led: Counter[str] = Counter()
    for batch in nation.batches:
        home = {group.id: group for group in batch.groups if group.kind == "home_group"}
        leaders: Counter[str] = Counter()
        beside: dict[str, set[str]] = defaultdict(set)
        for row in batch.enrolments:
            if row.role == "teacher" and row.group_id in home:
                if row.is_primary:
                    led[row.person_id] += 1
                    leaders[row.group_id] += 1
                else:
                    beside[row.person_id].add(row.group_id)
        assert leaders == Counter(home.keys())
        posts = {row.person_id: row.organisation_id for row in batch.assignments if row.role == "special_needs_teacher"}
        assert posts.keys() == beside.keys()
        for person, groups in beside.items():
            assert {home[group].school_id for group in groups} == {posts[person]}
            assert len(groups) <= 8
        places = [row.person_id for row in batch.assignments if row.role == "special_needs_teacher"]
        assert len(places) == len(set(places))
    assert set(led.values()) == {1}


def test_learners_have_a_past_without_gaps_that_ends_where_the_present_begins(nation: Nation) -> None:
    """Each year of school from grade 1 on is told once, and the last of it ended before this school year."""
    now = {row.person_id: row for batch in nation.batches for row in batch.school_enrolments}
    past: dict[str, list[SchoolEnrolment]] = defaultdict(list)
    schools = {row.id: row.provider_id for batch in nation.batches for row in batch.organisations}
    for batch in nation.batches:
        for row in batch.earlier_schools:
            past[row.person_id].append(row)
    assert set(past) <= set(now)
    assert {row.grade for person, row in now.items() if person not in past} <= {"0", "1"}
    moved = elsewhere = 0
    for person, rows in past.items():
        rows.sort(key=lambda row: row.valid_from)
        for one, following in itertools.pairwise([*rows, now[person]]):
            assert one.valid_to is not None
            assert one.valid_to + timedelta(days=1) == following.valid_from
            assert one.valid_from < one.valid_to
            assert GRADES.index(one.grade) < GRADES.index(following.grade)
        assert GRADES.index(now[person].grade) == GRADES.index(rows[-1].grade) + 1
        # What was not the first school of somebody who is in one that begins with pre-primary.
        moved += len({row.school_id for row in rows} | {now[person].school_id}) > 1
        elsewhere += len({schools[row.school_id] for row in [*rows, now[person]]}) > 1
    assert moved > len(past) // 20
    assert elsewhere == 1, "Otso, who has moved from another municipality"


def test_last_years_home_groups_are_those_of_this_year_a_grade_lower(nation: Nation) -> None:
    kept = 0
    for batch in nation.batches:
        now = {group.id: group for group in batch.groups if group.kind == "home_group"}
        then = {group.id: group for group in batch.earlier_groups}
        mine = {
            row.person_id: now[row.group_id]
            for row in batch.enrolments
            if row.role == "student" and row.group_id in now
        }
        leads = {row.person_id: now[row.group_id] for row in batch.enrolments if row.is_primary and row.group_id in now}
        for row in batch.earlier_enrolments:
            group, was = (mine if row.role == "student" else leads)[row.person_id], then[row.group_id]
            assert GRADES.index(was.grade) == GRADES.index(group.grade) - 1
            assert (was.school_id, was.code[len(was.grade) :]) == (group.school_id, group.code[len(group.grade) :])
        kept += len(then)
    assert kept > 50


@pytest.mark.parametrize("learners", [300, 1200, 4000, 10_000])
def test_whoever_looks_on_the_first_day_teaches_the_learner_in_a_group_of_that_name(learners: int) -> None:
    batches = list(generate(learners, seed=2026))
    groups = {row.id: row.code for batch in batches for row in batch.groups}
    names = {(row.given_name, row.family_name): row.id for batch in batches for row in batch.persons}
    people = {one.username: names[one.given, one.family] for one in (*cast.ADULTS, *cast.CHILDREN)}
    children = {child.username: child for child in cast.CHILDREN}
    members: dict[str, dict[str, str]] = defaultdict(dict)
    for batch in batches:
        for row in batch.enrolments:
            members[row.group_id][row.person_id] = row.role
    for teacher, learner in cast.TEACHERS_LOOKS:
        wanted = f"{children[learner].grade}{children[learner].letter}"
        assert any(
            groups[group].endswith(wanted)
            and roles.get(people[teacher]) == "teacher"
            and roles.get(people[learner]) == "student"
            for group, roles in members.items()
        ), (teacher, learner)
