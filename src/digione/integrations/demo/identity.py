"""Identifiers that are valid in form and belong to nobody."""

from datetime import date

#: Positions of the check character (Digital and Population Data Services Agency): remainder of division by 31.
_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_SIGNS = {18: "+", 19: "-YXWVU", 20: "ABCDEF"}
#: NNN from 900 to 999 is never given to a person; half of it for each sex.
_ARTIFICIAL_PER_SEX = 50
# 1 August 2026 in Unix milliseconds: the ids of the demonstration are as old as its school year.
_EPOCH_MS = 1_785_542_400_000
_MASK_62 = (1 << 62) - 1
# An odd factor maps the counter one to one onto 62 bits, so no id is ever made twice.
_SPREAD = 0x1E3779B97F4A7C15


def check_character(day: str, number: int) -> str:
    """Return the check character of `day` (DDMMYY) and the individual number."""
    return _CHECK[(int(day) * 1000 + number) % 31]


def luhn_digit(digits: str) -> int:
    """Return the Luhn check digit of `digits`, as in every OID node but 24."""
    total = 0
    for index, character in enumerate(reversed(digits)):
        value = int(character) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


class Identities:
    """Gives out identifiers in order, each once. Its memory grows with the birth dates in use, not with the people."""

    def __init__(self, seed: int) -> None:
        self._mix = (seed * 0x5851F42D4C957F2D + 0x14057B7EF767814F) & _MASK_62
        self._count = 0
        # Neighbouring seeds draw from ranges of their own, so that a second set can be loaded beside the first.
        self._organisations = 2_000_000_000 + seed % 1000 * 100_000
        self._learners = 6_100_000_000 + seed % 150 * 6_000_000
        self._hetus: dict[tuple[date, str], int] = {}

    def new_id(self) -> str:
        """Return the next UUIDv7, as text; its tail depends on the seed."""
        count = self._count
        self._count = count + 1
        millisecond = _EPOCH_MS + (count >> 12)
        tail = ((count * _SPREAD) ^ self._mix) & _MASK_62
        return (
            f"{millisecond >> 16:08x}-{millisecond & 0xFFFF:04x}-7{count & 0xFFF:03x}"
            f"-{0x8000 | tail >> 48:04x}-{tail & 0xFFFFFFFFFFFF:012x}"
        )

    def organisation_oid(self) -> str:
        """Return the next organisation OID of the test node 199."""
        self._organisations += 1
        digits = f"{self._organisations:010d}"
        return f"1.2.246.562.199.{digits}{luhn_digit(digits)}"

    def learner_number(self) -> str:
        """Return the next learner number of the test node 98."""
        self._learners += 1
        digits = f"{self._learners:010d}"
        return f"1.2.246.562.98.{digits}{luhn_digit(digits)}"

    def hetu(self, born: date, sex: str) -> str | None:
        """Return the next artificial identity code of that birth date and sex, or None when they have run out."""
        used = self._hetus.get((born, sex), 0)
        signs = _SIGNS[born.year // 100]
        if used >= _ARTIFICIAL_PER_SEX * len(signs):
            return None
        self._hetus[born, sex] = used + 1
        number = 900 + 2 * (used % _ARTIFICIAL_PER_SEX) + (1 if sex == "1" else 0)
        day = f"{born:%d%m%y}"
        return f"{day}{signs[used // _ARTIFICIAL_PER_SEX]}{number}{check_character(day, number)}"


def business_id(number: int) -> str:
    """Return the first valid business id whose seven digits are `number` or above."""
    while True:
        digits = f"{number:07d}"
        remainder = sum(int(a) * b for a, b in zip(digits, (7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
        if remainder != 1:
            return f"{digits}-{0 if remainder == 0 else 11 - remainder}"
        number += 1
