"""The rules: who may do what to whom, by which relation, for which purpose, how far. Read it as policy.

A rule with a relation names a view over live rows that a room lends (`relations.sql`), with the columns `actor_id`,
`provider_id`, a period, and what the actor is bound to: `person_id`, or `group_id`. A rule without a relation is
decided by the role alone. No rule, no access. What of a person a rule opens stands in the rule as well (`Detail`): the
rooms ask the decision for it, and know neither roles nor rules by name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from digione.access.permissions import Permission as P
from digione.access.roles import Role
from digione.core.texts import LocalizedText


class Purpose(StrEnum):
    """Why data is used; each use is recorded with one. Legal bases: GDPR 6(1)(c) and 6(1)(e) unless said otherwise."""

    ADMINISTRATION = "administration"
    OWN_DATA = "own_data"
    REGISTER = "register"
    SERVICE = "service"
    TEACHING = "teaching"


class Relation(StrEnum):
    """How an actor is bound to a person or a group. The value is the name of the lent view, but for the first."""

    SELF = "self"
    ADMINISTERS = "people_administers"
    BELONGS_TO = "people_belongs_to"
    GUARDIAN_OF = "people_guardian_of"
    DECIDES_DUPLICATE_OF = "people_decides_duplicate_of"
    OFFICE_OF_GROUP = "studies_office_of_group"
    OFFICE_OF_LEARNER = "studies_office_of_learner"
    TEACHES = "studies_teaches"
    TEACHES_GROUP = "studies_teaches_group"
    TEACHES_LEARNER = "studies_teaches_learner"
    WORKS_AT_SCHOOL_OF = "studies_works_at_school_of"

    @property
    def kind(self) -> str:
        """What the actor is bound to: `person` or `group`."""
        return "group" if self in (Relation.OFFICE_OF_GROUP, Relation.TEACHES_GROUP) else "person"

    @property
    def by_role(self) -> bool:
        """Whether the view tells by which of the actor's roles (`actor_role`): one acts in a single role at a time."""
        return self in (Relation.OFFICE_OF_GROUP, Relation.OFFICE_OF_LEARNER, Relation.WORKS_AT_SCHOOL_OF)


class Detail(StrEnum):
    """What of a person a rule opens beyond the name and how that person is bound to the actor."""

    #: All first names, birth date, mother tongue.
    IDENTITY = "identity"
    ADDRESS = "address"
    #: How the guardians of a learner can be reached.
    HOME = "home"
    #: Schools of the past.
    PAST = "past"
    #: What other providers know of the person, within the reach.
    EVERYWHERE = "everywhere"
    #: Where a person with non-disclosure goes to school, and by whom they are taught and seen.
    PROTECTED_PLACE = "protected_place"
    #: Address and contact details of a person with non-disclosure.
    PROTECTED_CONTACTS = "protected_contacts"
    #: The person's own page, from a page of another kind.
    PAGE = "page"
    #: Correcting what is read.
    CORRECTING = "correcting"


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of policy.

    `opens` is what of a person it shows. `everywhere`: it holds at all providers, not only at the actor's own.
    """

    code: str
    permissions: frozenset[P]
    roles: frozenset[Role]
    relation: Relation | None
    purpose: Purpose
    sentence: LocalizedText
    opens: frozenset[Detail] = frozenset()
    everywhere: bool = False


def _rule(
    code: str,
    permissions: set[P],
    roles: set[Role],
    relation: Relation | None,
    purpose: Purpose,
    *,
    opens: Iterable[Detail] = (),
    everywhere: bool = False,
    **sentence: str,
) -> Rule:
    return Rule(
        code,
        frozenset(permissions),
        frozenset(roles),
        relation,
        purpose,
        sentence,
        opens=frozenset(opens),
        everywhere=everywhere,
    )


_TEACHERS = {Role.TEACHER, Role.SPECIAL_NEEDS_TEACHER}
_OFFICE = {Role.PRINCIPAL, Role.SCHOOL_SECRETARY}

RULES: tuple[Rule, ...] = (
    _rule(
        "own-data",
        {P.PERSON_READ, P.AUDIT_READ_OWN, P.STUDY_PATH_READ, P.CERTIFICATE_READ},
        set(Role) - {Role.APP, Role.PLATFORM},
        Relation.SELF,
        Purpose.OWN_DATA,
        opens={Detail.IDENTITY, Detail.ADDRESS, Detail.PAST, Detail.EVERYWHERE, Detail.PROTECTED_PLACE},
        fi="Jokainen näkee omat tietonsa.",
        sv="Var och en ser sina egna uppgifter.",
        en="Everybody sees their own data.",
    ),
    _rule(
        "guardian",
        {P.PERSON_READ, P.AUDIT_READ_OWN, P.DESK_GUARDIAN, P.STUDY_PATH_READ, P.CERTIFICATE_READ},
        {Role.GUARDIAN},
        Relation.GUARDIAN_OF,
        Purpose.OWN_DATA,
        opens={Detail.IDENTITY, Detail.ADDRESS, Detail.PAST, Detail.EVERYWHERE},
        fi="Huoltaja näkee lapsensa tiedot niin kauan kuin huolto kestää ja siinä laajuudessa kuin tiedonsaantioikeutta on."
        " Turvakiellon alaisen lapsen koulua, kuntaa ja yhteystietoja ei näytetä.",
        sv="Vårdnadshavaren ser barnets uppgifter så länge vårdnaden varar och så långt rätten till information räcker."
        " Skola, kommun och kontaktuppgifter visas inte för ett barn med spärrmarkering.",
        en="A guardian sees the child's data for as long as custody lasts and as far as the right to information goes."
        " School, municipality and contact details of a child with non-disclosure are not shown.",
    ),
    _rule(
        "teacher-of",
        {P.PERSON_READ, P.PERSON_SEARCH, P.GROUP_READ},
        _TEACHERS,
        Relation.TEACHES,
        Purpose.TEACHING,
        opens={Detail.HOME, Detail.PROTECTED_PLACE},
        fi="Opettaja näkee omien ryhmiensä oppilaat niin kauan kuin opettaa heitä.",
        sv="Läraren ser eleverna i sina grupper så länge hen undervisar dem.",
        en="A teacher sees the learners of their groups for as long as they teach them.",
    ),
    _rule(
        "group-teacher",
        {P.GROUP_READ},
        _TEACHERS,
        Relation.TEACHES_GROUP,
        Purpose.TEACHING,
        fi="Opettaja näkee ryhmät, joissa itse toimii.",
        sv="Läraren ser de grupper som hen själv arbetar i.",
        en="A teacher sees the groups in which they work.",
    ),
    _rule(
        "teacher-of-learner",
        {P.STUDY_PATH_READ},
        _TEACHERS,
        Relation.TEACHES_LEARNER,
        Purpose.TEACHING,
        opens={Detail.PAST, Detail.PROTECTED_PLACE},
        fi="Opettaja näkee opettamiensa oppilaiden opintopolun oman organisaationsa kouluissa: koulutusasteet, vuodet ja"
        " arvosanat, mutta ei tukea.",
        sv="Läraren ser studievägen för de elever som hen undervisar, i den egna organisationens skolor: utbildningsnivåer,"
        " år och vitsord, men inte stödet.",
        en="A teacher sees the study path of the learners whom they teach, at their own organisation's schools: levels, years"
        " and marks, and nothing about support.",
    ),
    _rule(
        "school-office",
        {P.PERSON_READ, P.PERSON_SEARCH, P.GROUP_READ},
        _OFFICE,
        Relation.WORKS_AT_SCHOOL_OF,
        Purpose.ADMINISTRATION,
        opens={
            Detail.IDENTITY,
            Detail.ADDRESS,
            Detail.HOME,
            Detail.PAST,
            Detail.PROTECTED_PLACE,
            Detail.PROTECTED_CONTACTS,
        },
        fi="Rehtori ja koulusihteeri näkevät oman koulunsa oppilaat, huoltajat ja henkilöstön.",
        sv="Rektorn och skolsekreteraren ser elever, vårdnadshavare och personal i sin skola.",
        en="The principal and the school secretary see the learners, guardians and staff of their school.",
    ),
    _rule(
        "study-right-correction",
        {P.STUDY_RIGHT_INSPECT, P.STUDY_RIGHT_CORRECT},
        {Role.SCHOOL_SECRETARY},
        Relation.OFFICE_OF_LEARNER,
        Purpose.ADMINISTRATION,
        opens={Detail.IDENTITY, Detail.PAST, Detail.PROTECTED_PLACE, Detail.CORRECTING},
        fi="Koulusihteeri tarkistaa oman koulunsa oppilaan opiskeluoikeudet ja korjaa tilan tai arvosanan kertomalla syyn.",
        sv="Skolsekreteraren granskar studierätterna för en elev i sin skola och rättar en status eller ett vitsord genom att ange orsaken.",
        en="The school secretary checks the study rights of a learner of their school, and corrects a state or a mark by saying why.",
    ),
    _rule(
        "office-of-learner",
        {P.STUDY_PATH_READ, P.STUDY_RIGHT_INSPECT, P.CERTIFICATE_READ},
        _OFFICE,
        Relation.OFFICE_OF_LEARNER,
        Purpose.ADMINISTRATION,
        opens={Detail.IDENTITY, Detail.PAST, Detail.PROTECTED_PLACE},
        fi="Rehtori ja koulusihteeri näkevät oman koulunsa oppilaiden opiskeluoikeudet ja suoritukset omassa organisaatiossa,"
        " mutta eivät tukea.",
        sv="Rektorn och skolsekreteraren ser studierätterna och prestationerna för eleverna i sin skola, hos den egna"
        " organisationen, men inte stödet.",
        en="The principal and the school secretary see the study rights and attainments of the learners of their school, at"
        " their own organisation, and nothing about support.",
    ),
    _rule(
        "group-office",
        {P.GROUP_READ},
        _OFFICE,
        Relation.OFFICE_OF_GROUP,
        Purpose.ADMINISTRATION,
        fi="Rehtori ja koulusihteeri näkevät oman koulunsa ryhmät.",
        sv="Rektorn och skolsekreteraren ser grupperna i sin skola.",
        en="The principal and the school secretary see the groups of their school.",
    ),
    _rule(
        "teacher-desk",
        {P.DESK_TEACHER},
        _TEACHERS,
        None,
        Purpose.TEACHING,
        fi="Opettaja näkee työpöydällään omat ryhmänsä.",
        sv="Läraren ser sina grupper på sitt skrivbord.",
        en="A teacher sees their own groups on their desk.",
    ),
    _rule(
        "principal-desk",
        {P.DESK_PRINCIPAL},
        {Role.PRINCIPAL},
        None,
        Purpose.ADMINISTRATION,
        fi="Rehtori näkee työpöydällään koulunsa ryhmät ja luvut.",
        sv="Rektorn ser sin skolas grupper och siffror på sitt skrivbord.",
        en="The principal sees the groups and figures of the school on their desk.",
    ),
    _rule(
        "secretary-desk",
        {P.DESK_SCHOOL_SECRETARY},
        {Role.SCHOOL_SECRETARY},
        None,
        Purpose.ADMINISTRATION,
        fi="Koulusihteeri näkee työpöydällään, mikä koulun rekisterissä odottaa.",
        sv="Skolsekreteraren ser på sitt skrivbord vad som väntar i skolans register.",
        en="The school secretary sees on their desk what waits in the school's register.",
    ),
    _rule(
        "administrator-desk",
        {P.DESK_ADMINISTRATOR},
        {Role.ADMINISTRATOR},
        None,
        Purpose.ADMINISTRATION,
        fi="Pääkäyttäjä näkee työpöydällään oman organisaationsa rakenteen, luvut ja sovellukset, ei ihmisiä.",
        sv="Huvudanvändaren ser organisationens struktur, siffror och appar på sitt skrivbord, inga personer.",
        en="The main administrator sees structure, figures and apps of the organisation on their desk, and no people.",
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
        opens={Detail.IDENTITY, Detail.PAST},
        fi="Pääkäyttäjä ratkaisee, onko kahdessa oman organisaationsa tietueessa sama ihminen, ja näkee nämä kaksi.",
        sv="Huvudanvändaren avgör om två poster i den egna organisationen gäller samma person, och ser dessa två.",
        en="The main administrator decides whether two records of the organisation are one person, and sees these two.",
    ),
    _rule(
        "duplicate-office",
        {P.DUPLICATE_READ, P.DUPLICATE_DECIDE, P.DESK_SCHOOL_SECRETARY},
        {Role.SCHOOL_SECRETARY},
        Relation.WORKS_AT_SCHOOL_OF,
        Purpose.ADMINISTRATION,
        opens=set(Detail) - {Detail.EVERYWHERE, Detail.CORRECTING},
        fi="Koulusihteeri ratkaisee, onko kahdessa oman koulunsa tietueessa sama ihminen.",
        sv="Skolsekreteraren avgör om två poster i den egna skolan gäller samma person.",
        en="The school secretary decides whether two records of the school are one person.",
    ),
    _rule(
        "origin-office",
        {P.ORIGIN_READ},
        _OFFICE,
        Relation.OFFICE_OF_LEARNER,
        Purpose.ADMINISTRATION,
        opens={Detail.IDENTITY, Detail.PAST, Detail.PROTECTED_PLACE, Detail.PAGE},
        fi="Rehtori ja koulusihteeri näkevät, mistä oman koulunsa oppilaan tiedot tulevat ja kuka ne on viimeksi muuttanut.",
        sv="Rektorn och skolsekreteraren ser varifrån uppgifterna om en elev i sin skola kommer och vem som senast ändrat dem.",
        en="The principal and the school secretary see where the data of a learner of their school comes from, and who last"
        " changed it.",
    ),
    _rule(
        "origin-data-manager",
        {P.ORIGIN_READ},
        {Role.ADMINISTRATOR},
        Relation.ADMINISTERS,
        Purpose.ADMINISTRATION,
        fi="Pääkäyttäjä näkee oman organisaationsa rivistä, mistä lähteestä kukin tieto tulee ja milloin se on muuttunut, ei"
        " tietoa itseään eikä nimiä.",
        sv="Huvudanvändaren ser för en rad i den egna organisationen från vilken källa varje uppgift kommer och när den har"
        " ändrats, inte själva uppgiften och inga namn.",
        en="The main administrator sees for a row of the organisation from which source each field comes and when it changed,"
        " neither the value itself nor any name.",
    ),
    _rule(
        "public-codes",
        {P.CODE_READ},
        set(Role) - {Role.APP, Role.PLATFORM},
        None,
        Purpose.REGISTER,
        fi="Jokainen näkee kansallisten koodistojen arvot: ne ovat julkisia.",
        sv="Var och en ser värdena i de nationella kodsystemen: de är offentliga.",
        en="Everybody sees the values of the national code lists: they are public.",
    ),
    _rule(
        "placement-of-learner",
        {P.PLACEMENT_MAKE},
        _OFFICE,
        Relation.WORKS_AT_SCHOOL_OF,
        Purpose.ADMINISTRATION,
        fi="Rehtori ja koulusihteeri sijoittavat oman koulunsa oppilaan kotiryhmään.",
        sv="Rektorn och skolsekreteraren placerar en elev i den egna skolan i en hemgrupp.",
        en="The principal and the school secretary place a learner of their school in a home group.",
    ),
    _rule(
        "placement-in-group",
        {P.PLACEMENT_MAKE},
        _OFFICE,
        Relation.OFFICE_OF_GROUP,
        Purpose.ADMINISTRATION,
        fi="Rehtori ja koulusihteeri sijoittavat oppilaita oman koulunsa ryhmiin.",
        sv="Rektorn och skolsekreteraren placerar elever i den egna skolans grupper.",
        en="The principal and the school secretary place learners in the groups of their school.",
    ),
    _rule(
        "own-desk",
        {P.DESK_LEARNER},
        {Role.LEARNER},
        None,
        Purpose.OWN_DATA,
        fi="Oppija näkee oman työpöytänsä.",
        sv="Eleven ser sitt eget skrivbord.",
        en="A learner sees their own desk.",
    ),
    _rule(
        "guardian-desk",
        {P.DESK_GUARDIAN},
        {Role.GUARDIAN},
        None,
        Purpose.OWN_DATA,
        fi="Huoltaja näkee oman työpöytänsä.",
        sv="Vårdnadshavaren ser sitt eget skrivbord.",
        en="A guardian sees their own desk.",
    ),
    _rule(
        "provider-import",
        {P.ROSTER_IMPORT, P.STUDY_RIGHT_IMPORT, P.APP_MANAGE, P.IMPORT_READ},
        {Role.ADMINISTRATOR},
        None,
        Purpose.ADMINISTRATION,
        fi="Pääkäyttäjä tuo oman organisaationsa tiedot ja ottaa sovelluksia käyttöön.",
        sv="Huvudanvändaren importerar den egna organisationens uppgifter och tar appar i bruk.",
        en="The main administrator imports the organisation's data and takes apps into use.",
    ),
    _rule(
        "registers-in-use",
        {P.REGISTER_READ},
        {Role.ADMINISTRATOR, Role.PLATFORM},
        None,
        Purpose.REGISTER,
        fi="Pääkäyttäjä ja alusta näkevät, mitä julkisten rekisterien (organisaatiot, koodistot) tuonnit ovat tehneet.",
        sv="Huvudanvändaren och plattformen ser vad importerna av offentliga register (organisationer, koder) har gjort.",
        en="The main administrator and the platform see what the imports of public registers (organisations, codes) did.",
    ),
    _rule(
        "provider-export",
        {P.ROSTER_EXPORT, P.STUDY_RIGHT_EXPORT},
        {Role.ADMINISTRATOR},
        None,
        Purpose.ADMINISTRATION,
        fi="Pääkäyttäjä vie oman organisaationsa aineiston toista järjestelmää varten.",
        sv="Huvudanvändaren exporterar den egna organisationens material till ett annat system.",
        en="The main administrator exports the organisation's data for another system.",
    ),
    _rule(
        "platform-for-provider",
        {
            P.ROSTER_IMPORT,
            P.ROSTER_EXPORT,
            P.STUDY_RIGHT_IMPORT,
            P.STUDY_RIGHT_EXPORT,
            P.APP_MANAGE,
            P.IMPORT_READ,
        },
        {Role.PLATFORM},
        None,
        Purpose.ADMINISTRATION,
        everywhere=True,
        fi="Alusta tuo ja vie tietoja ja ottaa sovelluksia käyttöön järjestäjän puolesta.",
        sv="Plattformen importerar och exporterar uppgifter och tar appar i bruk på anordnarens vägnar.",
        en="The platform imports and exports data and takes apps into use on a provider's behalf.",
    ),
    _rule(
        "national-register",
        {P.REGISTER_IMPORT, P.APP_CREATE, P.APP_ROTATE},
        {Role.PLATFORM},
        None,
        Purpose.REGISTER,
        everywhere=True,
        fi="Alusta pitää kansallisten rekisterien kopiot ajan tasalla, ottaa vastaan uudet sovellukset ja antaa niille salaisuudet.",
        sv="Plattformen håller kopiorna av de nationella registren aktuella, tar emot nya appar och ger dem hemligheter.",
        en="The platform keeps its copies of the national registers up to date, takes in new apps and gives them secrets.",
    ),
    _rule(
        "platform-upkeep",
        {P.ACCOUNT_MANAGE, P.KEY_ROTATE, P.PROVIDER_MANAGE},
        {Role.PLATFORM},
        None,
        Purpose.ADMINISTRATION,
        everywhere=True,
        fi="Alusta ottaa järjestäjiä mukaan, kirjaa niiden muutokset, antaa tunnuksia ja vaihtaa salausavaimia.",
        sv="Plattformen tar in anordnare, antecknar deras förändringar, ger konton och byter krypteringsnycklar.",
        en="The platform takes providers in, records their successions, gives accounts, and rotates the keys of encrypted fields.",
    ),
    _rule(
        "platform-identifier-cases",
        {P.IDENTIFIER_CASE_READ},
        {Role.PLATFORM},
        None,
        Purpose.ADMINISTRATION,
        fi="Alusta näkee pelkkinä tunnisteina, missä kahden järjestäjän tiedot samasta henkilötunnuksesta ovat ristiriidassa.",
        sv="Plattformen ser, enbart som id, var två anordnares uppgifter om samma personbeteckning motsäger varandra.",
        en="The platform sees, as ids alone, where two providers' data about the same identity code contradict each other.",
    ),
    _rule(
        "app-taken",
        {
            P.ROSTER_READ,
            P.ROSTER_DEMOGRAPHICS_READ,
            P.STUDY_RIGHT_READ,
            P.STUDY_RIGHT_READ_SECRETS,
            P.STUDY_RIGHT_RECORD,
        },
        {Role.APP},
        Relation.BELONGS_TO,
        Purpose.SERVICE,
        fi="Sovellus näkee sen ottaneen organisaation tiedot sopimuksen laajuudessa.",
        sv="Appen ser uppgifterna hos den organisation som tagit den i bruk, i avtalets omfattning.",
        en="An app sees the data of the provider that has taken it, as far as the agreement goes.",
    ),
)

BY_CODE: dict[str, Rule] = {rule.code: rule for rule in RULES}


def rules_for(permission: str, role: str) -> list[Rule]:
    """Return the rules that may allow `permission` to `role`, in the order of the list; the first that holds decides."""
    return [rule for rule in RULES if permission in rule.permissions and role in rule.roles]
