"""Rules of the national register for single levels: pre-primary, general upper secondary, vocational education and TUVA.

Source: `shared/national-interfaces.md`, section 2.4, and, where it is said so, the register's own validation as it was
published on 2026-08-21.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from digione.integrations.koski.findings import Finding, Node, Rule, View, at, error, graded, warning
from digione.integrations.koski.rules_of_all import COMMON_OF_OPS, COMMON_OF_REFORM, COMMON_UNITS, plain

_PREPRIMARY = ("001101", "001102")
_SYLLABUS, _STUDIES = "lukionoppimaara", "lukionaineopinnot"
_CURRICULA_OF_2019 = {"OPH-2263-2019", "OPH-2267-2019"}
#: By syllabus, how many credits are completed and how many of them are optional ones; how many courses of 2015.
_CREDITS = {"nuortenops": (150, 20), "aikuistenops": (88, 0)}
_COURSES = {"nuortenops": 75, "aikuistenops": 44}
_MODULE, _LOCAL = "lukionvaltakunnallinenmoduuli", "lukionpaikallinenopintojakso"
#: Modules after which a test of spoken language is asked.
_SPOKEN = re.compile("(ENA|RUA|FINA|SMA|VKA)8|RUB16|FINB16")
_NUMBER = re.compile(r"\d+")
_SCALE = "arviointiasteikkoammatillinen"
#: Kinds of attainment of which a study right of vocational education may have two.
_DEMONSTRATED, _PREPARED = "ammatillinentutkinto", "nayttotutkintoonvalmistavakoulutus"
#: By module of TUVA, how many weeks it may be of (2.4 for 101; the others by the register's validation).
_WEEKS = {
    "101": (2, 10),
    "102": (1, 20),
    "103": (1, 20),
    "104": (1, 10),
    "105": (1, 30),
    "106": (1, 30),
    "107": (1, 30),
}


def preprimary_is_one(view: View) -> Iterator[Finding]:
    """Pre-primary education is one attainment, of a school (001101) or of day care (001102), and has no marks (2.4)."""
    for node in view.mains[1:]:
        yield error("register-one-attainment", node.pointer)
    for node in view.mains:
        if node.module not in _PREPRIMARY:
            pointer = f"{node.pointer}/koulutusmoduuli/tunniste"
            yield error("register-module", pointer, value=node.module, allowed=", ".join(_PREPRIMARY))
        if node.row["curriculum"] not in (None, "102/011/2014"):
            pointer = f"{node.pointer}/koulutusmoduuli/perusteenDiaarinumero"
            yield warning("register-module", pointer, value=node.row["curriculum"], allowed="102/011/2014")


def bought_preprimary_names_its_organiser(view: View) -> Iterator[Finding]:
    """Where pre-primary education is bought (JM02, JM03), the provider must be known (2.4); a sender may make it known."""
    row = view.right.row
    if row["arrangement"] in ("JM02", "JM03") and row["organiser_oid"] is None:
        yield warning("register-no-organiser", f"{view.pointer}/koulutustoimija")


def upper_secondary_is_one(view: View) -> Iterator[Finding]:
    """Beside a syllabus there is no other main attainment, and studies of subjects stand once (2.4)."""
    if any(node.kind == _SYLLABUS for node in view.mains):
        others: list[Node] = view.mains
    else:
        others = [node for node in view.mains if node.kind == _STUDIES]
    for node in others[1:]:
        yield error("register-one-attainment", node.pointer)


def syllabus_is_complete(view: View) -> Iterator[Finding]:
    """A confirmed syllabus is of 150 credits, 20 of them optional; of adults of 88; of 2015, of 75 and 44 courses (2.4).

    A separate examination excuses, and so may a study right that is linked. Of the courses of 2015 it is a warning.
    """
    for top in view.mains:
        if top.kind != _SYLLABUS or not top.row["confirmed_on"] or _separate(top):
            continue
        syllabus = top.carried_code("oppimäärä") or ""
        small = [inner for part in top.parts for inner in part.parts]
        if top.row["curriculum"] in _CURRICULA_OF_2019 and syllabus in _CREDITS:
            wanted, optional = _CREDITS[syllabus]
            found = _sum(small)
            chosen = _sum(inner for inner in small if inner.row["is_compulsory"] is False)
            if found < wanted or chosen < optional:
                told = {"wanted": wanted, "optional": optional, "found": plain(found), "chosen": plain(chosen)}
                yield graded(not view.may_be_linked, "register-credits", f"{top.pointer}/osasuoritukset", **told)
        elif syllabus in _COURSES and any(inner.kind == "lukionkurssi" for inner in small):
            found = sum((inner.row["size"] or Decimal(1) for inner in small), Decimal(0))
            if found < _COURSES[syllabus]:
                told = {"wanted": _COURSES[syllabus], "found": plain(found)}
                yield warning("register-courses", f"{top.pointer}/osasuoritukset", **told)


def _separate(top: Node) -> bool:
    name = "suoritettuErityisenäTutkintona"
    return top.carried(name) is True or any(part.carried(name) is True for part in top.parts)


def _sum(nodes: Iterable[Node]) -> Decimal:
    return sum((node.row["size"] for node in nodes if node.row["size"] is not None), Decimal(0))


def spoken_language_is_tested(view: View) -> Iterator[Finding]:
    """A confirmed syllabus with the eighth module of a long language has a test of that language as spoken (2.4)."""
    for top in view.mains:
        if top.kind != _SYLLABUS or not top.row["confirmed_on"] or not _of_2019(top):
            continue
        tests = top.carried("suullisenKielitaidonKokeet")
        # A list, since anything may stand in what is carried.
        tested = [at(each, "kieli", "koodiarvo") for each in tests] if isinstance(tests, list) else []
        for part in top.parts:
            language = part.row["language"]
            if part.kind != "lukionoppiaine" or language is None or language in tested:
                continue
            if any(inner.kind == _MODULE and _SPOKEN.fullmatch(inner.module) for inner in part.parts):
                yield error("register-spoken", f"{top.pointer}/suullisenKielitaidonKokeet", value=language)


def _of_2019(top: Node) -> bool:
    return top.row["curriculum"] in _CURRICULA_OF_2019


def marks_of_modules(view: View) -> Iterator[Finding]:
    """Modules have numbers, but those of guidance (OP1, OP2) and diplomas; guidance and its modules have S or H (2.4)."""
    for node in view.of_kinds("lukionoppiaine", _MODULE):
        if node.above is None or not _of_2019(node.top):
            continue
        mark, pointer = node.mark, f"{node.pointer}/arviointi"
        guidance = node.module in ("OP1", "OP2") if node.kind == _MODULE else node.module == "OP"
        if mark is None or node.top.kind not in (_SYLLABUS, _STUDIES):
            continue
        if guidance and mark not in ("S", "H"):
            yield error("register-mark-in-numbers", pointer, value=mark, module=node.module)
        elif node.kind == _MODULE and not guidance and "LD" not in node.module and mark in ("S", "H"):
            yield error("register-mark-in-words", pointer, value=mark, module=node.module)


def small_subjects_alone_have_s(view: View) -> Iterator[Finding]:
    """A subject has S only up to two credits, an optional language up to four; guidance and sports are free (2.4)."""
    for node in view.of_kinds("lukionoppiaine"):
        if not _of_2019(node.top) or node.module in ("OP", "LI") or node.mark != "S":
            continue
        if _sum(node.parts) > (4 if node.row["language"] and node.row["is_compulsory"] is False else 2):
            pointer = f"{node.pointer}/arviointi"
            yield warning("register-mark-in-words", pointer, value="S", module=node.module)


def languages_of_upper_secondary(view: View) -> Iterator[Finding]:
    """No language is 97, and the mother tongue's syllabus is not AIAI, by the curricula of 2019 (2.4)."""
    for node in view.of_kinds("lukionoppiaine"):
        if _of_2019(node.top) and node.row["language"] in ("97", "AIAI"):
            pointer = f"{node.pointer}/koulutusmoduuli/kieli"
            yield error("register-language", pointer, value=node.row["language"], module=node.module)


def vocational_is_one(view: View) -> Iterator[Finding]:
    """Vocational education has one main attainment, or a qualification by demonstrations and what prepares for it (2.4)."""
    kinds = sorted(node.kind for node in view.mains)
    if len(kinds) == 1 or kinds == [_DEMONSTRATED, _PREPARED]:
        return
    for node in view.mains[1:]:
        yield error("register-one-attainment", node.pointer)


def one_scale(view: View) -> Iterator[Finding]:
    """The numbers of one main attainment are of one scale (2.4); it is told once of each."""
    scales: dict[int, str] = {}
    told: set[int] = set()
    for node in view.nodes:
        for place, each in enumerate(node.assessments):
            scheme, mark = each["mark_scheme"], each["mark"]
            if scheme is None or mark is None or not _NUMBER.fullmatch(mark) or node.above is None:
                continue
            top = node.top.place
            first = scales.setdefault(top, scheme)
            if scheme != first and top not in told:
                told.add(top)
                yield error("register-scales", f"{node.pointer}/arviointi/{place}/arvosana", value=scheme, other=first)


def average_of_a_qualification(view: View) -> Iterator[Finding]:
    """An average is told once a qualification is complete, and not before (2.4).

    That it must be told then holds for initial qualifications alone, which a document does not tell: a warning.
    """
    for top in view.mains:
        if top.kind != _DEMONSTRATED or top.row["manner"] not in ("ops", "reformi"):
            continue
        average, confirmed = top.row["average"], top.row["confirmed_on"]
        if average is not None and not confirmed:
            yield error("register-average-early", f"{top.pointer}/keskiarvo")
        elif average is None and confirmed and _units(top):
            yield warning("register-no-average", f"{top.pointer}/keskiarvo")


def no_failed_unit(view: View) -> Iterator[Finding]:
    """A unit of a qualification is not stored as failed (2.4)."""
    for node in view.of_kinds("ammatillisentutkinnonosa"):
        if node.mark == "Hylätty":
            yield error("register-failed-unit", f"{node.pointer}/arviointi")


def apprenticeship_names_the_employer(view: View) -> Iterator[Finding]:
    """An apprenticeship names its employer by business id (2.4)."""
    for top in view.mains:
        for name in ("järjestämismuodot", "osaamisenHankkimistavat"):
            listed = top.carried(name)
            for place, each in enumerate(listed if isinstance(listed, list) else ()):
                for inner in ("järjestämismuoto", "osaamisenHankkimistapa"):
                    contract = at(each, inner, "oppisopimus")
                    code = at(each, inner, "tunniste", "koodiarvo")
                    if (contract is not None or code == "oppisopimus") and not at(contract, "työnantaja", "yTunnus"):
                        pointer = f"{top.pointer}/{name}/{place}/{inner}/oppisopimus/työnantaja/yTunnus"
                        yield error("register-no-employer", pointer)


def common_units(view: View) -> Iterator[Finding]:
    """Common units: 35 points in all and parts of their own when a reform qualification is complete; of its own time (2.4).

    A linked study right may hold what lacks. That the units of one time do not stand in a qualification of the other is
    by the register's validation.
    """
    for top in view.mains:
        units, reform = _units(top), top.row["manner"] == "reformi"
        if top.kind != _DEMONSTRATED or not units:
            continue
        others = COMMON_OF_OPS if reform else COMMON_OF_REFORM if top.row["manner"] == "ops" else frozenset()
        for node in units:
            pointer = f"{node.pointer}/koulutusmoduuli/tunniste"
            if node.module in others:
                yield graded(not view.may_be_linked, "register-unit-of-other-time", pointer, module=node.module)
        if not reform or not top.row["confirmed_on"]:
            continue
        marked = [node for node in units if node.mark is not None]
        total = _sum(marked)
        if total < Decimal("34.5"):
            pointer = f"{top.pointer}/osasuoritukset"
            yield graded(not view.may_be_linked, "register-common-units", pointer, found=plain(total))
        for node in marked:
            if not node.parts:
                pointer = f"{node.pointer}/osasuoritukset"
                yield graded(not view.may_be_linked, "register-no-parts", pointer)


def _units(top: Node) -> list[Node]:
    return [part for part in top.parts if part.module in COMMON_UNITS]


def tuva_is_complete(view: View) -> Iterator[Finding]:
    """TUVA is completed with two weeks at least, among them an accepted part 101 of 2 to 10 weeks (2.4)."""
    if view.state != "valmistunut":
        return
    for top in view.of_kinds("tuvakoulutuksensuoritus"):
        pointer = f"{top.pointer}/osasuoritukset"
        accepted = [part for part in top.parts if part.mark not in (None, "Hylätty")]
        if not any(part.module == "101" for part in accepted):
            yield error("register-tuva-orientation", pointer)
        if _sum(accepted) < 2:
            yield error("register-tuva-weeks", pointer, least=2, most=38)
        for part in top.parts:
            least, most = _WEEKS.get(part.module, (0, 38))
            size = part.row["size"] or Decimal(0)
            if not least <= size <= most:
                size_at = f"{part.pointer}/koulutusmoduuli/laajuus"
                yield graded(part.module == "101", "register-tuva-weeks", size_at, least=least, most=most)


def states_of_tuva(view: View) -> Iterator[Finding]:
    """TUVA knows no `eronnut`, and a holiday only under the licence of vocational education (2.4)."""
    for place, row in enumerate(view.right.states):
        pointer = f"{view.pointer}/tila/opiskeluoikeusjaksot/{place}/tila"
        if row["state"] == "eronnut":
            yield error("register-tuva-state", pointer)
        elif row["state"] == "loma" and view.right.row["licence"] not in (None, "ammatillinen"):
            yield error("register-tuva-holiday", pointer)


OF_PREPRIMARY: tuple[Rule, ...] = (preprimary_is_one, bought_preprimary_names_its_organiser)
OF_UPPER_SECONDARY: tuple[Rule, ...] = (
    upper_secondary_is_one,
    syllabus_is_complete,
    spoken_language_is_tested,
    marks_of_modules,
    small_subjects_alone_have_s,
    languages_of_upper_secondary,
)
OF_VOCATIONAL: tuple[Rule, ...] = (
    vocational_is_one,
    one_scale,
    average_of_a_qualification,
    no_failed_unit,
    apprenticeship_names_the_employer,
    common_units,
)
OF_TUVA: tuple[Rule, ...] = (tuva_is_complete, states_of_tuva)
