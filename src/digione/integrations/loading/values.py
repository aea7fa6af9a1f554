"""Values that come from outside: dates, identity codes, OIDs, business ids. Pure; a fault is raised with its words."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from digione.core.clock import FINLAND
from digione.integrations.loading.messages import message

_HETU = re.compile(r"(\d{2})(\d{2})(\d{2})([-+A-FU-Y])(\d{3})([0-9A-FHJ-NPR-Y])")
_HETU_WITHIN = re.compile(r"(?<![0-9A-Za-z])\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y](?![0-9A-Za-z])", re.IGNORECASE)
_HETU_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CENTURY = {"+": 1800, **dict.fromkeys("-YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}
_FINNISH_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
ORGANISATION_OID = re.compile(r"1\.2\.246\.562\.(?:10|99|199)\.\d{11,24}")
PERSON_OID = re.compile(r"1\.2\.246\.562\.(?:24|98|198)\.\d{11}")
#: The longest text that is an id or a name, in bytes. Ids and names are indexed, and an entry of an index holds 2,704 bytes
#: (PostgreSQL, btree): an id of a role is made of two others and a word, a key to search of two names.
MAX_TEXT = 1_000
#: Years; nobody is known to have lived longer.
_LONGEST_LIFE = 122
#: What neither the database nor a terminal can take: a null character, and half of a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadValueError(ValueError):
    """The value cannot be read. `code` is stable, the text is for people and never holds an identity code."""

    def __init__(self, code: str, **parameters: str) -> None:
        super().__init__(code)
        self.code = code
        self.parameters = parameters

    def __str__(self) -> str:
        return message(self.code, self.parameters)


@lru_cache(maxsize=8192)
def read_date(text: str, *, finnish: bool = False) -> date:
    """Return the day that `text` names as YYYY-MM-DD, and with `finnish` also as D.M.YYYY."""
    match = _FINNISH_DATE.fullmatch(text) if finnish else None
    try:
        if match:
            return date(int(match[3]), int(match[2]), int(match[1]))
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise BadValueError("date-impossible", value=text[:40]) from None
    raise BadValueError("date-format.either" if finnish else "date-format", value=text[:40])


def check_birth(born: date, today: date) -> date:
    """Return a day of birth that may be somebody's. Raises `BadValueError` for one to come, or of longer ago than anybody lived."""
    if born > today:
        raise BadValueError("date-future", value=str(born))
    if born.year < today.year - _LONGEST_LIFE:
        raise BadValueError("birth-too-early", value=str(born), years=str(_LONGEST_LIFE))
    return born


def day_of_milliseconds(milliseconds: int) -> date:
    """Return the Finnish day of a moment in epoch milliseconds; moments before 1970 are negative."""
    return (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(FINLAND).date()


def masked(hetu: str) -> str:
    """Return what may be shown of an identity code: how long it is. Its first half would be a day of birth."""
    return "*" * min(len(hetu), 20)


def check_hetu(text: str, *, today: date, artificial: bool = True) -> tuple[str, date, str]:
    """Return an identity code in capitals with its birth date and sex ('1' male, '2' female).

    The sign is never normalised: two codes that differ only in it are both valid. Raises `BadValueError`.
    """
    hetu = text.strip().upper()
    match = _HETU.fullmatch(hetu)
    if not match:
        raise BadValueError("hetu-form", value=masked(hetu))
    day, month, year, sign, number, check = match.groups()
    try:
        born = date(_CENTURY[sign] + int(year), int(month), int(day))
    except ValueError:
        raise BadValueError("hetu-date", value=masked(hetu)) from None
    if _HETU_CHECK[int(day + month + year + number) % 31] != check:
        raise BadValueError("hetu-check", value=masked(hetu))
    if born > today:
        raise BadValueError("hetu-future", value=masked(hetu))
    if int(number) < 2 or (int(number) >= 900 and not artificial):
        raise BadValueError("hetu-artificial", value=masked(hetu))
    return hetu, born, "1" if int(number) % 2 else "2"


def holds_hetu(text: str) -> bool:
    """Say whether an identity code stands anywhere in `text`, its last character right."""
    return any(_HETU_CHECK[int(code[:6] + code[7:10]) % 31] == code[10].upper() for code in _HETU_WITHIN.findall(text))


def business_id_is_right(text: str) -> bool:
    """Say whether `text` is a Finnish business id (Y-tunnus) with a right check digit."""
    if not re.fullmatch(r"\d{7}-\d", text):
        return False
    rest = sum(int(digit) * weight for digit, weight in zip(text, (7, 9, 10, 5, 8, 4, 2), strict=False)) % 11
    return rest != 1 and int(text[8]) == (0 if rest == 0 else 11 - rest)


def oid_check_is_right(oid: str) -> bool:
    """Say whether the last digit of an organisation's OID agrees with Luhn. Many legacy OIDs do not; only warn."""
    total = 0
    for place, digit in enumerate(reversed(oid.rsplit(".", 1)[1])):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0
