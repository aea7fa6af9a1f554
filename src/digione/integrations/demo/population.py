"""People: families with their learners and guardians, staff, and the cast. Rows go into the batch at hand."""

import unicodedata
from collections.abc import Collection
from datetime import date, timedelta
from random import Random

from digione.integrations.demo import cast, names
from digione.integrations.demo.identity import Identities
from digione.integrations.demo.places import STREETS, Place
from digione.integrations.demo.records import Account, Batch, Contact, Guardianship, Link, Person

SCHOOL_YEAR = 2026
YEAR_STARTS, YEAR_ENDS = date(2026, 8, 1), date(2027, 7, 31)
LAST_YEAR_STARTS, LAST_YEAR_ENDS = date(2025, 8, 1), date(2026, 7, 31)
#: Grades in order of age; pre-primary is 0, the years of general upper secondary education are L1 to L3.
GRADES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "L1", "L2", "L3")
_FIRST_DAY_OF_YEAR = {index: date(SCHOOL_YEAR - 6 - index, 1, 1) for index in range(len(GRADES))}
_FAMILY_SIZES = (1,) * 45 + (2,) * 40 + (3,) * 12 + (4,) * 3
_STAFF_SINCE = date(2019, 8, 1)


def mail_name(given: str, family: str) -> str:
    """Return the first part of an e-mail address: plain letters, a dot between."""
    text = unicodedata.normalize("NFD", f"{given}.{family}".lower().replace("đ", "d"))
    return "".join(
        character for character in text if character.isascii() and (character.isalnum() or character in ".-")
    )


class Cast:
    """The named people, made before anybody else, so that two places can speak of the same person."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self.persons: dict[str, Person] = {}
        self._told: set[str] = set()
        random = Random("cast")  # noqa: S311 - invented people need no strong chance.
        for adult in cast.ADULTS:
            born = date(1978 + random.randrange(12), 1, 1) + timedelta(random.randrange(365))
            self.persons[adult.username] = self._person(adult, born, adult.language, None)
        for child in cast.CHILDREN:
            born = _FIRST_DAY_OF_YEAR[child.grade] + timedelta(random.randrange(365))
            self.persons[child.username] = self._person(child, born, "FI", identities.learner_number())
        self._accounts = {
            username: Account(identities.new_id(), username, self.persons[username].id, self._language(username))
            for username in cast.SIGN_INS
        }

    def _language(self, username: str) -> str:
        return self.persons[username].mother_tongue.lower()

    def _person(self, of: cast.Adult | cast.Child, born: date, language: str, number: str | None) -> Person:
        make = self._identities
        return Person(
            make.new_id(), make.new_id(), of.given, of.given, of.family, born, of.sex, language, "246", of.municipality,
            of.non_disclosure, make.hetu(born, of.sex), number,
        )  # fmt: skip

    def tell(self, username: str, batch: Batch) -> tuple[Person, bool]:
        """Return the person, and whether this is the first batch to speak of them; then they are added to it."""
        person = self.persons[username]
        if username in self._told:
            return person, False
        self._told.add(username)
        batch.persons.append(person)
        if username in self._accounts:
            batch.accounts.append(self._accounts[username])
        return person, True


class Population:
    """Makes the people of one place."""

    def __init__(self, place: Place, identities: Identities, random: Random) -> None:
        self._place, self._make, self._random = place, identities, random
        self._domain = f"{place.key}.example"
        self._phone = 0
        self._languages = {
            False: names.language_picker(names.FINNISH_SCHOOL),
            True: names.language_picker(names.SWEDISH_SCHOOL),
        }

    def family(self, batch: Batch, seats: list[int], swedish: bool) -> list[tuple[Person, int]]:
        """Take one to four of `seats` (indexes of grades), make the family that fills them, return its learners."""
        random = self._random
        size = min(random.choice(_FAMILY_SIZES), len(seats))
        taken = [seats.pop() for _ in range(size)]
        spoken, weights = self._languages[swedish]
        language = random.choices(spoken, cum_weights=weights)[0]
        surname = names.family_name(random, language)
        hidden = random.random() < 0.004
        nationality = names.NATIONALITY.get(language, "246") if random.random() < 0.6 else "246"
        learners: list[tuple[Person, int]] = []
        called: set[str] = set()
        born_in: dict[int, date] = {}
        for grade in taken:
            # Two learners of one family in one grade are twins.
            born = born_in.setdefault(grade, _FIRST_DAY_OF_YEAR[grade] + timedelta(random.randrange(365)))
            learner = self._learner(batch, born, surname, language, nationality, hidden, grade, called)
            called.add(learner.given_name)
            learners.append((learner, grade))
        self._guardians(batch, [learner for learner, _ in learners], surname, language, nationality, hidden, called)
        return learners

    def _learner(
        self,
        batch: Batch,
        born: date,
        surname: str,
        language: str,
        nationality: str,
        hidden: bool,
        grade: int,
        called: set[str],
    ) -> Person:
        random, make = self._random, self._make
        sex = "1" if random.random() < 0.51 else "2"
        first, given = names.first_names(random, names.BOYS if sex == "1" else names.GIRLS, language, called)
        foreign = nationality != "246"
        hetu = None if random.random() < (0.12 if foreign else 0.002) else make.hetu(born, sex)
        person = Person(
            make.new_id(), make.new_id(), first, given, surname, born, sex, language, nationality, self._place.code,
            hidden, hetu, make.learner_number(),
        )  # fmt: skip
        batch.persons.append(person)
        self.link(batch, person, "learner", YEAR_STARTS)
        if grade:
            self._contact(
                batch, person, "email", f"{mail_name(given, surname)}.{self._next():x}@oppilas.{self._domain}"
            )
        return person

    def _guardians(
        self,
        batch: Batch,
        children: list[Person],
        surname: str,
        language: str,
        nationality: str,
        hidden: bool,
        called: set[str],
    ) -> None:
        random = self._random
        chance = random.random()
        # Nearly three quarters live with both guardians, a fifth has two homes, the rest have one guardian.
        homes = [self._address()] if chance < 0.72 or chance >= 0.92 else [self._address(), self._address()]
        first_sex = "2" if random.random() < 0.85 else "1"
        sexes = (
            [first_sex] if chance >= 0.92 else [first_sex, "1" if first_sex == "2" or random.random() < 0.05 else "2"]
        )
        oldest = min(child.birth_date for child in children)
        for index, sex in enumerate(sexes):
            own = surname if random.random() < 0.8 else names.family_name(random, language)
            limits: tuple[str, ...] = ()
            if index == 1 and len(homes) == 2 and random.random() < 0.06:
                limits = ("no_information",) if random.random() < 0.5 else ("no_decisions",)
            adult = self.adult(batch, sex, own, language, nationality, oldest, hidden, called)
            called.add(adult.given_name)
            self.link(batch, adult, "guardian", YEAR_STARTS)
            if not hidden:
                self._contact(batch, adult, "address", homes[min(index, len(homes) - 1)])
            self._reach(batch, adult, "koti")
            for child in children:
                self.guardianship(batch, adult, child, limits)

    def adult(
        self,
        batch: Batch,
        sex: str,
        surname: str,
        language: str,
        nationality: str,
        oldest: date,
        hidden: bool = False,
        called: Collection[str] = (),
    ) -> Person:
        """Make a grown-up, 20 to 44 years older than `oldest`, by none of the names in `called`."""
        random, make = self._random, self._make
        first, given = names.first_names(random, names.MEN if sex == "1" else names.WOMEN, language, called)
        born = oldest - timedelta(days=20 * 365 + random.randrange(24 * 365))
        hetu = None if nationality != "246" and random.random() < 0.1 else make.hetu(born, sex)
        person = Person(
            make.new_id(), make.new_id(), first, given, surname, born, sex, language, nationality, self._place.code,
            hidden, hetu, None,
        )  # fmt: skip
        batch.persons.append(person)
        return person

    def staff(self, batch: Batch, swedish: bool) -> Person:
        """Make a member of staff, linked to the provider, with an address at work."""
        random = self._random
        language = "SV" if swedish and random.random() < 0.9 else "FI"
        sex = "2" if random.random() < 0.76 else "1"
        person = self.adult(batch, sex, names.family_name(random, language), language, "246", date(2006, 1, 1))
        self.link(batch, person, "staff", _STAFF_SINCE)
        self._reach(batch, person, "tyo")
        return person

    def cast_adult(self, batch: Batch, named: Cast, username: str, basis: str) -> Person:
        """Add a named grown-up to the batch on that basis."""
        person, first = named.tell(username, batch)
        self.link(batch, person, basis, YEAR_STARTS if basis == "guardian" else _STAFF_SINCE)
        if first:
            self._reach(batch, person, "tyo" if basis == "staff" else "koti")
        return person

    def link(self, batch: Batch, person: Person, basis: str, since: date, until: date | None = None) -> None:
        """Open a person to the provider, once per basis and batch."""
        batch.links.append(Link(self._make.new_id(), person.id, basis, since, until))

    def guardianship(self, batch: Batch, adult: Person, child: Person, limits: tuple[str, ...]) -> None:
        """Make `adult` a guardian of `child` from the child's birth."""
        batch.guardianships.append(
            Guardianship(self._make.new_id(), adult.id, child.id, "custodian", limits, child.birth_date)
        )

    def _reach(self, batch: Batch, person: Person, subdomain: str) -> None:
        number = self._next()
        mail = mail_name(person.given_name, person.family_name)
        self._contact(batch, person, "email", f"{mail}.{number:x}@{subdomain}.{self._domain}")
        # No subscriber number begins with a zero, so these ring nowhere.
        self._contact(batch, person, "phone", f"+358 40 0{number:07d}")

    def _contact(self, batch: Batch, person: Person, kind: str, value: str) -> None:
        batch.contacts.append(Contact(self._make.new_id(), person.id, kind, value))

    def _address(self) -> str:
        random = self._random
        return f"{random.choice(STREETS)} {random.randrange(1, 99)}, {self._place.municipality['fi']}"

    def _next(self) -> int:
        self._phone += 1
        return self._phone
