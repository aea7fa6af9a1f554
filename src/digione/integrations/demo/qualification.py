"""What is studied beside and before general upper secondary education: a vocational qualification, and what prepares.

Some learners of the largest municipality study for two qualifications at once, and some came to their school for
preparatory education (TUVA) first. The study rights themselves are written in `study_rights`; this is what they consist of.

Codes are those of documents that the national register has taken (`ammatillinenkoulutus` by the qualification requirements
OPH-5410-2021, `tuva` by OPH-1488-2021) and of the lists `koulutuksenosattuva` and `arviointiasteikkotuva`. Sizes of vocational
units are left out, as they are there: the requirements tell them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

#: Vocational institutes, in the list `oppilaitostyyppi`.
VOCATIONAL = "21"
#: Of so many learners of upper secondary age, by which place among them they study for two qualifications.
DOUBLE = (2, 6)
#: Of so many, by which place among them they were in preparatory education first, if they are beyond their first year.
PREPARED = (4, 9)

_PART_OF_QUALIFICATION, _AREA = "ammatillisentutkinnonosa", "ammatillisentutkinnonosanosaalue"
_POINT, _WEEK = "6", "8"
_WORKPLACE = {"fi": "Kuusniemen Korjaamo Oy"}
_TASKS = {"fi": "Ajoneuvojen määräaikaishuolto"}
#: Kinds of the parts of preparatory education with their code and weeks. An autumn's are 19.
_PREPARING = (
    ("tutkintokoulutukseenvalmentava", "101", 3),
    ("tutkintokoulutukseenvalmentava", "103", 3),
    ("tuvalukiokoulutus", "106", 9),
    ("tuvaperusopetus", "107", 4),
)


class Part(NamedTuple):
    """An attainment with its parts, before it has an id. A mark is a list and a code; `day` is that of the mark."""

    kind: str
    scheme: str
    module: str
    columns: Mapping[str, Any]
    mark: tuple[str, str] | None = None
    day: date | None = None
    confirmed: date | None = None
    carried: Mapping[str, Any] = {}
    parts: tuple["Part", ...] = ()


def _code(scheme: str, code: str) -> dict[str, str]:
    return {"koodistoUri": scheme, "koodiarvo": code}


def qualification(began: date, years: int, municipality: str) -> Part:
    """Return a vocational qualification that was begun on a day and studied for `years` whole years (0 to 2) since.

    Each finished year brought a unit with a mark; the second one was at work from February on, in that municipality.
    """
    manner = "osaamisenhankkimistapa"
    ways: list[dict[str, Any]] = [
        {"alku": str(began), "osaamisenHankkimistapa": {"tunniste": _code(manner, "oppilaitosmuotoinenkoulutus")}}
    ]
    carried: dict[str, Any] = {
        "tutkintonimike": [_code("tutkintonimikkeet", "10080")],
        "osaamisala": [{"osaamisala": _code("osaamisala", "1008")}],
        "osaamisenHankkimistavat": ways,
    }
    if years > 1:
        work = {"alku": str(date(began.year + 2, 2, 2)), "loppu": str(date(began.year + 2, 4, 24))}
        ways.append({**work, "osaamisenHankkimistapa": {"tunniste": _code(manner, "koulutussopimus")}})
        carried["koulutussopimukset"] = [
            {
                **work, "työssäoppimispaikka": _WORKPLACE, "paikkakunta": _code("kunta", municipality),
                "maa": _code("maatjavaltiot2", "246"), "työtehtävät": _TASKS,
            }
        ]  # fmt: skip
    units = (
        _unit("106945", True, "5", date(began.year + 1, 5, 22) if years > 0 else None),
        _unit("106943", False, "4", date(began.year + 2, 5, 22) if years > 1 else None),
        _common("106727", 11, _spoken(date(began.year + 1, 3, 27)) if years > 0 else None),
        _common("106728", 6),
        _common("106729", 9),
    )
    columns = {
        "curriculum": "OPH-5410-2021", "manner": "reformi", "manner_scheme": "ammatillisentutkinnonsuoritustapa",
    }  # fmt: skip
    return Part("ammatillinentutkinto", "koulutus", "351301", columns, carried=carried, parts=units)


def _unit(module: str, compulsory: bool, mark: str, day: date | None) -> Part:
    """Return a vocational unit, confirmed on the day of its mark."""
    columns = {"is_compulsory": compulsory, "unit_group": "1"}
    given = ("arviointiasteikkoammatillinen15", mark) if day else None
    return Part(_PART_OF_QUALIFICATION, "tutkinnonosat", module, columns, given, day, day)


def _common(module: str, points: int, *parts: Part | None) -> Part:
    """Return a common unit that is not finished, of so many competence points, with what of it is."""
    columns = {"is_compulsory": True, "unit_group": "2", "size": f"{points}.0", "size_unit": _POINT}
    return Part(_PART_OF_QUALIFICATION, "tutkinnonosat", module, columns, parts=tuple(filter(None, parts)))


def _spoken(day: date) -> Part:
    """Return the area of communication in the mother tongue, with a mark."""
    columns = {
        "is_compulsory": True, "size": "4.0", "size_unit": _POINT, "language": "FI", "language_scheme": "kielivalikoima",
    }  # fmt: skip
    return Part(_AREA, "ammatillisenoppiaineet", "VVAI22", columns, ("arviointiasteikkoammatillinen15", "4"), day)


def preparation(year: int) -> Part:
    """Return the preparatory education of the autumn of a year, complete and confirmed on its last school day."""
    end = _last_day_of_autumn(year)
    parts = tuple(
        Part(
            kind, "koulutuksenosattuva", module, {"size": f"{weeks}.0", "size_unit": _WEEK, "taught_in": "FI"},
            ("arviointiasteikkotuva", "Hyväksytty"), end,
        )
        for kind, module, weeks in _PREPARING
    )  # fmt: skip
    total = sum(weeks for _, _, weeks in _PREPARING)
    columns = {"curriculum": "OPH-1488-2021", "size": f"{total}.0", "size_unit": _WEEK}
    return Part("tuvakoulutuksensuoritus", "koulutus", "999908", columns, confirmed=end, parts=parts)


def _last_day_of_autumn(year: int) -> date:
    """Return the Friday of the third week of December, before which an autumn term mostly ends."""
    return date.fromisocalendar(year, 51, 5)
