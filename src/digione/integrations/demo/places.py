"""The invented places: how learners are spread over providers, and what schools, streets and subjects are called."""

# ruff: noqa: SIM905 - long word lists read better as text than as lists of quoted words.

from dataclasses import dataclass

from digione.core.texts import LocalizedText

_LARGEST = 60_000
_MIDDLE = 25_000
_SMALL = 900
_PRIVATE = 600


@dataclass(frozen=True, slots=True)
class Place:
    """A provider to be made. `swedish` is the share of its learners in Swedish-language schools."""

    key: str
    name: LocalizedText
    municipality: LocalizedText
    code: str
    learners: int
    swedish: float
    accent: str
    genitive: str = ""
    private: bool = False
    #: What its vocational institute is called, if it has one.
    institute: LocalizedText | None = None


def _text(fi: str, sv: str, en: str | None = None) -> LocalizedText:
    return {"fi": fi, "sv": sv, "en": en or fi}


_OVERFLOW = (
    "Hopeasaari Rautalahti Tervasalo Lumivaara Haukikoski Suvisalmi Kallioranta Poutajärvi Harmaluoto Kurjenpesä "
    "Vaskivuori Jäkäläkangas Ruskomaa Hallavesi Tuulijärvi Pihkaniemi Kalajoutsi Sammalsuo Hirvenhaka Otavasaari"
).split()
_ACCENTS = ("#1b5c6e", "#6b3fa0", "#2f6b3a", "#8a4b12", "#7a2e4d")


def places(learners: int) -> list[Place]:
    """Spread `learners` over the providers, so that the counts add up to it exactly.

    A large bilingual municipality, a middle one, a small one of 900 learners and a private provider; beyond what such
    places can hold, further municipalities join, so that a million learners look like a nation, not like one town.
    The small one keeps its 900 as long as the others together have as many, and has half of all below that. From 2,500
    on it is smaller than the large one, from 3,800 on than the middle one too.
    """
    small = min(_SMALL, learners // 2)
    private = min(_PRIVATE, learners * 6 // 100)
    rest = learners - small - private
    middle = min(_MIDDLE, rest * 34 // 100)
    large = min(_LARGEST, rest - middle)
    overflow = rest - middle - large
    found = [
        Place(
            "kuusniemi",
            _text("Kuusniemi", "Granudd"),
            _text("Kuusniemi", "Granudd"),
            "994",
            large,
            0.22,
            _ACCENTS[0],
            institute={"fi": "Kuusniemen ammattiopisto", "en": "Kuusniemi Vocational College"},
        ),
        Place(
            "valkamo",
            _text("Valkamo", "Valkamo"),
            _text("Valkamo", "Valkamo"),
            "995",
            middle,
            0.0,
            _ACCENTS[1],
            "Valkamon",
        ),
        Place(
            "saarijoki",
            _text("Saarijoki", "Holmå"),
            _text("Saarijoki", "Holmå"),
            "996",
            small,
            0.0,
            _ACCENTS[2],
            "Saarijoen",
        ),
        Place(
            "pohjantuuli",
            _text("Pohjantuulen koulusäätiö", "Nordanvindens skolstiftelse", "Pohjantuuli School Foundation"),
            _text("Kuusniemi", "Granudd"),
            "994",
            private,
            0.0,
            _ACCENTS[3],
            private=True,
        ),
    ]
    number = 0
    while overflow > 0:
        take = min(_LARGEST, overflow)
        overflow -= take
        title = _OVERFLOW[number % len(_OVERFLOW)] + (
            "" if number < len(_OVERFLOW) else f" {number // len(_OVERFLOW) + 1}"
        )
        name = _text(title, title)
        found.append(Place(f"overflow-{number}", name, name, "997", take, 0.05, _ACCENTS[number % 5]))
        number += 1
    return found


_AREA_STARTS = (
    "Ranta Kuusi Koivu Haapa Lehto Kallio Niitty Saarni Tammi Vaahtera Pihlaja Kataja Mänty Lampi Purola Harju Suvi "
    "Kevät Hiiden Metsä Pelto Mylly Kanervan Vuoren Sirkan Päivä Tuulen Aallon Karhun Ketun"
).split()
#: The second half of a Finnish neighbourhood's name, and its genitive: schools are called after it.
_AREA_ENDS = (
    ("puisto", "puiston"), ("mäki", "mäen"), ("notko", "notkon"), ("lahti", "lahden"), ("rinne", "rinteen"),
    ("kangas", "kankaan"), ("laakso", "laakson"), ("haka", "haan"), ("piha", "pihan"), ("portti", "portin"),
    ("salo", "salon"), ("aho", "ahon"), ("töyräs", "töyrään"), ("kumpu", "kummun"),
)  # fmt: skip
_SWEDISH_STARTS = (
    "Strand Gran Björk Asp Lund Berg Ängs Ask Ek Lönn Rönn Tall Sjö Bäck Ås Sommar Vår Skogs Åker Kvarn Ljung Sol Vind "
    "Våg Björn Räv Älv Holm Sten Fågel"
).split()
_SWEDISH_ENDS = (
    ("park", "parkens"), ("backa", "backa"), ("äng", "ängens"), ("vik", "vikens"), ("brink", "brinkens"),
    ("mo", "mo"), ("dal", "dalens"), ("hage", "hagens"), ("gård", "gårdens"), ("port", "portens"), ("näs", "näs"),
    ("torp", "torps"), ("sand", "sandens"), ("kulla", "kulla"),
)  # fmt: skip
_STREETS = (
    "Kuusitie Rantatie Myllykuja Koulukatu Satamakatu Niittypolku Harjutie Koivukuja Pihlajatie Lampitie Kirkkotie "
    "Peltotie Kalliokatu Sammalpolku Tervakuja Ratakatu"
).split()
STREETS = tuple(_STREETS)


def area(index: int, swedish: bool) -> tuple[str, str]:
    """Return name and genitive of the neighbourhood of that number; they do not repeat within a place."""
    starts, ends = (_SWEDISH_STARTS, _SWEDISH_ENDS) if swedish else (_AREA_STARTS, _AREA_ENDS)
    # Neighbouring numbers differ in both halves, so that a small town does not have fourteen kinds of "Ranta".
    nominative, genitive = ends[(index + index // len(starts)) % len(ends)]
    number = index // (len(starts) * len(ends))
    start = starts[index % len(starts)] + (f" {number + 1} " if number else "")
    return start + nominative, start + genitive


def school_name(place: Place, index: int, kind: str, swedish: bool) -> LocalizedText:
    """Return the name of a school; a proper name is not translated, only the kind of school is, into English."""
    nominative, genitive = area(index, swedish)
    if kind == "upper":
        if index == 0 and place.genitive:
            nominative, genitive = place.municipality["sv" if swedish else "fi"], place.genitive
        name = f"{nominative} gymnasium" if swedish else f"{genitive} lukio"
        return {"sv" if swedish else "fi": name, "en": f"{nominative} General Upper Secondary School"}
    english = {"comprehensive": "Comprehensive School", "primary": "Primary School", "secondary": "Secondary School"}
    if swedish:
        name = f"{genitive} {'högstadieskola' if kind == 'secondary' else 'skola'}"
        return {"sv": name, "en": f"{nominative} {english[kind]}"}
    if place.key == "valkamo" and index == 0:
        return {"fi": "Valkamon yhtenäiskoulu", "en": "Valkamo Comprehensive School"}
    if place.private and index == 0:
        return {"fi": "Pohjantuulen koulu", "en": "Pohjantuuli School"}
    ending = {"comprehensive": "koulu", "primary": "alakoulu", "secondary": "yläkoulu"}[kind]
    return {"fi": f"{genitive} {ending}", "en": f"{nominative} {english[kind]}"}


#: Subjects by the code of `koskioppiaineetyleissivistava`.
SUBJECTS: dict[str, LocalizedText] = {
    "AI": _text("Äidinkieli ja kirjallisuus", "Modersmål och litteratur", "Mother tongue and literature"),
    "MA": _text("Matematiikka", "Matematik", "Mathematics"),
    "A1": _text("Englanti, A1", "Engelska, A1", "English, A1"),
    "YL": _text("Ympäristöoppi", "Omgivningslära", "Environmental studies"),
    "LI": _text("Liikunta", "Gymnastik", "Physical education"),
    "MU": _text("Musiikki", "Musik", "Music"),
    "HI": _text("Historia", "Historia", "History"),
    "BI": _text("Biologia", "Biologi", "Biology"),
    "FY": _text("Fysiikka", "Fysik", "Physics"),
    "YH": _text("Yhteiskuntaoppi", "Samhällslära", "Social studies"),
    "KO": _text("Kotitalous", "Huslig ekonomi", "Home economics"),
}
