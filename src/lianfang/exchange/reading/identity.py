"""Telephone and ID numbers, checked as far as they can check themselves."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import phonenumbers
from stdnum.cn import ric

from .findings import UNKNOWN, Finding, refused, uncertain
from .plain import is_unknown, plain


@dataclass(frozen=True, slots=True)
class ReadIdNumber:
    """An identity document's number; of a Chinese resident card also the birth date and sex that it states."""

    number: str
    kind: str  # resident, passport, permit or other
    birth_date: date | None = None
    sex: str = ""
    area_code: str = ""
    text: str = ""

    def __str__(self) -> str:
        return self.number


@dataclass(frozen=True, slots=True)
class ReadPhone:
    """A telephone number in international form, and further ones from the same cell."""

    number: str
    others: tuple[str, ...] = ()
    text: str = ""

    def __str__(self) -> str:
        return self.number


_RESIDENT_18 = re.compile(r"\d{17}[\dx]", re.I)
_RESIDENT_15 = re.compile(r"\d{15}")
_PASSPORT = re.compile(r"[a-z]{1,2}\d{7,9}|[a-z]{3}\d{6}", re.I)
_PERMIT = re.compile(r"[hmc]\d{8,10}|\d{8}(?:\d{2})?\([a-z]\)|\d{10}\([a-z]\)", re.I)
_EATEN = re.compile(r"\d(?:\.\d+)?e\+?(\d{2})", re.I)


def read_id_number(text: str) -> ReadIdNumber | Finding | Any | None:
    """An ID number. A resident number is checked by length, birth date and check digit; 15 digits are taken as of 19xx.

    >>> read = read_id_number("11010519491231002X")
    >>> read.birth_date, read.sex
    (datetime.date(1949, 12, 31), 'F')
    """
    cell = plain(text).strip("'`\"‘’").replace(" ", "").replace("-", "")
    if not cell:
        return None
    if is_unknown(cell.lower()):
        return UNKNOWN
    if cell.startswith("#"):
        return refused("import.cell_error")
    if _EATEN.fullmatch(cell):
        return refused("import.id_eaten")
    if "*" in cell:
        return uncertain("import.id_masked")
    if _RESIDENT_18.fullmatch(cell):
        return _resident(cell.upper(), text)
    if _RESIDENT_15.fullmatch(cell):
        full = cell[:6] + "19" + cell[6:]
        return _resident(full + ric.calc_check_digit(full + "0"), text)
    if cell.isdigit() and 12 <= len(cell) <= 20:
        return refused("import.id_length", digits=len(cell))
    if _PASSPORT.fullmatch(cell):
        return ReadIdNumber(cell.upper(), "passport", text=text)
    if _PERMIT.fullmatch(cell):
        return ReadIdNumber(cell.upper(), "permit", text=text)
    if re.fullmatch(r"[A-Za-z0-9()/]{5,20}", cell):
        return ReadIdNumber(cell.upper(), "other", text=text)
    return refused("import.id_unreadable")


def _resident(number: str, text: str) -> ReadIdNumber | Finding:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return refused("import.id_eaten" if number.endswith("000") else "import.id_birth_date")
    read = ReadIdNumber(number, "resident", born, "M" if int(number[16]) % 2 else "F", number[:6], text)
    if not 1850 <= born.year <= 2100:
        return refused("import.id_birth_date")
    if ric.calc_check_digit(number) != number[17]:
        if number.endswith("000"):
            return refused("import.id_eaten")  # a spreadsheet keeps fifteen digits and writes noughts for the rest
        return uncertain("import.id_check_digit", read)
    return uncertain("import.id_maybe_eaten", read) if number.endswith("000") else read


_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_PHONE_SEPARATORS = re.compile(r"[;,、/，；|]|\s{2,}|或|和")


def read_phone(text: str, region: str = "CN") -> ReadPhone | Finding | Any | None:
    """A telephone number, or several.

    >>> str(read_phone("0577-8888 6666")), str(read_phone("138 0013 8000"))
    ('+8657788886666', '+8613800138000')
    """
    if region == "CN" and len(text) == 11 and _MOBILE.fullmatch(text):
        return ReadPhone("+86" + text, (), text)
    cell = plain(text).strip("'`\"")
    if not cell:
        return None
    if is_unknown(cell.lower()):
        return UNKNOWN
    if cell.startswith("#"):
        return refused("import.cell_error")
    if _EATEN.fullmatch(cell):
        return refused("import.phone_eaten")
    if "*" in cell:
        return uncertain("import.phone_masked")
    found: list[str] = []
    bad = ""
    for part in _PHONE_SEPARATORS.split(cell):
        part = re.sub(r"^[^\d+(]+|[^\d)]+$", "", part)
        if not part:
            continue
        bare = re.sub(r"[\s\-().]", "", part)
        match = _MOBILE.fullmatch(bare) if region == "CN" else None
        if match:
            found.append("+86" + match[1])
            continue
        number = _parsed(part, region)
        if number:
            found.append(number)
        else:
            bad = part
    if not found:
        return refused("import.phone_unreadable")
    read = ReadPhone(found[0], tuple(dict.fromkeys(found[1:])), text)
    return uncertain("import.phone_part_unreadable", read, part=bad) if bad else read


def _parsed(part: str, region: str) -> str:
    try:
        number = phonenumbers.parse(part, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
