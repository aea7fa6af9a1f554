"""The words of the house in English, Finnish and Swedish, each with one definition. Identifiers use the English word."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One concept by its three names."""

    en: str
    fi: str
    sv: str
    definition: str


# One line is one concept, so that the list reads and sorts as a table.
# fmt: off
_TERMS = (
    # Organisations
    Term("organisation", "organisaatio", "organisation", "A body of the national organisation register, or a provider's own that the register does not know."),
    Term("education provider", "koulutuksen järjestäjä", "utbildningsanordnare", "A municipality, joint authority, association or company that arranges education; the controller of its data, and the tenant of the platform."),
    Term("school", "oppilaitos", "läroanstalt", "A place of education with a school code."),
    Term("municipality", "kunta", "kommun", "A municipality, by its national code."),
    Term("school code", "oppilaitosnumero", "läroanstaltsnummer", "The five-digit number by which Statistics Finland knows a school."),
    Term("school type", "oppilaitostyyppi", "läroanstaltstyp", "What sort of school it is in the national classification."),
    Term("business id", "Y-tunnus", "FO-nummer", "The number of a body in the business information system."),
    Term("organisation OID", "organisaation OID", "organisationens OID", "The object identifier of an organisation in the national register."),
    Term("organisation type", "organisaatiotyyppi", "organisationstyp", "What an organisation is: provider, school, site and others; it may be several."),
    Term("teaching language", "opetuskieli", "undervisningsspråk", "The language in which an organisation teaches."),
    Term("succession", "organisaatiomuutos", "organisationsförändring", "One organisation's life goes on in another after a merger, a split, or a change of provider."),
    Term("decision", "päätös", "beslut", "Where a decision is found: who decided, when, and under which number."),
    Term("academic session", "lukuvuosi tai jakso", "läsår eller period", "A school year, a term, or a grading period."),
    Term("school year", "lukuvuosi", "läsår", "From 1 August to 31 July; named by the calendar year in which it ends."),
    Term("accent colour", "tunnusväri", "profilfärg", "The one colour that a provider chooses for its desks."),
    Term("demo", "esittely", "demonstration", "Invented organisations and people, never mixed with real ones."),
    # People
    Term("person", "henkilö", "person", "A human being: identity only, the same whatever school or municipality."),
    Term("first names", "etunimet", "förnamn", "All the given names, in their order."),
    Term("given name", "kutsumanimi", "tilltalsnamn", "The first name by which a person is called."),
    Term("family name", "sukunimi", "efternamn", "The family name."),
    Term("date of birth", "syntymäaika", "födelsedatum", "The day on which a person was born."),
    Term("date of death", "kuolinpäivä", "dödsdag", "The day on which a person died."),
    Term("sex", "sukupuoli", "kön", "The sex that the population register states."),
    Term("mother tongue", "äidinkieli", "modersmål", "The language that the population register states."),
    Term("nationality", "kansalaisuus", "medborgarskap", "A state of which a person is a citizen."),
    Term("home municipality", "kotikunta", "hemkommun", "The municipality where a person lives by law."),
    Term("non-disclosure", "turvakielto", "spärrmarkering", "An order for personal safety: address, municipality, school and contact details are hidden from all who do not need them in their work."),
    Term("audit alias", "lokin peitetunnus", "loggens alias", "The id by which the log knows a person; erasing the person removes the mapping."),
    Term("sort key", "lajitteluavain", "sorteringsnyckel", "A text that sorts as Finnish and Swedish registers do when compared byte by byte."),
    Term("search key", "hakuavain", "söknyckel", "A name folded to plain letters, by which it is found without accents."),
    Term("link to a provider", "kytkentä järjestäjään", "koppling till anordnaren", "Opens a person to a provider, on a basis, for a period."),
    Term("basis of a link", "kytkennän peruste", "kopplingens grund", "Why a provider knows a person: learner, guardian or staff."),
    Term("identifier", "tunniste", "identifierare", "A code that stands for a person, with its source."),
    Term("personal identity code", "henkilötunnus", "personbeteckning", "The code of the population register (hetu)."),
    Term("learner number", "oppijanumero", "studentnummer", "The number of a learner in the national register of learners."),
    Term("look-up digest", "hakutiiviste", "söksumma", "A keyed digest by which an encrypted value is found without opening it."),
    Term("encryption key", "salausavain", "krypteringsnyckel", "The key with which a marked field is encrypted; named by its number."),
    Term("contact detail", "yhteystieto", "kontaktuppgift", "An e-mail address, phone number or postal address."),
    Term("guardianship", "huoltajuus", "vårdnad", "The tie between a guardian and a child, with its limits."),
    Term("guardian", "huoltaja", "vårdnadshavare", "An adult who has custody of a child."),
    Term("limit of custody", "huoltajuuden rajaus", "begränsning av vårdnaden", "What a guardian may not do or know of a child's matters."),
    Term("learner", "oppija", "lärande", "A child in early education, a pupil or a student."),
    Term("staff assignment", "tehtävä", "uppdrag", "A member of staff works in a role at an organisation for a period."),
    Term("role", "rooli", "roll", "That in which somebody acts."),
    Term("duplicate case", "kaksoiskappaleen selvitys", "utredning av dubblett", "Two persons who may be one; a human decides."),
    Term("person succession", "henkilön seuraanto", "personföljd", "One record of a person goes on in another, once somebody has decided that both are the same person."),
    # Studies
    Term("course", "kurssi", "kurs", "A course of study that a provider or one of its schools offers."),
    Term("group", "ryhmä", "grupp", "Learners who are taught or cared for together: home group, class section, or care group."),
    Term("group session", "ryhmän jakso", "gruppens period", "A group meets during an academic session."),
    Term("school enrolment", "koulun oppilaspaikka", "elevplats i skola", "A learner is enrolled at a school, in a grade, for a period."),
    Term("enrolment", "ryhmän jäsenyys", "gruppmedlemskap", "A person belongs to a group in a role, for a period."),
    Term("grade", "vuosiluokka", "årskurs", "The year of schooling."),
    Term("subject", "oppiaine", "läroämne", "A subject that is taught."),
    Term("primary enrolment", "ensisijainen jäsenyys", "primärt medlemskap", "The one of several that counts as the main one."),
    Term("study right", "opiskeluoikeus", "studierätt", "A learner's right to study at a level, at a school, from its first day to its last."),
    Term("level of education", "koulutusmuoto", "utbildningsform", "Early childhood, pre-primary, basic, general upper secondary, vocational education and others, as the register of study rights has them."),
    Term("state of a study right", "opiskeluoikeuden tila", "studierättens status", "Whether a study right is in use, interrupted, completed or ended in another way."),
    Term("funding", "opintojen rahoitus", "finansiering av studierna", "How the studies are paid for."),
    Term("extra information", "lisätiedot", "tilläggsuppgifter", "What is decided or known about a study right for a period: support, accommodation, studies abroad and others."),
    Term("attainment", "suoritus", "prestation", "What is studied and achieved: a syllabus, a year, a subject, a course, a unit of a qualification."),
    Term("module of education", "koulutusmoduuli", "utbildningsmodul", "The thing studied, by its national code or the provider's own."),
    Term("curriculum", "opetussuunnitelman tai tutkinnon perusteet", "läroplans- eller examensgrunder", "The national core curriculum or qualification requirements that are followed."),
    Term("size", "laajuus", "omfattning", "How much an attainment counts, in its unit."),
    Term("assessment", "arviointi", "bedömning", "A mark, or another judgement of an attainment, on a day."),
    Term("study path", "opintopolku", "studieväg", "What a learner has studied so far: study rights in their order, moves between providers, what was confirmed."),
    Term("correction", "korjaus", "rättelse", "The school secretary changes a state or a mark with a reason; what it was is kept."),
    Term("mark", "arvosana", "vitsord", "The value of an assessment on its scale."),
    Term("confirmation", "vahvistus", "bekräftelse", "The school confirms that an attainment is complete, on a day."),
    Term("syllabus", "oppimäärä", "lärokurs", "How much of a subject is studied, and how it is adapted."),
    Term("carried data", "mukana kulkevat tiedot", "medföljande uppgifter", "What a source says and the data model has no field for: kept and given back as it was."),
    Term("place in order", "järjestysnumero", "ordningsnummer", "Which of several it is, counted from 0."),
    # Core
    Term("code", "koodi", "kod", "A value of a national code list, with its validity."),
    Term("code list", "koodisto", "kodsystem", "A national list of codes."),
    Term("version", "versio", "version", "The edition of a code list in which a value stands."),
    Term("import run", "tuontiajo", "importkörning", "One run of an import: what came, what it did, what it refused."),
    Term("dry run", "koeajo", "provkörning", "An import that tells what it would do, and does nothing."),
    Term("reconciliation", "täsmäytys", "avstämning", "The comparison of what a source said with what stands after the import."),
    Term("fault", "virhe", "fel", "What is wrong in an input, where, and what to do about it."),
    Term("source", "lähde", "källa", "The system from which data came."),
    Term("source key", "lähteen avain", "källans nyckel", "Which of our rows a source's own id means."),
    Term("carried row", "sellaisenaan säilytetty rivi", "rad som bevaras som den är", "What a source said and the data model has no place for yet, kept as it came."),
    Term("row hash", "rivin tiiviste", "radens kontrollsumma", "A digest of what a source last said about a row, so that an unchanged row is left alone."),
    Term("event", "tapahtuma", "händelse", "Something that happened, told in order to all who follow."),
    Term("position", "järjestysnumero", "ordningsnummer", "The place of an event in the stream."),
    Term("status", "tila", "status", "The stage at which something is."),
    # Access
    Term("account", "tunnus", "konto", "A way to sign in; rights come from a person's live rows, never from the account."),
    Term("user name", "käyttäjätunnus", "användarnamn", "The name with which one signs in."),
    Term("password", "salasana", "lösenord", "The secret with which one signs in, kept as a slow hash."),
    Term("language", "kieli", "språk", "A language of the desks."),
    Term("supplier", "toimittaja", "leverantör", "Who makes apps."),
    Term("app", "sovellus", "app", "A supplier's program that a provider may take into use."),
    Term("taking into use", "käyttöönotto", "ibruktagning", "A provider has taken an app into use, with scopes, for a period."),
    Term("scope", "käyttölaajuus", "omfattning", "A part of the data that an app may read."),
    Term("supplier's id of a person", "toimittajakohtainen tunniste", "leverantörsspecifik identifierare", "The id by which one supplier's apps know a person; no other supplier has the same."),
    Term("pairing secret", "tunnisteiden johtamisavain", "nyckel för identifierare", "The secret from which a supplier's ids of persons are derived."),
    Term("main administrator of the platform", "alustan pääkäyttäjä", "plattformens huvudadministratör", "Who keeps the platform itself; has no standing power over personal data."),
    # Words that every room uses
    Term("id", "tunniste (alustan)", "id (plattformens)", "The platform's own id of a row: a UUIDv7."),
    Term("validity", "voimassaolo", "giltighet", "The days from and to which something holds, the last one included."),
    Term("known since", "tallennusaika", "registreringstid", "The moment since which a row has stood like this; history keeps what it was before."),
    Term("name", "nimi", "namn", "What something is called, in each language that it has a name in."),
    Term("short code", "tunnus", "kortkod", "A short name that people use."),
    Term("type", "laji", "slag", "Which sort of its kind something is."),
    Term("moment", "ajankohta", "tidpunkt", "A point in time, with its zone."),
    Term("reason", "syy", "orsak", "Why something is so."),
    # Law and policy
    Term("controller", "rekisterinpitäjä", "personuppgiftsansvarig", "Who decides why and how personal data is processed: here the education provider."),
    Term("legal basis", "käsittelyperuste", "rättslig grund", "Why the law lets data be processed."),
    Term("master", "tiedon isäntä", "dataägare", "The source that has the true value of a field."),
    Term("study right", "opiskeluoikeus", "studierätt", "A learner's right to studies at a provider, as the national register records it."),
)
# fmt: on

#: Every term by its English name.
GLOSSARY: dict[str, Term] = {term.en: term for term in _TERMS}
