"""Body temperatures, counts and coordinates."""

import re
from dataclasses import dataclass
from typing import Any

from .findings import UNKNOWN, Finding, refused, uncertain
from .plain import is_unknown, plain


@dataclass(frozen=True, slots=True)
class ReadTemperature:
    """A body temperature in degrees Celsius, or the lowest and highest told."""

    low: float
    high: float
    text: str = ""

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g}-{self.high:g}"


_DEGREES = r"(\d{2,3}(?:[.,]\d{1,2})?)\s*(?:°|度|℃)?\s*(?:(\d)(?!\d))?\s*(?:c|f|摄氏度|°c|°f|℃|华氏度)?"
_TEMPERATURE = re.compile(
    rf"(?:t|temp(?:erature)?|体温|腋温|耳温|额温|最高)*\s*:?\s*{_DEGREES}(?:\s*(?:-|~|–|至|到|to)\s*{_DEGREES})?"
)


def read_temperature(text: str) -> ReadTemperature | Finding | Any | None:
    """A temperature in Celsius; Fahrenheit is converted and said so.

    >>> str(read_temperature("38度5")), str(read_temperature("37.3-38.5℃")), str(read_temperature("101.3F").reading)
    ('38.5', '37.3-38.5', '38.5')
    """
    cell = plain(text).lower()
    if not cell:
        return None
    if is_unknown(cell):
        return UNKNOWN
    match = _TEMPERATURE.fullmatch(cell)
    if match is None:
        if cell in ("normal", "正常", "afebrile", "no fever", "不发热", "无发热"):
            return uncertain("import.temperature_word")
        return refused("import.temperature_unreadable")
    degrees = [
        float(whole.replace(",", ".")) + (int(tenth) / 10 if tenth and "." not in whole else 0)
        for whole, tenth in ((match[1], match[2]), (match[3], match[4]))
        if whole
    ]
    fahrenheit = "f" in cell or "华氏" in cell or all(93 <= value <= 110 for value in degrees)
    if fahrenheit:
        degrees = [round((value - 32) * 5 / 9, 1) for value in degrees]
    if not all(30 <= value <= 44 for value in degrees):
        return refused("import.temperature_impossible")
    read = ReadTemperature(min(degrees), max(degrees), text)
    if fahrenheit:
        return uncertain("import.temperature_fahrenheit", read)
    if not all(34 <= value <= 43 for value in degrees):
        return uncertain("import.temperature_odd", read)
    return read


def read_count(text: str) -> int | Finding | Any | None:
    """A whole number of cases, zero or more."""
    if text.isdigit() and text.isascii():
        return int(text)
    cell = plain(text).replace(",", "").replace(" ", "").removesuffix("例").removesuffix("人").removesuffix(".0")
    if not cell:
        return None
    if cell.isdigit() and cell.isascii():
        return int(cell)
    if is_unknown(cell.lower()):
        return UNKNOWN
    if re.fullmatch(r"-\d+(?:\.\d+)?", cell):
        return refused("import.count_negative")
    return refused("import.count_unreadable")


def read_coordinate(text: str) -> float | Finding | Any | None:
    """Degrees of latitude or longitude."""
    cell = plain(text).lower().rstrip("°nesw ")
    if not cell:
        return None
    if is_unknown(cell):
        return UNKNOWN
    try:
        value = float(cell.replace(",", "."))
    except ValueError:
        return refused("import.coordinate_unreadable")
    return value if -180 <= value <= 180 else refused("import.coordinate_unreadable")
