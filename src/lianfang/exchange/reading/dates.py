"""Dates as they really come: days, ranges, parts of months, serial numbers, half-eaten ones. Precision is kept, never made up.

Which of 03/04/2020's numbers is the day can't be seen in one cell. ``OrderEvidence`` looks at a whole column; a cell that
stays open is a finding with both readings as choices.
"""

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from .findings import UNKNOWN, Finding, note, refused, uncertain
from .plain import folded, is_unknown, numeral, plain, with_arabic_numerals

Precision = Literal["day", "range", "month", "part_of_month", "year"]
Order = Literal["ymd", "dmy", "mdy"]

FIRST_YEAR, LAST_YEAR = 1800, 2100  # outbreaks of the past are imported too
SOON_DAYS = 60


@dataclass(frozen=True, slots=True)
class ReadDate:
    """A day or a span of days: from ``earliest`` to ``latest``, both included; None on one side leaves it open.

    ``at`` is the time of day with its zone as written, in ISO form, and empty where none was written.
    """

    earliest: date | None
    latest: date | None
    precision: Precision
    text: str = ""
    note: str = ""
    at: str = ""

    @property
    def day(self) -> date | None:
        """The day, when exactly one is meant."""
        return self.earliest if self.precision == "day" else None

    def __str__(self) -> str:
        if self.precision == "day":
            return f"{self.earliest:%Y-%m-%d}" if self.earliest else ""
        return f"{self.earliest or ''}/{self.latest or ''}"


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How one column writes its dates. Whatever is None was not decided, and what needs it becomes a question."""

    order: Order | None = None
    year: int | None = None  # of dates written without one
    not_after: date | None = None  # dates without a year are the latest such day not after this one
    epoch_1904: bool = False  # serial numbers count from 1904, as old Macintosh workbooks do
    day_zero: date | None = None  # the column counts days from this one
    birth: bool = False  # a two-digit year may be of the century before


PLAIN_STYLE = DateStyle()


class _Point(NamedTuple):
    """A single written date: earliest and latest day, its precision, and findings on the way."""

    earliest: date
    latest: date
    precision: Precision
    remark: str = ""
    at: str = ""
    doubt: Finding | None = None


_MONTHS: dict[str, int] = {}
for _names in (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
):
    for _number, _name in enumerate(_names.split(), 1):
        _MONTHS[_name] = _number
        _MONTHS[_name.translate(str.maketrans("éûçä", "euca"))] = _number
_MONTHS |= {"sept": 9, "maerz": 3, "okt": 10, "dez": 12, "janr": 1, "febr": 2, "set": 9, "out": 10, "fev": 2, "mär": 3}
_MONTH = "(?P<mon>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_TRI = re.compile(r"(\d{1,4}|[?x*]{1,4})\s*([-/.,、 ])\s*(\d{1,2}|[?x*]{1,2})\s*([-/.,、 ])\s*(\d{1,4}|[?x*]{1,4})\.?")
_TRI_GLUED = re.compile(r"(\d{1,2})[./-](\d{2})(\d{4})|(\d{2})(\d{2})[./-](\d{4})")
_TWO = re.compile(r"(\d{1,2})([-/.])(\d{1,2})")
_YEAR_MONTH = re.compile(r"(\d{4})[-/. ](\d{1,2})|(\d{1,2})[-/. ](\d{4})")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CHINESE = re.compile(
    r"(?:(?P<y>\d{4}|\d{2}|今|去|本|前)年)?\s*(?:(?P<m>\d{1,2})\s*月份?)?\s*(?:(?P<d>\d{1,2})\s*[日号])?\s*(?P<part>上旬|中旬|下旬|初|月初|中|月中|底|末|月底|月末)?"
)
_CHINESE_BARE_DAY = re.compile(r"(?:(?P<y>\d{4})年)?\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})")
_CHINESE_MIXED = re.compile(r"(?P<y>\d{4})\s*[-/.]\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*[日号]?")
_DAY_ONLY = re.compile(r"(\d{1,2})\s*(?:日|号|st|nd|rd|th|\.)?")
_D_MON_Y = re.compile(
    rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|o|\.)?[\s\-/.,]*(?:of |de )?\s*{_MONTH}[\s\-/.,']*(?:de |of )?\s*(?P<y>\d{{4}}|\d{{2}})?"
)
_MON_D_Y = re.compile(rf"{_MONTH}[\s\-/.,]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:[\s\-/.,]+(?P<y>\d{{4}}|\d{{2}}))?")
_MON_Y = re.compile(
    rf"{_MONTH}[\s\-/.,']*(?:of |de )?\s*(?P<y>\d{{4}})|(?P<y2>\d{{4}})[\s\-/.,]*{_MONTH.replace('mon>', 'mon2>')}"
)
_Y_MON_D = re.compile(rf"(?P<y>\d{{4}})[\s\-/.,]*{_MONTH}[\s\-/.,]*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?")
_MON_ONLY = re.compile(rf"{_MONTH}")
_EATEN = re.compile(r"([a-z]{3})-(\d{2})")
_PART = re.compile(
    r"(?:the )?(?:(?P<early>early|beginning of|start of|begin of|debut(?: de)?|(?:a )?principios de|inicios? de|comienzos de|anfang)"
    r"|(?P<mid>middle of|mid|(?:a )?mediados de|meados de|mi|mitte)|(?P<late>late|end of|(?:a )?fin(?:al|es|ales)? de|fin|ende)"
    r"|(?P<week>first|second|third|fourth|last|1st|2nd|3rd|4th) week (?:of|in))(?![a-z])[\s-]*(?:the )?(?P<rest>.+)"
)
_TIME = re.compile(
    r"""[\s,T]*
    (?P<half>上午|下午|晚上|晚间|夜间|夜里|晚|傍晚|早上|早晨|清晨|早|凌晨|中午|午后|午夜|a\.?m\.?|p\.?m\.?)?\s*
    (?: (?P<h>\d{1,2}) \s* (?: : (?P<mi>\d{2}) (?: : (?P<s>\d{2}) (?:[.,]\d+)? )?
        | [点时] \s* (?: (?P<mi2>\d{1,2}) 分? | (?P<halfhour>半) | (?P<quarter>一刻) | 整 | 许 | 左右 )? )
        \s* (?P<half2>a\.?m\.?|p\.?m\.?)? \s* (?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2}|[+-]\d{2}|cst)? )?
    """,
    re.X | re.I,
)
_TIME_AT_END = re.compile(
    r"""(?:(?<=\d)t|[\s,]+|(?<=[日号年])|(?<=\d)(?=[上下晚夜傍早清凌中午]))
    (?P<time> (?:上午|下午|晚上|晚间|夜间|夜里|晚|傍晚|早上|早晨|清晨|早|凌晨|中午|午后|午夜)\s*(?:\d{1,2}\s*(?:[点时:]).*)?
      | \d{1,2}:\d{2}.* | \d{1,2}\s*[点时].* | \d{1,2}\s*[ap]\.?m\.? )$""",
    re.X | re.I,
)
_WEEKDAY = re.compile(
    r"\(?\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?\)?[\s,]*|[(,\s]*(?:星期|周|礼拜)[一二三四五六日天1-6]\)?[\s,]*",
    re.I,
)
_ABOUT = re.compile(
    r"^(?:about|around|approx(?:imately)?\.?|circa|ca?\.|~|≈|probably|possibly|perhaps|est(?:imated)?\.?|约|大约|大概|可能|估计)\s*|\s*(?:\(?\?+\)?|前后|左右|许|\(approx\.?\)|\(est\.?\)|\(estimated\)|\(约\)|\(估计\))$",
    re.I,
)
_UNTIL = re.compile(
    r"^(?:until|till|up to|by|no later than|<=|≤|截至|截止|至|到)\s*(?P<a>.+)$|^(?P<b>.+?)\s*(?:为止|止)$", re.I
)
_BEFORE = re.compile(r"^(?:before|prior to|earlier than|<|早于)\s*(?P<a>.+)$|^(?P<b>.+?)\s*(?:之前|以前|前)$", re.I)
_SINCE = re.compile(
    r"^(?:since|from|starting|as of|>=|≥|自|从)\s*(?P<a>.+?)\s*(?:起|以来|开始|onwards?)?$|^(?P<b>.+?)\s*(?:起|以来|开始|onwards?)$",
    re.I,
)
_AFTER = re.compile(r"^(?:after|later than|>|晚于)\s*(?P<a>.+)$|^(?P<b>.+?)\s*(?:之后|以后|后)$", re.I)
_BETWEEN = re.compile(r"^(?:between|from|从|自)\s*(?P<rest>.+)$", re.I)
_OPEN_END = re.compile(r"^(?P<a>.*\d.*?)\s*[-–—~至到]+$|^[-–—~]+\s*(?P<b>.*\d.*)$")
_RANGE_WORDS = re.compile(r"\s+(?:to|until|till|through|thru|and|bis|au)\s+|\s*(?:至|到|→|->|~|–|—|--)\s*", re.I)
_SEVERAL = re.compile(r"\s*(?:;|、|\+|&|和|及|或者|或|\bor\b|\band\b|, (?=\d)|,(?=\d{4}))\s*", re.I)
_RELATIVE = re.compile(
    r"今天|今日|昨天|昨日|昨晚|前天|前日|前晚|明天|次日|同日|当日|当天|[上这本]周|[上本]月|\d+\s*(?:天|日|周|个月)前|today|yesterday|tomorrow|days? ago|weeks? ago|last (?:week|month|night)|months? ago",
    re.I,
)
_LUNAR = re.compile(
    r"正月|腊月|冬月|闰|农历|除夕|春节|大年|年[初三]十|元宵|小年|国庆|端午|中秋|清明|元旦|lunar|new year", re.I
)
_ORDER_SEPARATORS = re.compile(r"(\d{1,4})\s*([-/., ])\s*(\d{1,2})\s*([-/., ])\s*(\d{1,4})")


def read_date(text: str, style: DateStyle = PLAIN_STYLE) -> ReadDate | Finding | Any | None:
    """The date a cell holds. None when empty, UNKNOWN when nobody knows, a Finding when it is uncertain or unreadable.

    >>> str(read_date("19.01.2020 - 23.01.2020")), str(read_date("end of December 2019"))
    ('2020-01-19/2020-01-23', '2019-12-21/2019-12-31')
    >>> read_date("03/04/2020").choices
    ('2020-04-03', '2020-03-04')
    """
    iso = _ISO.fullmatch(text)
    if iso is not None:
        day = _day(int(iso[1]), int(iso[2]), int(iso[3]))
        if (
            day is not None
            and FIRST_YEAR <= day.year <= LAST_YEAR
            and not (day.year in (1899, 1900) and day < date(1900, 2, 1))
        ):
            return ReadDate(day, day, "day", text)
    cell = plain(text)
    if not cell:
        return None
    lower = cell.lower().strip("'\"`")
    if is_unknown(lower):
        return UNKNOWN
    if len(cell) > 120:
        return refused("import.date_unreadable")
    try:
        read = _span(lower, style)
    except (ValueError, OverflowError):
        read = None
    if read is None:
        return _why_unreadable(lower)
    if isinstance(read, Finding) or read is UNKNOWN:
        if isinstance(read, Finding) and isinstance(read.reading, ReadDate):
            return replace(read, reading=replace(read.reading, text=text))
        return read
    return replace(read, text=text)


def _why_unreadable(text: str) -> Finding:
    if set(text) == {"#"}:
        return refused("import.cell_too_narrow")
    if text.startswith("#"):
        return refused("import.cell_error")
    if _LUNAR.search(text):
        return refused("import.date_lunar")
    if _RELATIVE.search(text):
        return refused("import.date_relative")
    if _NUMBER.fullmatch(text):
        return refused("import.date_bare_number")
    tri = _TRI.fullmatch(text)
    if tri and tri[1].isdigit() and tri[5].isdigit():
        return refused("import.date_impossible")
    return refused("import.date_unreadable")


# ---------------------------------------------------------------------------------------------------------------- spans


def _span(text: str, style: DateStyle) -> ReadDate | Finding | Any | None:
    """A whole cell: one date, or a span of them with either end open."""
    point = _point(text, style)
    if point is not None:
        return _as_read(point)
    match = _OPEN_END.match(text)
    if match:
        side = match["a"] or match["b"]
        inner = _point(side.strip(), style)
        if isinstance(inner, _Point):
            earliest, latest = (inner.earliest, None) if match["a"] else (None, inner.latest)
            return _with_doubt(ReadDate(earliest, latest, "range", note="open"), inner.doubt)
        if isinstance(inner, Finding):
            return inner
    ranged = _range(text, style)
    if ranged is not None:
        return ranged
    about = _ABOUT.sub("", text)
    if about != text and about:
        inner_read = _span(about, style)
        if isinstance(inner_read, ReadDate):
            return uncertain("import.date_about", replace(inner_read, note="about"))
        if inner_read is not None:
            return inner_read
    for pattern, kind in ((_UNTIL, "until"), (_SINCE, "since"), (_BEFORE, "before"), (_AFTER, "after")):
        match = pattern.match(text)
        if not match:
            continue
        inner = _point((match["a"] or match["b"]).strip(), style)
        if isinstance(inner, Finding):
            return inner
        if inner is None:
            continue
        one = timedelta(days=1)
        earliest = {"since": inner.earliest, "after": inner.latest + one}.get(kind)
        latest = {"until": inner.latest, "before": inner.earliest - one}.get(kind)
        return _with_doubt(ReadDate(earliest, latest, "range", note="open"), inner.doubt)
    return None


def _range(text: str, style: DateStyle) -> ReadDate | Finding | None:
    """Two dates with something between them. The side that lacks a month or year takes it from the other."""
    between = _BETWEEN.match(text)
    if between:
        text = between["rest"].strip()
    best: Finding | None = None
    for left, right, several in _splits(text):
        found = _pair(left, right, style)
        if found is None:
            continue
        if isinstance(found, Finding):
            best = best or found
            continue
        first, last = found
        doubt = first.doubt or last.doubt
        if first.earliest > last.latest:
            best = best or refused("import.date_reversed")
            continue
        read = ReadDate(first.earliest, last.latest, "range")
        if read.earliest == read.latest:
            read = replace(read, precision="day")
        if several:
            return uncertain("import.date_several", replace(read, note="several"))
        return _with_doubt(read, doubt)
    return best


def _splits(text: str) -> Iterable[tuple[str, str, bool]]:
    """Ways to cut a text in two, the clearest first; the third entry says that the sign between lists rather than spans."""
    for match in _RANGE_WORDS.finditer(text):
        yield text[: match.start()].strip(), text[match.end() :].strip(), False
    dashes = [match.span() for match in re.finditer(r"\s*-\s*", text)]
    dashes.sort(key=lambda span: (span[0] + 1 == span[1], abs((span[0] + span[1]) / 2 - len(text) / 2)))
    for start, end in dashes:
        yield text[:start].strip(), text[end:].strip(), False
    for match in re.finditer(r"\s*/\s*", text):
        if text.count("/") == 1 or match.group() != "/":
            yield text[: match.start()].strip(), text[match.end() :].strip(), False
    parts = [part for part in _SEVERAL.split(text) if part]
    if len(parts) >= 2:
        yield parts[0], parts[-1], True


def _pair(left: str, right: str, style: DateStyle) -> tuple[_Point, _Point] | Finding | None:
    if not left or not right or not any(c.isdigit() for c in left + right):
        return None
    first, last = _point(left, style), _point(right, style)
    if isinstance(last, _Point) and not isinstance(first, _Point):
        first = _borrowing(left, last, style, forward=False) or first
    if isinstance(first, _Point) and not isinstance(last, _Point):
        alike = replace(style, order="ymd") if re.match(r"\d{4}", left) else style
        last = _borrowing(right, first, alike, forward=True) or last
    if first is None or (last is None and not _DAY_ONLY.fullmatch(right)):
        return None
    for side in (first, last):
        if isinstance(side, Finding):
            return side
    return (first, last) if isinstance(first, _Point) and isinstance(last, _Point) else None


def _borrowing(text: str, other: _Point, style: DateStyle, forward: bool) -> _Point | None:
    """A date whose year, or year and month, is that of its neighbour. A December before a January is of the year before."""
    match = _DAY_ONLY.fullmatch(text)
    if match and other.precision == "day":
        day = _day(other.earliest.year, other.earliest.month, int(match[1]))
        return _Point(day, day, "day") if day else None
    for year in (other.earliest.year, other.earliest.year + (1 if forward else -1)):
        point = _point(text, replace(style, year=year, not_after=None))
        if isinstance(point, _Point) and (
            point.earliest >= other.earliest if forward else point.latest <= other.latest
        ):
            return point
    return None


def _as_read(point: "_Point | Finding | Any") -> "ReadDate | Finding | Any":
    if not isinstance(point, _Point):
        return point
    read = ReadDate(point.earliest, point.latest, point.precision, note=point.remark, at=point.at)
    return _with_doubt(read, point.doubt)


def _with_doubt(read: ReadDate, doubt: Finding | None) -> ReadDate | Finding:
    return read if doubt is None else replace(doubt, reading=read)


# ------------------------------------------------------------------------------------------------------------- one date


def _point(text: str, style: DateStyle) -> "_Point | Finding | Any | None":
    """One written date, without ranges. None when this is not one."""
    text = text.strip(" ,;.。、/")
    if not text:
        return None
    if style.day_zero is not None and _NUMBER.fullmatch(text):
        day = style.day_zero + timedelta(days=int(float(text)))
        return _Point(day, day, "day", "counted")
    if not text.isascii():
        text = with_arabic_numerals(text)
    bare = _WEEKDAY.sub(" ", text).strip(" ,")
    text = bare if any(c.isdigit() for c in bare) else text
    found = _dated(text, style)
    if found is not None:
        return found
    match = re.fullmatch(r"(\d{1,2}:\d{2}(?::\d{2})?)[\s,]+(.+)", text)
    if match:
        found = _dated(match[2], style)
        if isinstance(found, _Point) and found.precision == "day":
            return _at_time(found, match[1])
        return found
    match = _TIME_AT_END.search(text)
    if match:
        found = _dated(text[: match.start()].strip(" ,"), style)
        if isinstance(found, _Point) and found.precision == "day":
            return _at_time(found, match["time"].strip())
        return found
    return None


def _dated(text: str, style: DateStyle) -> "_Point | Finding | Any | None":
    for reader in (_numbers, _chinese, _with_month_name, _part_of_month):
        found = reader(text, style)
        if found is not None:
            return found
    return None


def _at_time(point: _Point, text: str) -> _Point:
    match = _TIME.fullmatch(text)
    if match is None:
        return point._replace(remark="time")
    if match["h"] is None:
        return point._replace(remark="time")
    hour, minute = (
        int(match["h"]),
        int(match["mi"] or match["mi2"] or (30 if match["halfhour"] else 15 if match["quarter"] else 0)),
    )
    second = int(match["s"] or 0)
    half = (match["half"] or match["half2"] or "").lower().replace(".", "")
    if half in ("下午", "晚上", "晚间", "晚", "傍晚", "午后", "夜间", "pm") and hour < 12:
        hour += 12
    if half in ("am", "凌晨") and hour == 12:
        hour = 0
    if hour == 24 and minute == 0:
        hour, minute, second = 23, 59, 59  # the end of the day, still the same day
    if hour > 23 or minute > 59 or second > 59:
        return point._replace(remark="time")
    zone = (match["zone"] or "").upper()
    if zone in ("Z", "UTC", "GMT"):
        zone = "+00:00"
    elif zone == "CST":
        zone = "+08:00"
    elif zone and ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:] or '00'}"
    moment = datetime(point.earliest.year, point.earliest.month, point.earliest.day, hour, minute, second)  # noqa: DTZ001
    return point._replace(at=moment.isoformat() + zone)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _one(day: date | None, remark: str = "", doubt: Finding | None = None) -> "_Point | Finding | None":
    if day is None:
        return None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return refused("import.date_year_far", year=day.year)
    if day.year == 1899 and day.month == 12 or (day.year == 1900 and day.month == 1):
        # What spreadsheets show for a small number formatted as a date, and a common stand-in for "unknown".
        doubt = doubt or uncertain("import.date_stand_in")
    return _Point(day, day, "day", remark, "", doubt)


def _month(year: int, month: int, remark: str = "", doubt: Finding | None = None) -> "_Point | None":
    if not (1 <= month <= 12 and FIRST_YEAR <= year <= LAST_YEAR):
        return None
    last = calendar.monthrange(year, month)[1]
    return _Point(date(year, month, 1), date(year, month, last), "month", remark, "", doubt)


def _thirds(year: int, month: int, third: str) -> "_Point | None":
    whole = _month(year, month)
    if whole is None:
        return None
    first, last = {"early": (1, 10), "mid": (11, 20), "late": (21, whole.latest.day)}[third]
    return _Point(date(year, month, first), date(year, month, last), "part_of_month", third)


def _numbers(text: str, style: DateStyle) -> "_Point | Finding | Any | None":
    match = _TRI.fullmatch(text)
    if match:
        return _three(match, style)
    match = _TRI_GLUED.fullmatch(text)
    if match:
        a, b, year = (int(g) for g in (match.groups()[:3] if match[1] else match.groups()[3:]))
        found = _ordered([a, b, year], style, dotted="." in text)
        if isinstance(found, _Point):
            return found._replace(doubt=uncertain("import.date_separator_missing"))
        return found
    match = _YEAR_MONTH.fullmatch(text)
    if match:
        year, month = (int(match[1]), int(match[2])) if match[1] else (int(match[4]), int(match[3]))
        return _month(year, month)
    match = _TWO.fullmatch(text)
    if match:
        return _month_and_day(int(match[1]), int(match[3]), style)
    if re.fullmatch(r"\d{8}", text):
        year_first = _day(int(text[:4]), int(text[4:6]), int(text[6:]))
        if year_first and FIRST_YEAR <= year_first.year <= LAST_YEAR:
            return _one(year_first)
        if text in ("99999999", "00000000", "88888888"):
            return UNKNOWN
        found = _ordered([int(text[:2]), int(text[2:4]), int(text[4:])], style)
        return found._replace(doubt=uncertain("import.date_separator_missing")) if isinstance(found, _Point) else found
    if re.fullmatch(r"\d{14}", text):  # as message formats write it
        day = _day(int(text[:4]), int(text[4:6]), int(text[6:8]))
        point = _one(day)
        return _at_time(point, f"{text[8:10]}:{text[10:12]}:{text[12:]}") if isinstance(point, _Point) else point
    if re.fullmatch(r"\d{4}", text) and FIRST_YEAR <= int(text) <= LAST_YEAR:
        year = int(text)
        return _Point(date(year, 1, 1), date(year, 12, 31), "year")
    if re.fullmatch(r"\d{6}", text):
        choices = []
        if (whole := _month(int(text[:4]), int(text[4:]))) is not None:
            choices.append(f"{whole.earliest:%Y-%m}")
        for year in _centuries(int(text[:2]), style):
            if (day := _day(year, int(text[2:4]), int(text[4:]))) is not None:
                choices.append(f"{day}")
        return uncertain("import.date_six_digits", choices=tuple(choices)) if choices else None
    if _NUMBER.fullmatch(text) and 1_000 <= float(text) < 100_000:
        return _serial(float(text), style)
    return None


def _serial(number: float, style: DateStyle) -> "_Point | None":
    """A spreadsheet's day number. Small ones are left alone: they are as likely to be an age or a row number."""
    if number < 14_000 and not style.birth:
        return None
    origin = date(1904, 1, 1) if style.epoch_1904 else date(1899, 12, 30)
    day = origin + timedelta(days=int(number))
    seconds = round((number - int(number)) * 86_400)
    at = ""
    if seconds:
        moment = datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)  # noqa: DTZ001
        at = moment.isoformat()
    return _Point(day, day, "day", "serial", at)


def _three(match: re.Match[str], style: DateStyle) -> "_Point | Finding | Any | None":
    parts, separators = [match[1], match[3], match[5]], {match[2], match[4]}
    if all(not part.isdigit() or set(part) <= {"9"} or set(part) <= {"0"} for part in parts):
        return UNKNOWN  # 99/99/9999, 0000-00-00 and their kind
    if any(not part.isdigit() or int(part) == 0 or (part == "99" and index == 1) for index, part in enumerate(parts)):
        return _with_gaps(parts, style)
    numbers = [int(part) for part in parts]
    longest = [len(part) for part in parts]
    if longest[1] > 2 or (longest[0] > 2 and longest[2] > 2) or 3 in longest:
        return None
    found = _ordered(
        numbers, style, dotted=separators == {"."}, year_at=0 if longest[0] == 4 else 2 if longest[2] == 4 else None
    )
    if isinstance(found, _Point) and found.doubt is None and ("," in separators or len(separators - {" "}) > 1):
        return found._replace(doubt=uncertain("import.date_odd_separators"))
    return found


def _with_gaps(parts: list[str], style: DateStyle) -> "_Point | Finding | None":
    """15/??/2020, 2020-01-00 or xx.01.2020: what is known of it."""

    def known(part: str) -> int | None:
        return int(part) if part.isdigit() and int(part) not in (0, 99) else None

    values = [known(part) for part in parts]
    if len(parts[0]) == 4:
        year, month, day = values
    elif len(parts[2]) == 4:
        year = values[2]
        day, month = (values[1], values[0]) if style.order == "mdy" else (values[0], values[1])
    else:
        return None
    if year is None:
        return None
    if month is None:
        point: _Point | None = (
            _Point(date(year, 1, 1), date(year, 12, 31), "year") if FIRST_YEAR <= year <= LAST_YEAR else None
        )
        return point._replace(doubt=uncertain("import.date_month_missing")) if point and day is not None else point
    return _month(year, month)


def _centuries(two: int, style: DateStyle) -> tuple[int, ...]:
    """The years that two digits may stand for."""
    if style.year is not None:
        return tuple(year for year in (style.year // 100 * 100 + two,))
    if style.not_after is not None:
        recent = style.not_after.year // 100 * 100 + two
        recent = recent if recent <= style.not_after.year + 1 else recent - 100
        if style.birth and style.not_after.year - (recent - 100) <= 105:
            return (recent, recent - 100)
        return (recent,)
    recent = 2000 + two if two < 69 else 1900 + two
    return (recent, 1900 + two) if style.birth and recent >= 2000 else (recent,)


def _candidates(numbers: list[int], style: DateStyle, year_at: int | None) -> dict[Order, date]:
    """Every order in which three numbers are a day of the calendar."""
    found: dict[Order, date] = {}
    a, b, c = numbers
    for order, (year, month, day), place in (
        ("ymd", (a, b, c), 0),
        ("dmy", (c, b, a), 2),
        ("mdy", (c, a, b), 2),
    ):
        if year_at is not None and place != year_at:
            continue
        if year_at is None:
            years = _centuries(year, style)
            year = years[0]
        day_read = _day(year, month, day)
        if day_read is not None:
            found[order] = day_read  # type: ignore[index]
    return found


def _ordered(
    numbers: list[int], style: DateStyle, dotted: bool = False, year_at: int | None = 2
) -> "_Point | Finding | None":
    """Three numbers as a day, by the column's order where the numbers alone leave it open."""
    found = _candidates(numbers, style, year_at)
    if not found:
        if year_at == 0:
            swapped = _day(numbers[0], numbers[2], numbers[1])
            if swapped:
                return uncertain("import.date_year_day_month", choices=(str(swapped),))
        return None
    two_digits = year_at is None
    if style.order in found and style.order is not None:
        return _century_checked(found[style.order], numbers, style, two_digits, style.order)
    if style.order is not None and year_at != 0:
        # The column writes another order: this cell only makes sense the other way round.
        day = next(iter(found.values()))
        if len(set(found.values())) == 1:
            point = _one(day)
            return (
                point._replace(doubt=uncertain("import.date_other_order", order=style.order))
                if isinstance(point, _Point)
                else point
            )
        return uncertain("import.date_order_open", choices=tuple(str(day) for day in dict.fromkeys(found.values())))
    if len(set(found.values())) == 1:
        order, day = next(iter(found.items()))
        return _century_checked(day, numbers, style, two_digits, order)
    if dotted and "dmy" in found and not two_digits:
        return _one(found["dmy"])  # with dots the day stands first; nobody writes month.day.year
    return uncertain("import.date_order_open", choices=tuple(str(day) for day in dict.fromkeys(found.values())))


def _century_checked(
    day: date, numbers: list[int], style: DateStyle, two_digits: bool, order: Order
) -> "_Point | Finding | None":
    if two_digits and style.birth:
        years = _centuries(numbers[0 if order == "ymd" else 2], style)
        if len(years) > 1:
            return uncertain(
                "import.date_century_open",
                choices=tuple(str(d) for year in years if (d := _day(year, day.month, day.day))),
            )
    return _one(day, "two-digit year" if two_digits else "")


def _month_and_day(a: int, b: int, style: DateStyle) -> "_Point | Finding | None":
    """Two numbers without a year."""
    readings = [(m, d) for m, d in ((a, b), (b, a)) if 1 <= m <= 12 and 1 <= d <= 31]
    if style.order in ("ymd", "mdy"):
        readings = [pair for pair in readings if pair == (a, b)] or readings
    elif style.order == "dmy":
        readings = [pair for pair in readings if pair == (b, a)] or readings
    readings = list(dict.fromkeys(readings))
    if not readings:
        return None
    if len(readings) > 1:
        days = tuple(str(day) for m, d in readings if isinstance(day := _yearless(m, d, style), date))
        return uncertain("import.date_order_open", choices=days or tuple(f"{m:02d}-{d:02d}" for m, d in readings))
    day = _yearless(*readings[0], style)
    return _one(day, "year from context") if isinstance(day, date) else day


def _yearless(month: int, day: int, style: DateStyle) -> "date | Finding | None":
    """A day whose year the column's context gives; a question where it gives none."""
    if style.year is not None:
        return _day(style.year, month, day)
    if style.not_after is not None:
        last = style.not_after
        days = [found for year in range(last.year + 1, last.year - 5, -1) if (found := _day(year, month, day))]
        found = next((found for found in days if found <= last), None)
        soon = next((later for later in days if 0 < (later - last).days <= SOON_DAYS), None)
        if found is not None and soon is not None:
            # A few weeks after the last day, or most of a year before it: perhaps that last day was told wrong.
            return uncertain("import.date_year_open", choices=(str(found), str(soon)), last=str(last))
        return found
    if _day(2020, month, day) is None:
        return None
    return uncertain("import.date_year_missing", month_day=f"{month:02d}-{day:02d}")


def _month_without_year(month: int, style: DateStyle) -> "tuple[int, int] | Finding | None":
    first = _yearless(month, 1, style)
    if isinstance(first, date):
        return first.year, month
    return first


_THIRD = {
    "上旬": "early",
    "初": "early",
    "月初": "early",
    "中旬": "mid",
    "中": "mid",
    "月中": "mid",
    "下旬": "late",
    "底": "late",
    "末": "late",
    "月底": "late",
    "月末": "late",
}


def _chinese(text: str, style: DateStyle) -> "_Point | Finding | None":
    if "年" not in text and "月" not in text:
        return None
    text = text.replace(" ", "")
    match = _CHINESE_MIXED.fullmatch(text) or _CHINESE_BARE_DAY.fullmatch(text) or _CHINESE.fullmatch(text)
    if match is None or not (match["m"] or match["y"]):
        return None
    groups = match.groupdict()
    year: int | None = None
    if groups.get("y"):
        word = groups["y"]
        if word.isdigit():
            years = (int(word),) if len(word) == 4 else _centuries(int(word), style)
            year = years[0]
            if len(years) > 1:
                return uncertain("import.date_century_open", choices=tuple(str(y) for y in years))
        else:
            this = style.year or (style.not_after.year if style.not_after else None)
            if this is None:
                return refused("import.date_relative")
            year = this - {"今": 0, "本": 0, "去": 1, "前": 2}[word]
    month = int(groups["m"]) if groups["m"] else None
    day, part = groups["d"], groups.get("part")
    if month is None:
        if day or year is None:
            return None
        if not FIRST_YEAR <= year <= LAST_YEAR:
            return refused("import.date_year_far", year=year)
        point = _Point(date(year, 1, 1), date(year, 12, 31), "year")
        return point._replace(doubt=uncertain("import.date_part_of_year")) if part else point
    if not 1 <= month <= 12:
        return None
    if day:
        found = _day(year, month, int(day)) if year is not None else _yearless(month, int(day), style)
        if found is None or isinstance(found, Finding):
            return found if found is not None else refused("import.date_impossible")
        return _one(found, "" if year is not None else "year from context")
    if year is None:
        known = _month_without_year(month, style)
        if not isinstance(known, tuple):
            return known
        year = known[0]
    return _thirds(year, month, _THIRD[part]) if part else _month(year, month)


def _with_month_name(text: str, style: DateStyle) -> "_Point | Finding | None":
    if not any(char.isalpha() for char in text):
        return None
    match = _EATEN.fullmatch(text)
    if match and match[1] in _MONTHS:
        month, number = _MONTHS[match[1]], int(match[2])
        choices = [f"{year}-{month:02d}" for year in _centuries(number, style)]
        day = _yearless(month, number, style) if 1 <= number <= 31 else None
        if day is not None:
            choices.append(str(day) if isinstance(day, date) else f"{month:02d}-{number:02d}")
        reading = _month(int(choices[0][:4]), month)
        return reading._replace(doubt=uncertain("import.date_eaten", choices=tuple(choices))) if reading else None
    match = _Y_MON_D.fullmatch(text)
    if match:
        return _one(_day(int(match["y"]), _MONTHS[match["mon"]], int(match["d"])))
    match = _MON_Y.fullmatch(text)
    if match:
        return _month(int(match["y"] or match["y2"]), _MONTHS[match["mon"] or match["mon2"]])
    for pattern in (_D_MON_Y, _MON_D_Y):
        match = pattern.fullmatch(text)
        if match is None:
            continue
        month, day_number = _MONTHS[match["mon"]], int(match["d"])
        if match["y"] is None:
            day = _yearless(month, day_number, style)
            if day is None:
                continue
            return _one(day, "year from context") if isinstance(day, date) else day
        years = (int(match["y"]),) if len(match["y"]) == 4 else _centuries(int(match["y"]), style)
        days = [d for year in years if (d := _day(year, month, day_number))]
        if not days:
            continue
        if len(days) > 1:
            return uncertain("import.date_century_open", choices=tuple(str(d) for d in days))
        return _one(days[0])
    match = _MON_ONLY.fullmatch(text)
    if match:
        known = _month_without_year(_MONTHS[match["mon"]], style)
        return _month(*known) if isinstance(known, tuple) else known
    return None


_WEEKS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3}


def _part_of_month(text: str, style: DateStyle) -> "_Point | Finding | None":
    match = _PART.fullmatch(folded(text))
    if match is None:
        return None
    whole = _with_month_name(match["rest"].strip(), style) or _numbers(match["rest"].strip(), style)
    if isinstance(whole, Finding):
        return whole
    if not isinstance(whole, _Point):
        return None
    if whole.precision == "year":
        return whole._replace(doubt=uncertain("import.date_part_of_year"))
    if whole.precision != "month":
        return None
    year, month, last = whole.earliest.year, whole.earliest.month, whole.latest.day
    if match["week"]:
        word = match["week"]
        first_day = last - 6 if word == "last" else _WEEKS[word] * 7 + 1
        return _Point(date(year, month, first_day), date(year, month, first_day + 6), "part_of_month", "week")
    third = next(third for third in ("early", "mid", "late") if match[third])
    return _thirds(year, month, third)


# ------------------------------------------------------------------------------------------------ the order of a column


class OrderDecision(NamedTuple):
    """Which order a column writes: decided, open (a question), or contradicted by some of its own cells."""

    order: Order | None
    open: bool
    possible: tuple[Order, ...] = ()
    reason: str = ""
    example: str = ""
    against: int = 0  # cells that can't be read in the decided order


@dataclass
class OrderEvidence:
    """Gathers from all cells of a column which orders of day, month and year they allow."""

    style: DateStyle = PLAIN_STYLE
    votes: dict[frozenset[Order], int] = field(default_factory=dict)
    examples: dict[frozenset[Order], str] = field(default_factory=dict)
    dotted: int = 0
    total: int = 0

    def add(self, text: str, times: int = 1) -> None:
        """One cell (or several alike). Cells that aren't three numbers, and those that start with the year, say nothing."""
        for part in _ORDER_SEPARATORS.finditer(plain(text)):
            a, b, c = part[1], part[3], part[5]
            if len(a) > 2 or len(c) == 3 or len(c) == 1:
                continue
            found = _candidates([int(a), int(b), int(c)], self.style, 2 if len(c) == 4 else None)
            if not found:
                continue
            self.total += times
            self.dotted += times * (part[2] == "." and len(c) == 4)
            if len(set(found.values())) == 1 and len(found) > 1:
                continue  # the same day in every order
            key = frozenset(found)
            self.votes[key] = self.votes.get(key, 0) + times
            self.examples.setdefault(key, text)

    def decide(self) -> OrderDecision:
        """The order, from every cell seen so far."""
        if not self.votes:
            return OrderDecision(None, False)
        decisive = {next(iter(key)): count for key, count in self.votes.items() if len(key) == 1}
        possible = frozenset[Order].intersection(*self.votes)
        if len(possible) == 1:
            order = next(iter(possible))
            example = next((text for key, text in self.examples.items() if len(key) == 1), "")
            return OrderDecision(order, False, (order,), "import.order_by_cells", example)
        if not possible:
            count, likely = max(((n, order) for order, n in decisive.items()), default=(0, None))
            against = sum(n for key, n in self.votes.items() if likely not in key)
            orders = tuple(sorted({o for key in self.votes for o in key}))
            decided = likely if count >= 20 * against else None  # a few slips against hundreds of cells
            return OrderDecision(decided, decided is None, orders, "import.order_contradicted", self._clash(), against)
        if self.dotted == self.total and "dmy" in possible:
            return OrderDecision("dmy", False, ("dmy",), "import.order_by_dots", next(iter(self.examples.values())))
        return OrderDecision(
            None, True, tuple(sorted(possible)), "import.order_open", next(iter(self.examples.values()))
        )

    def _clash(self) -> str:
        return " / ".join(list(self.examples.values())[:3])


def serial_day(number: int, epoch_1904: bool = False) -> date:
    """The calendar day of a spreadsheet's day number."""
    return (date(1904, 1, 1) if epoch_1904 else date(1899, 12, 30)) + timedelta(days=number)


__all__ = [
    "PLAIN_STYLE",
    "DateStyle",
    "Order",
    "OrderDecision",
    "OrderEvidence",
    "ReadDate",
    "note",
    "numeral",
    "read_date",
    "serial_day",
]
