"""Ages as they really come, in years, as the span that the words allow: months, decades, groups, and spreadsheet accidents."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from .findings import UNKNOWN, Finding, note, refused, uncertain
from .plain import is_unknown, plain, with_arabic_numerals

OLDEST = 120
DAYS_A_YEAR, WEEKS_A_YEAR, MONTHS_A_YEAR = 365.25, 365.25 / 7, 12

AgeUnit = Literal["years", "months", "weeks", "days"]
_PER_YEAR: dict[AgeUnit, float] = {"years": 1, "months": MONTHS_A_YEAR, "weeks": WEEKS_A_YEAR, "days": DAYS_A_YEAR}


@dataclass(frozen=True, slots=True)
class ReadAge:
    """An age in years, from ``years_low`` to ``years_high``. Equal where one age is told; None above where it is open."""

    years_low: float
    years_high: float | None
    text: str = ""
    note: str = ""

    def __str__(self) -> str:
        if self.years_high == self.years_low:
            return f"{self.years_low:g}"
        return f"{self.years_low:g}-{'' if self.years_high is None else f'{self.years_high:g}'}"


_NUM = r"\d+(?:[.,]\d+)?"
_YEARS = r"(?:y(?:ears?|rs?|ear)?\.?(?:[\s-]*olds?|\s*of age)?|yo|y/o|周?[岁歲歳]半?|岁龄|ans?|a[nñ]os?|jahre?|a)"
_MONTHS = r"(?:m(?:onths?|ths?|os?|o)?\.?(?:[\s-]*olds?)?|个?月(?:龄|大)?|mois|mes(?:es)?|monate?)"
_WEEKS = r"(?:w(?:eeks?|ks?)?\.?(?:[\s-]*olds?)?|周(?:龄|大)?|个?星期|semaines?|semanas?|wochen?)"
_DAYS = r"(?:d(?:ays?)?\.?(?:[\s-]*olds?)?|天(?:龄|大)?|日龄?|jours?|d[ií]as?|tage?)"

_PLAIN_NUMBER = re.compile(r"\d{1,3}(?:\.\d+)?")
_COMPOUND = re.compile(
    rf"(?:(?P<y>{_NUM})\s*{_YEARS})?[\s,零又]*(?:(?P<m>{_NUM})\s*{_MONTHS})?[\s,零又]*(?:(?P<w>{_NUM})\s*{_WEEKS})?[\s,零又]*(?:(?P<d>{_NUM})\s*{_DAYS})?"
)
_HALF = re.compile(rf"(?P<y>{_NUM})\s*(?:周?岁半|个半岁)")
_UNIT = rf"(?P<unit>{_YEARS}|{_MONTHS}|{_WEEKS}|{_DAYS})?"
_SPAN = re.compile(
    rf"(?P<a>{_NUM})\s*(?P<unit_a>{_YEARS}|{_MONTHS}|{_WEEKS}|{_DAYS})?\s*(?:-|–|—|~|to|至|到)\s*(?P<b>{_NUM})\s*{_UNIT}(?:之间|组)?"
)
_BELOW = re.compile(
    rf"(?:<|＜|under|below|less than|younger than|moins de|menos de|menor(?:es)? de|unter|不满|不足|未满|小于|低于)\s*(?P<a>{_NUM})\s*{_UNIT}|(?P<b>{_NUM})\s*(?P<unit2>{_YEARS}|{_MONTHS}|{_WEEKS}|{_DAYS})?\s*(?:以下|and (?:under|below|younger)|or (?:under|younger|less))"
)
_AT_MOST = re.compile(rf"(?:<=|≤|up to|不超过|至多)\s*(?P<a>{_NUM})\s*{_UNIT}")
_ABOVE = re.compile(
    rf"(?:>=|≥|over|above|at least|older than|from|大于等于|不小于)\s*(?P<a>{_NUM})\s*{_UNIT}|(?P<b>{_NUM})\s*(?P<unit2>{_YEARS})?\s*(?:\+|岁?以上|岁?及以上|\+ ?years?|and (?:over|above|older|up)|et plus|y m[aá]s|e mais|o m[aá]s|ou mais|und (?:älter|mehr)|or (?:over|older|more))\s*(?:years?)?"
)
_MORE_THAN = re.compile(rf"(?:>|more than|大于|超过)\s*(?P<a>{_NUM})\s*{_UNIT}")
_DECADE = re.compile(
    r"(?:in (?:his|her|their|the) )?(?P<part>early|mid|late)?[\s-]*(?P<a>10|\d)0'?s|(?P<b>\d)0\s*[多余几来]\s*岁?"
)
_ABOUT = re.compile(
    r"^(?:about|around|approx(?:imately)?\.?|circa|ca?\.|~|≈|约|大约|大概|近)\s*|\s*(?:\(?\?+\)?|左右|上下|许)$"
)
_EATEN = re.compile(
    r"(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*-(?P<n>\d{2})|(?P<n2>\d{1,2})-(?P<mon2>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
)
_EATEN_CHINESE = re.compile(r"(?P<a>\d{1,2})月(?P<b>\d{1,2})日")
_EATEN_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T]00:00(?::00)?)?")
_MONTH_NUMBER = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_BIRTH_YEAR = re.compile(r"(?:19|20)\d{2}(?:年(?:出生|生)?)?")
_WORDS = {
    "newborn": (0, 28 / DAYS_A_YEAR), "neonate": (0, 28 / DAYS_A_YEAR), "新生儿": (0, 28 / DAYS_A_YEAR),
    "infant": (0, 1), "婴儿": (0, 1),
}  # fmt: skip
_NOT_A_NUMBER = re.compile(
    r"adults?|child(?:ren)?|elderly|teen(?:ager)?s?|kid|toddler|baby|youth|middle[- ]aged|成人|成年人?|儿童|小孩|老人|老年人?|青年|中年|幼儿|少年|未成年人?"
)


def read_age(text: str, unit: AgeUnit = "years") -> ReadAge | Finding | Any | None:
    """The age a cell holds; bare numbers are in ``unit``. None when empty, UNKNOWN when nobody knows, else a Finding.

    >>> str(read_age("40-49")), str(read_age("2岁3月")), str(read_age("<1")), str(read_age("60+"))
    ('40-49', '2.25', '0-1', '60-')
    >>> str(read_age("Aug-68").reading)
    '8-68'
    """
    if unit == "years" and text.isdigit() and text.isascii() and len(text) <= 3 and int(text) <= 110:
        return ReadAge(float(text), float(text), text)
    cell = plain(text).lower()
    if not cell:
        return None
    if is_unknown(cell):
        return UNKNOWN
    if len(cell) > 60:
        return refused("import.age_unreadable")
    read = _age(cell, unit)
    if read is None and not cell.isascii():
        read = _age(with_arabic_numerals(cell), unit)
    if read is None:
        return _why_unreadable(cell)
    if isinstance(read, Finding):
        return replace(read, reading=replace(read.reading, text=text)) if isinstance(read.reading, ReadAge) else read
    checked = _plausible(replace(read, text=text))
    return checked


def together(told: Sequence[ReadAge]) -> ReadAge | None:
    """One age from a column of years and one of months or days; None where they contradict each other.

    >>> years, months = read_age("2"), read_age("3", "months")
    >>> str(together([years, months])), str(together([read_age("0"), months])), together([years, read_age("60", "months")])
    ('2.25', '0.25', None)
    """
    if len(told) == 1:
        return told[0]
    if any(age.years_high != age.years_low for age in told):
        return None
    whole, *parts = sorted((age.years_low for age in told), reverse=True)
    text = " ".join(age.text for age in told)
    if whole == int(whole) and all(part < 1 for part in parts):
        return replace(_exactly(whole + sum(parts)), text=text)
    if all(int(part) == int(whole) for part in parts):  # the same age twice, once in full years
        return replace(_exactly(whole), text=text)
    return None


def _why_unreadable(text: str) -> Finding:
    if set(text) == {"#"}:
        return refused("import.cell_too_narrow")
    if text.startswith("#"):
        return refused("import.cell_error")
    if _NOT_A_NUMBER.fullmatch(text):
        return uncertain("import.age_group_word")
    if re.fullmatch(r"-\s*\d.*", text):
        return refused("import.age_negative")
    return refused("import.age_unreadable")


def _plausible(age: ReadAge) -> ReadAge | Finding:
    if age.years_low > OLDEST or (age.years_high is not None and age.years_high > OLDEST + 30):
        return refused("import.age_too_high", oldest=OLDEST)
    if age.years_high is not None and age.years_low > age.years_high:
        return refused("import.age_reversed")
    if age.years_low > 110:
        return uncertain("import.age_very_high", age)
    return age


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _years(number: str, unit: str | None, default: AgeUnit) -> float:
    """A number with its unit, in years."""
    value = _number(number)
    if not unit:
        return value / _PER_YEAR[default]
    for pattern, per_year in ((_YEARS, 1.0), (_MONTHS, 12.0), (_WEEKS, WEEKS_A_YEAR), (_DAYS, DAYS_A_YEAR)):
        if re.fullmatch(pattern, unit):
            return value / per_year
    return value


def _exactly(years: float, remark: str = "") -> ReadAge:
    years = round(years, 5)
    return ReadAge(years, years, note=remark)


def _age(text: str, unit: AgeUnit) -> ReadAge | Finding | None:
    text = text.strip(" .,;。'\"")
    text = re.sub(r"^(?:aged?|年龄|现年|年)\s*:?\s*(?=[\d<>≥])", "", text)
    text = re.sub(r"^(?:the |a |an )?(\d+)-(year|month|week|day)-old.*$", r"\1 \2s", text)
    if not text:
        return None
    if _PLAIN_NUMBER.fullmatch(text) or re.fullmatch(r"\d{1,3},\d{1,2}", text):
        return _exactly(_number(text) / _PER_YEAR[unit])
    if text in _WORDS:
        low, high = map(float, _WORDS[text])
        return ReadAge(low, round(high, 5), note="word")
    match = _HALF.fullmatch(text)
    if match:
        return _exactly(_number(match["y"]) + 0.5)
    match = _COMPOUND.fullmatch(text) if not _EATEN_CHINESE.fullmatch(text) else None
    if match and any(match.groupdict().values()):
        if (
            not match["y"]
            and match["m"]
            and "个" not in text
            and text.endswith("月")
            and not 0 <= _number(match["m"]) <= 36
        ):
            return None
        total = sum(
            _number(match[name]) / per
            for name, per in (("y", 1.0), ("m", 12.0), ("w", WEEKS_A_YEAR), ("d", DAYS_A_YEAR))
            if match[name]
        )
        return _exactly(total)
    match = _DECADE.fullmatch(text)
    if match:
        low = 10.0 * int(match["a"] or match["b"])
        start, end = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}.get(match["part"] or "", (0, 9))
        return ReadAge(low + start, low + end, note="decade")
    eaten = _eaten(text)
    if eaten is not None:
        return eaten
    match = _SPAN.fullmatch(text)
    if match:
        shared = match["unit"] or match["unit_a"]
        low, high = _years(match["a"], match["unit_a"] or shared, unit), _years(match["b"], shared, unit)
        return ReadAge(round(low, 5), round(high, 5), note="span") if low <= high else refused("import.age_reversed")
    for pattern, kind in ((_AT_MOST, "at most"), (_BELOW, "below"), (_ABOVE, "above"), (_MORE_THAN, "above")):
        match = pattern.fullmatch(text)
        if match is None:
            continue
        groups = match.groupdict()
        bound = round(_years(groups["a"] or groups["b"], groups.get("unit") or groups.get("unit2"), unit), 5)
        return ReadAge(bound, None, note="open") if kind == "above" else ReadAge(0, bound, note=kind)
    about = _ABOUT.sub("", text)
    if about != text and about:
        inner = _age(about, unit)
        if isinstance(inner, ReadAge):
            return uncertain("import.age_about", replace(inner, note="about"))
        return inner
    if (bare := re.sub(r"\s*\([^)]*\)$", "", text)) != text and bare:
        return _age(bare, unit)  # 45 years (3/2/1975)
    if _BIRTH_YEAR.fullmatch(text):
        return uncertain("import.age_birth_year", year=text[:4])
    return None


def _eaten(text: str) -> ReadAge | Finding | None:
    """Aug-68, 8月6日 or 1968-08-01: an age group that a spreadsheet took for a date, as the group it most likely was."""
    pairs: list[tuple[int, int]] = []
    match = _EATEN.fullmatch(text)
    if match:
        month = _MONTH_NUMBER[match["mon"] or match["mon2"]]
        number = int(match["n"] or match["n2"])
        pairs = [(month, number), (number, month)] if match["n2"] else [(month, number)]
    else:
        match = _EATEN_CHINESE.fullmatch(text)
        if match:
            pairs = [(int(match[1]), int(match[2]))]
        else:
            match = _EATEN_DATE.fullmatch(text)
            if match:
                year, month, day = (int(part) for part in match.groups())
                pairs = [(month, year % 100)] if day == 1 and month < year % 100 else []
                pairs += [(month, day)]
    if not match:
        return None
    spans = list(dict.fromkeys(pair for pair in pairs if pair[0] < pair[1]))
    choices = tuple(f"{low}-{high}" for low, high in spans)
    reading = ReadAge(spans[0][0], spans[0][1], note="eaten") if len(spans) == 1 else None
    return uncertain("import.age_eaten", reading, choices)


__all__ = ["AgeUnit", "ReadAge", "note", "read_age", "together"]
