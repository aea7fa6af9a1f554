"""The named people of the demonstration: who can be signed in as, and where they stand among the others."""

from dataclasses import dataclass

#: One password for everybody: it opens invented people only.
PASSWORD = "demo"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Adult:
    """A grown-up of the cast: a guardian, a member of staff, or both."""

    username: str
    given: str
    family: str
    sex: str
    language: str = "FI"
    non_disclosure: bool = False
    municipality: str = "994"


@dataclass(frozen=True, slots=True)
class Post:
    """What a member of the cast does at the first school of a place. `slot` is a home group, a subject, or a subject
    in a home group."""

    username: str
    place: str
    role: str
    slot: str = ""
    swedish: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """A learner of the cast, at the first school of a place, with guardians and the limits of each."""

    username: str
    given: str
    family: str
    sex: str
    place: str
    grade: int
    letter: str
    guardians: tuple[tuple[str, tuple[str, ...]], ...]
    non_disclosure: bool = False
    municipality: str = "994"
    #: Another place at whose first school the child was, from grade 1 to this grade.
    before: tuple[str, int] | None = None


ADULTS = (
    Adult("katri.lehtovaara", "Katri", "Lehtovaara", "2"),
    Adult("ilmari.saarnio", "Ilmari", "Saarnio", "1"),
    Adult("pirjo.vainionpaa", "Pirjo", "Vainionpää", "2"),
    Adult("anni.salokangas", "Anni", "Salokangas", "2"),
    Adult("marjukka.hietaranta", "Marjukka", "Hietaranta", "2"),
    Adult("tuula.mantykoski", "Tuula", "Mäntykoski", "2"),
    Adult("jari.puistola", "Jari", "Puistola", "1"),
    Adult("sanna.kivela", "Sanna", "Kivelä", "2"),
    Adult("mikael.rauhaniemi", "Mikael", "Rauhaniemi", "1"),
    Adult("heidi.rauhaniemi", "Heidi", "Rauhaniemi", "2"),
    Adult("outi.halmesalo", "Outi", "Halmesalo", "2", non_disclosure=True),
    Adult("sampo.ketola", "Sampo", "Ketola", "1"),
    Adult("veikko.ohravuori", "Veikko", "Ohravuori", "1"),
    Adult("annika.sjoberg", "Annika", "Sjöberg", "2", language="SV"),
    Adult("liisa.kettumaa", "Liisa", "Kettumaa", "2", municipality="995"),
    Adult("tarmo.vesiranta", "Tarmo", "Vesiranta", "1", municipality="995"),
    Adult("aila.lumikangas", "Aila", "Lumikangas", "2", municipality="995"),
    Adult("eero.hopeaoja", "Eero", "Hopeaoja", "1", municipality="996"),
    Adult("maarit.kaarnaluoto", "Maarit", "Kaarnaluoto", "2", municipality="996"),
    Adult("paavo.niittysalmi", "Paavo", "Niittysalmi", "1", municipality="996"),
    Adult("noora.tervajoki", "Noora", "Tervajoki", "2", municipality="996"),
    Adult("helena.suvilahti", "Helena", "Suvilahti", "2"),
    Adult("jorma.kalliovaara", "Jorma", "Kalliovaara", "1"),
    Adult("ulla.mustikkaniemi", "Ulla", "Mustikkaniemi", "2"),
    Adult("kaisa.saarniselka", "Kaisa", "Saarniselkä", "2"),
    Adult("olli.halmevaara", "Olli", "Halmevaara", "1"),
)

POSTS = (
    Post("ilmari.saarnio", "kuusniemi", "teacher", "MA"),
    Post("pirjo.vainionpaa", "kuusniemi", "teacher", "3 B"),
    Post("sanna.kivela", "kuusniemi", "teacher", "4 A"),
    Post("anni.salokangas", "kuusniemi", "special_needs_teacher"),
    Post("marjukka.hietaranta", "kuusniemi", "principal"),
    Post("tuula.mantykoski", "kuusniemi", "school_secretary"),
    Post("jari.puistola", "kuusniemi", "administrator"),
    Post("annika.sjoberg", "kuusniemi", "teacher", "3 A", swedish=True),
    Post("sampo.ketola", "valkamo", "teacher", "MA 8C"),
    Post("veikko.ohravuori", "saarijoki", "teacher", "4 A"),
    Post("liisa.kettumaa", "valkamo", "principal"),
    Post("tarmo.vesiranta", "valkamo", "school_secretary"),
    Post("aila.lumikangas", "valkamo", "administrator"),
    Post("eero.hopeaoja", "saarijoki", "principal"),
    Post("maarit.kaarnaluoto", "saarijoki", "school_secretary"),
    Post("paavo.niittysalmi", "saarijoki", "administrator"),
    Post("helena.suvilahti", "pohjantuuli", "teacher", "4 A"),
    Post("jorma.kalliovaara", "pohjantuuli", "principal"),
    Post("ulla.mustikkaniemi", "pohjantuuli", "school_secretary"),
    Post("kaisa.saarniselka", "pohjantuuli", "administrator"),
)

CHILDREN = (
    Child("aino.lehtovaara", "Aino", "Lehtovaara", "2", "kuusniemi", 3, "B", (("katri.lehtovaara", ()),)),
    Child(
        "otso.lehtovaara",
        "Otso",
        "Lehtovaara",
        "1",
        "valkamo",
        8,
        "C",
        (("katri.lehtovaara", ()),),
        before=("kuusniemi", 6),
    ),
    Child("eino.kivela", "Eino", "Kivelä", "1", "kuusniemi", 5, "A", (("sanna.kivela", ()),)),
    Child(
        "viljo.rauhaniemi",
        "Viljo",
        "Rauhaniemi",
        "1",
        "kuusniemi",
        5,
        "A",
        (("heidi.rauhaniemi", ()), ("mikael.rauhaniemi", ("no_information", "no_decisions"))),
    ),
    Child(
        "kerttu.halmesalo",
        "Kerttu",
        "Halmesalo",
        "2",
        "kuusniemi",
        7,
        "B",
        (("outi.halmesalo", ()),),
        non_disclosure=True,
    ),
    Child(
        "eetu.tervajoki", "Eetu", "Tervajoki", "1", "saarijoki", 4, "A", (("noora.tervajoki", ()),), municipality="996"
    ),
    Child("lumi.halmevaara", "Lumi", "Halmevaara", "2", "pohjantuuli", 4, "A", (("olli.halmevaara", ()),)),
)

#: In the order in which accounts are made, the door of the demonstration lists them. At each of its four providers there
#: is a teacher, a principal, a school secretary, a main administrator, a guardian and a learner.
SIGN_INS = (
    "katri.lehtovaara",
    "otso.lehtovaara",
    "ilmari.saarnio",
    "pirjo.vainionpaa",
    "anni.salokangas",
    "marjukka.hietaranta",
    "tuula.mantykoski",
    "jari.puistola",
    "sanna.kivela",
    "mikael.rauhaniemi",
    "kerttu.halmesalo",
    "veikko.ohravuori",
    "annika.sjoberg",
    "sampo.ketola",
    "liisa.kettumaa",
    "tarmo.vesiranta",
    "aila.lumikangas",
    "noora.tervajoki",
    "eetu.tervajoki",
    "eero.hopeaoja",
    "maarit.kaarnaluoto",
    "paavo.niittysalmi",
    "olli.halmevaara",
    "lumi.halmevaara",
    "helena.suvilahti",
    "jorma.kalliovaara",
    "ulla.mustikkaniemi",
    "kaisa.saarniselka",
    "aino.lehtovaara",
)
#: Which teacher opens the page of which learner on the first day of the demonstration, coming from their group; and which
#: secretary, after a search. So those concerned have something to read in the log.
TEACHERS_LOOKS = (
    ("pirjo.vainionpaa", "aino.lehtovaara"),
    ("sampo.ketola", "otso.lehtovaara"),
    ("ilmari.saarnio", "kerttu.halmesalo"),
    ("veikko.ohravuori", "eetu.tervajoki"),
    ("helena.suvilahti", "lumi.halmevaara"),
)
OFFICES_LOOKS = (
    ("tuula.mantykoski", "aino.lehtovaara"),
    ("tarmo.vesiranta", "otso.lehtovaara"),
    ("maarit.kaarnaluoto", "eetu.tervajoki"),
    ("ulla.mustikkaniemi", "lumi.halmevaara"),
)
#: The family in two municipalities, whom the app reads on that day.
APPS_LOOKS = "Lehtovaara"
#: What there is to see with some of them, which their role alone does not tell.
STORIES = {
    "katri.lehtovaara": "two_municipalities",
    "sanna.kivela": "two_roles",
    "mikael.rauhaniemi": "limited_custody",
    "kerttu.halmesalo": "non_disclosure",
}
