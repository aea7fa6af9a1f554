"""The rules: who may do what to whom, by which relation, for which purpose. Read it as policy.

A person-bound rule names a relation, a view over live rows that a room lends (`relations.sql`), with the columns
`actor_id, person_id, provider_id`. A rule without a relation is decided by the role alone. No rule, no access.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from digione.access.permissions import Permission as P
from digione.access.roles import Role
from digione.core.errors import DeniedError
from digione.core.texts import LocalizedText
from digione.core.use_case import Decision, UseCase


class Purpose(StrEnum):
    """Why data is used; each use is recorded with one. Legal bases: GDPR 6(1)(c) and 6(1)(e) unless said otherwise."""

    ADMINISTRATION = "administration"
    OWN_DATA = "own_data"
    REGISTER = "register"
    SERVICE = "service"
    TEACHING = "teaching"


class Relation(StrEnum):
    """How an actor is bound to a person. The value is the name of the lent view, but for the first two."""

    SELF = "self"
    PROVIDER = "provider"
    GUARDIAN_OF = "people_guardian_of"
    DECIDES_DUPLICATE_OF = "people_decides_duplicate_of"
    TEACHES = "studies_teaches"
    WORKS_AT_SCHOOL_OF = "studies_works_at_school_of"


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of policy."""

    code: str
    permissions: frozenset[P]
    roles: frozenset[Role]
    relation: Relation | None
    purpose: Purpose
    sentence: LocalizedText


def _rule(
    code: str, permissions: set[P], roles: set[Role], relation: Relation | None, purpose: Purpose, **sentence: str
) -> Rule:
    return Rule(code, frozenset(permissions), frozenset(roles), relation, purpose, sentence)


_TEACHERS = {Role.TEACHER, Role.SPECIAL_NEEDS_TEACHER}
_OFFICE = {Role.PRINCIPAL, Role.SCHOOL_SECRETARY}
_STAFF = _TEACHERS | _OFFICE | {Role.ADMINISTRATOR}

RULES: tuple[Rule, ...] = (
    _rule(
        "own-data",
        {P.PERSON_READ, P.AUDIT_READ_OWN, P.DESK_READ},
        set(Role) - {Role.APP, Role.PLATFORM},
        Relation.SELF,
        Purpose.OWN_DATA,
        fi="Jokainen näkee omat tietonsa.",
        sv="Var och en ser sina egna uppgifter.",
        en="Everybody sees their own data.",
    ),
    _rule(
        "guardian",
        {P.PERSON_READ, P.AUDIT_READ_OWN, P.DESK_READ},
        {Role.GUARDIAN},
        Relation.GUARDIAN_OF,
        Purpose.OWN_DATA,
        fi="Huoltaja näkee lapsensa tiedot niin kauan kuin huolto kestää ja siinä laajuudessa kuin tiedonsaantioikeutta on."
        " Turvakiellon alaisen lapsen koulua, kuntaa ja yhteystietoja ei näytetä.",
        sv="Vårdnadshavaren ser barnets uppgifter så länge vårdnaden varar och så långt rätten till information räcker."
        " Skola, kommun och kontaktuppgifter visas inte för ett barn med spärrmarkering.",
        en="A guardian sees the child's data for as long as custody lasts and as far as the right to information goes."
        " School, municipality and contact details of a child with non-disclosure are not shown.",
    ),
    _rule(
        "teacher-of",
        {P.PERSON_READ, P.PERSON_SEARCH, P.DESK_READ, P.GROUP_READ},
        _TEACHERS,
        Relation.TEACHES,
        Purpose.TEACHING,
        fi="Opettaja näkee omien ryhmiensä oppilaat niin kauan kuin opettaa heitä.",
        sv="Läraren ser eleverna i sina grupper så länge hen undervisar dem.",
        en="A teacher sees the learners of their groups for as long as they teach them.",
    ),
    _rule(
        "school-office",
        {P.PERSON_READ, P.PERSON_SEARCH, P.DESK_READ, P.GROUP_READ},
        _OFFICE,
        Relation.WORKS_AT_SCHOOL_OF,
        Purpose.ADMINISTRATION,
        fi="Rehtori ja koulusihteeri näkevät oman koulunsa oppilaat, huoltajat ja henkilöstön.",
        sv="Rektorn och skolsekreteraren ser elever, vårdnadshavare och personal i sin skola.",
        en="The principal and the school secretary see the learners, guardians and staff of their school.",
    ),
    _rule(
        "provider-desk",
        {P.DESK_READ, P.ORGANISATION_READ},
        _STAFF,
        None,
        Purpose.ADMINISTRATION,
        fi="Henkilöstö näkee oman organisaationsa rakenteen ja luvut.",
        sv="Personalen ser den egna organisationens struktur och siffror.",
        en="Staff see the structure and figures of their own organisation.",
    ),
    _rule(
        "imports-of-provider",
        {P.IMPORT_READ},
        _OFFICE,
        None,
        Purpose.ADMINISTRATION,
        fi="Rehtori ja koulusihteeri näkevät, mitä organisaationsa tuonnit ovat tehneet.",
        sv="Rektorn och skolsekreteraren ser vad den egna organisationens importer har gjort.",
        en="The principal and the school secretary see what their organisation's imports have done.",
    ),
    _rule(
        "duplicate-cases",
        {P.DUPLICATE_READ, P.DUPLICATE_DECIDE},
        {Role.ADMINISTRATOR},
        Relation.DECIDES_DUPLICATE_OF,
        Purpose.ADMINISTRATION,
        fi="Pääkäyttäjä ratkaisee, onko kahdessa oman organisaationsa tietueessa sama ihminen, ja näkee nämä kaksi.",
        sv="Huvudanvändaren avgör om två poster i den egna organisationen gäller samma person, och ser dessa två.",
        en="The main administrator decides whether two records of the organisation are one person, and sees these two.",
    ),
    _rule(
        "duplicate-office",
        {P.DUPLICATE_READ, P.DUPLICATE_DECIDE},
        {Role.SCHOOL_SECRETARY},
        Relation.WORKS_AT_SCHOOL_OF,
        Purpose.ADMINISTRATION,
        fi="Koulusihteeri ratkaisee, onko kahdessa oman koulunsa tietueessa sama ihminen.",
        sv="Skolsekreteraren avgör om två poster i den egna skolan gäller samma person.",
        en="The school secretary decides whether two records of the school are one person.",
    ),
    _rule(
        "own-desk",
        {P.DESK_READ, P.ORGANISATION_READ},
        {Role.LEARNER, Role.GUARDIAN},
        None,
        Purpose.OWN_DATA,
        fi="Oppija ja huoltaja näkevät oman työpöytänsä.",
        sv="Eleven och vårdnadshavaren ser sitt eget skrivbord.",
        en="A learner and a guardian see their own desk.",
    ),
    _rule(
        "provider-import",
        {P.ROSTER_IMPORT, P.APP_MANAGE, P.IMPORT_READ},
        {Role.ADMINISTRATOR, Role.PLATFORM},
        None,
        Purpose.ADMINISTRATION,
        fi="Pääkäyttäjä tuo oman organisaationsa tiedot ja ottaa sovelluksia käyttöön.",
        sv="Huvudanvändaren importerar den egna organisationens uppgifter och tar appar i bruk.",
        en="The main administrator imports the organisation's data and takes apps into use.",
    ),
    _rule(
        "national-register",
        {P.REGISTER_IMPORT, P.IMPORT_READ, P.ORGANISATION_READ, P.ACCOUNT_READ, P.APP_CREATE},
        {Role.PLATFORM},
        None,
        Purpose.REGISTER,
        fi="Alusta pitää kansallisten rekisterien kopiot ajan tasalla ja ottaa vastaan uudet sovellukset.",
        sv="Plattformen håller kopiorna av de nationella registren aktuella och tar emot nya appar.",
        en="The platform keeps its copies of the national registers up to date and takes in new apps.",
    ),
    _rule(
        "provider-export",
        {P.ROSTER_EXPORT},
        {Role.ADMINISTRATOR, Role.PLATFORM},
        None,
        Purpose.ADMINISTRATION,
        fi="Pääkäyttäjä vie oman organisaationsa aineiston toista järjestelmää varten.",
        sv="Huvudanvändaren exporterar den egna organisationens material till ett annat system.",
        en="The main administrator exports the organisation's roster for another system.",
    ),
    _rule(
        "platform-upkeep",
        {P.ACCOUNT_MANAGE, P.KEY_ROTATE, P.PROVIDER_MANAGE},
        {Role.PLATFORM},
        None,
        Purpose.ADMINISTRATION,
        fi="Alusta ottaa järjestäjiä mukaan, antaa tunnuksia ja vaihtaa salausavaimia.",
        sv="Plattformen tar in anordnare, ger konton och byter krypteringsnycklar.",
        en="The platform takes providers in, gives accounts, and rotates the keys of encrypted fields.",
    ),
    _rule(
        "app-taken",
        {P.ROSTER_READ, P.ROSTER_DEMOGRAPHICS_READ},
        {Role.APP},
        Relation.PROVIDER,
        Purpose.SERVICE,
        fi="Sovellus näkee sen ottaneen organisaation tiedot sopimuksen laajuudessa.",
        sv="Appen ser uppgifterna hos den organisation som tagit den i bruk, i avtalets omfattning.",
        en="An app sees the data of the provider that has taken it, as far as the agreement goes.",
    ),
)

BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}


def rules_for(permission: str, role: str) -> list[Rule]:
    """Return the rules that may allow `permission` to `role`, in the order of the list."""
    return [rule for rule in RULES if permission in rule.permissions and role in rule.roles]


def _decision(rule: Rule) -> Decision:
    return Decision(rule.code, str(rule.purpose))


def _predicate(rule: Rule, uc: UseCase, column: str) -> tuple[str, list[Any]]:
    actor = uc.actor
    if rule.relation is Relation.SELF:
        return f"{column} = %s", [actor.person_id]
    if rule.relation is Relation.PROVIDER:
        return (
            f"EXISTS (SELECT 1 FROM people_providerperson pp WHERE pp.provider_id = %s AND pp.person_id = {column})",
            [actor.provider_id],
        )
    narrowed: Any
    if rule.relation is Relation.GUARDIAN_OF:
        # Whichever provider knows that this guardian gets no information, the child is closed to them everywhere.
        scope, narrowed = " AND NOT people_barred(r.actor_id, r.person_id, %s)", uc.today
    else:
        scope, narrowed = " AND r.provider_id = %s", actor.provider_id
    parameters: list[Any] = [actor.person_id, narrowed, uc.today, uc.today]
    return (
        f"{column} IN (SELECT r.person_id FROM {rule.relation} r WHERE r.actor_id = %s{scope}"
        " AND r.valid_from <= %s AND (r.valid_to IS NULL OR r.valid_to >= %s))",
        parameters,
    )


class RuleDecider:
    """Answers the core's questions from `RULES`."""

    def decide(self, uc: UseCase, permission: str, person: UUID | None) -> Decision | None:
        """Return the first rule that allows, or None. Without a person only rules without a relation count,
        but for an app, whose relation is to the provider itself."""
        for rule in rules_for(permission, uc.actor.role):
            if person is None:
                if rule.relation in (None, Relation.PROVIDER):
                    return _decision(rule)
                continue
            if rule.relation is None:
                continue
            sql, parameters = _predicate(rule, uc, "%s::uuid")
            # The person stands where the column would, so its parameter comes first.
            order = [*parameters, person] if rule.relation is Relation.PROVIDER else [person, *parameters]
            if uc.json(f"SELECT {sql}", order):
                return _decision(rule)
        return None

    def visible(self, uc: UseCase, permission: str, column: str) -> tuple[str, list[Any], list[Decision]]:
        """Return the predicate of every rule that may allow, joined by OR. No rule at all is a denial."""
        rules = [rule for rule in rules_for(permission, uc.actor.role) if rule.relation is not None]
        if not rules:
            raise DeniedError("Your role does not include this.", rule=permission)
        parts = [_predicate(rule, uc, column) for rule in rules]
        sql = " OR ".join(part for part, _ in parts)
        return f"({sql})", [value for _, values in parts for value in values], [_decision(rule) for rule in rules]

    def opened(self, uc: UseCase, decision: Decision) -> bool:
        """Say whether a rule by which a list was asked can have opened somebody in it: oneself, or anybody else."""
        if BY_CODE[decision.rule].relation is Relation.SELF:
            return uc.actor.person_id in uc.subjects
        return any(subject != uc.actor.person_id for subject in uc.subjects)
