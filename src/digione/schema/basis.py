"""Legal bases of the data: why the law lets it be processed. Cited as published; no section that nobody has read.

`seen` tells how far the citation was checked: in the statute as published, in official guidance, or not seen in a text
(general knowledge). Whoever takes the platform into use checks them against the consolidated statutes.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

#: The day on which the citations below were last read.
CHECKED_ON = date(2026, 11, 24)


class Seen(StrEnum):
    """How far a citation was checked."""

    STATUTE = "statute as published"
    GUIDANCE = "official guidance"
    NOT_SEEN = "general knowledge, not seen in the text"


@dataclass(frozen=True, slots=True)
class Basis:
    """A legal basis: the article of the GDPR (`None` where there is no personal data) and the Finnish act."""

    code: str
    gdpr: str | None
    act: str | None
    why: str
    seen: Seen

    def cited(self) -> str:
        """Return the citation in one line."""
        return "; ".join(part for part in (self.gdpr, self.act) if part) or "no personal data"


NO_PERSONAL_DATA = Basis("no-personal-data", None, None, "Describes organisations, codes or programs.", Seen.STATUTE)
STATUTORY_TASK = Basis(
    "statutory-task",
    "GDPR 6(1)(c), 6(1)(e)",
    "Perusopetuslaki 628/1998; Varhaiskasvatuslaki 540/2018",
    "Arranging education and early childhood education is the provider's statutory task.",
    Seen.NOT_SEEN,
)
COMPULSORY_EDUCATION = Basis(
    "compulsory-education",
    "GDPR 6(1)(c)",
    "Oppivelvollisuuslaki 1214/2020 12 §",
    "The provider follows the progress of a learner under compulsory education.",
    Seen.STATUTE,
)
NATIONAL_REGISTER = Basis(
    "national-register",
    "GDPR 6(1)(e)",
    "Laki 884/2017",
    "Learners carry one learner number in the national registers of education.",
    Seen.STATUTE,
)
STUDY_REGISTER = Basis(
    "study-register",
    "GDPR 6(1)(c)",
    "Laki 884/2017 5–9 §",
    "Education providers keep study rights and attainments, and give them to the national register (KOSKI).",
    Seen.STATUTE,
)
SUPPORT = Basis(
    "support-for-learning",
    "GDPR 6(1)(c), 9(2)(g)",
    "Perusopetuslaki 628/1998; julkisuuslaki 621/1999 24.1 § 25, 30; laki 884/2017",
    "Decisions on support and benefits, some about health, are secret and kept for the education that they shape.",
    Seen.NOT_SEEN,
)
NON_DISCLOSURE = Basis(
    "non-disclosure",
    "GDPR 6(1)(c)",
    "Laki 661/2009 36 §",
    "A non-disclosure order for personal safety hides home municipality, residence and contacts.",
    Seen.GUIDANCE,
)
SECRET_CONTACT = Basis(
    "contact-detail",
    "GDPR 6(1)(c), 6(1)(e)",
    "Perusopetuslaki 628/1998; Varhaiskasvatuslaki 540/2018; julkisuuslaki 621/1999 24.1 § 31",
    "Needed to reach learner and guardian; a secret number or address is secret on justified request.",
    Seen.NOT_SEEN,
)
CUSTODY = Basis(
    "custody",
    "GDPR 6(1)(c)",
    "Laki 361/1983 5 §; julkisuuslaki 621/1999 11.2, 12 §",
    "Guardians decide together and see a child's data as representatives, unless against the child's interest.",
    Seen.NOT_SEEN,
)
ACCESS_RIGHTS = Basis(
    "access-rights",
    "GDPR 6(1)(c)",
    "Tiedonhallintalaki 906/2019 16 §",
    "Rights to use an information system follow one's task and are kept current.",
    Seen.STATUTE,
)
INTERFACES = Basis(
    "interfaces",
    "GDPR 6(1)(c), 6(1)(e)",
    "Tiedonhallintalaki 906/2019 22 §",
    "Regular standard disclosures between authorities use interfaces; necessity is technically ensured.",
    Seen.STATUTE,
)
