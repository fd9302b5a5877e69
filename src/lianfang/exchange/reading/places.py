"""Place names taken apart and made alike. What code a place has is the registry's to say, through a resolver."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from lianfang.registry.gazetteer import Ambiguous, Candidate, NotFound, PlaceText, Resolved

from .findings import UNKNOWN, Finding, uncertain
from .plain import is_unknown, plain

__all__ = [
    "Ambiguous",
    "Candidate",
    "NotFound",
    "PlaceText",
    "Resolved",
]  # the registry's words for places, used throughout

LEVELS = ("country", "province", "city", "county", "township", "village")


class Resolver(Protocol):
    """Turns a place as told into an area's code, valid on a day. Given by the registry.

    ``era`` names the span of time within which no code changed: places are asked once per era, not once per day.
    """

    def resolve(self, place: PlaceText, on: date | None) -> Resolved | Ambiguous | NotFound: ...

    def era(self, on: date | None) -> Any: ...

    def within(self, code: str, other: str) -> bool: ...


class CodesOnly:
    """A resolver that believes official codes and knows no names, for use without a registry."""

    def resolve(self, place: PlaceText, on: date | None) -> Resolved | Ambiguous | NotFound:
        return Resolved(place.code) if place.code else NotFound(" ".join(name for _level, name in place.names))

    def era(self, on: date | None) -> Any:
        return None

    def within(self, code: str, other: str) -> bool:
        return code == other


def weigh(by_code: Any, by_name: Any, resolver: Resolver) -> tuple[Any, Finding | None]:
    """The area that a code and names tell together, and what is to be said of them.

    They are two witnesses: the more precise counts where one holds the other, the one that is known where the other is
    not. Where they contradict each other, as a code of 台湾 beside the name of 澳门, a person decides.
    """
    if not isinstance(by_code, Resolved):
        return (by_name, uncertain("import.code_unknown")) if isinstance(by_name, Resolved) else (by_name, None)
    if isinstance(by_name, NotFound):
        return by_code, None
    named = [Candidate(by_name.code, by_name.name)] if isinstance(by_name, Resolved) else list(by_name.candidates)
    for other in named:
        if resolver.within(by_code.code, other.code):
            return by_code, None
        if isinstance(by_name, Resolved) and resolver.within(other.code, by_code.code):
            return by_name, None
    both = (Candidate(by_code.code, by_code.name), *named)
    return None, uncertain("import.place_contradicts", choices=both)


def lone(place: PlaceText, answer: Any) -> bool:
    """Whether one name of a township or village is all that tells of a place: another city may well have one too."""
    if place.code or len(place.names) != 1 or not isinstance(answer, Resolved) or len(answer.code) <= 6:
        return False
    return bool(re.search(r"[\u4e00-\u9fff]", place.names[0][1])) and _stem(place.names[0][1]) == _stem(answer.name)


_CODE = re.compile(r"\d{6}(?:\d{2}|\d{3}|\d{6})?")
_SUFFIXES = (
    ("province", ("特别行政区", "自治区", "省")),
    ("city", ("自治州", "地区", "盟", "市")),
    ("county", ("自治县", "自治旗", "新区", "林区", "矿区", "特区", "县", "区", "旗")),
    ("township", ("街道办事处", "街道办", "街道", "镇", "民族乡", "乡", "苏木")),
    ("village", ("居民委员会", "村民委员会", "居委会", "村委会", "社区", "行政村", "村")),
)
_MUNICIPALITIES = ("北京", "上海", "天津", "重庆")
_PROVINCES = "黑龙江 内蒙古 北京 天津 河北 山西 辽宁 吉林 上海 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 广西 海南 重庆 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆 台湾 香港 澳门"
_PROVINCE_START = re.compile(
    "(" + "|".join(_PROVINCES.split(" ")) + ")(?:壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|省)?"
)
_NOT_THE_PROVINCE = re.compile(
    "吉林市|海南藏族|海南州|河南蒙古族|海南区"
    "|[\u4e00-\u9fff]{2,3}[东西南北中]?[一二三四五六七八九十]?(?:[路街巷]|大道|大街|大厦|花园|花苑|家园|小区|新村|广场|公寓|饭店|酒店|商城)"
)
_CHINESE_AREA = re.compile(
    r"([\u4e00-\u9fff]{1,12}?(?:特别行政区|自治区|自治州|自治县|自治旗|街道办事处|街道办|街道|居民委员会|村民委员会|居委会|村委会|社区|集聚区|开发区|高新区|新区|林区|省|市|盟|地区|县|区|旗|镇|乡|苏木|村))"
)
_ENGLISH_LEVEL = {
    "province": "province", "autonomous region": "province", "state": "province", "region": "",
    "sar": "province", "municipality": "city", "city": "", "prefecture": "city", "league": "city",
    "autonomous prefecture": "city", "district": "county", "county": "county", "banner": "county",
    "autonomous county": "county", "new area": "county", "subdistrict": "township", "township": "township",
    "town": "township", "street": "", "village": "village", "community": "village",
}  # fmt: skip
_ENGLISH_SUFFIX = re.compile(r"\s+(" + "|".join(sorted(_ENGLISH_LEVEL, key=len, reverse=True)) + r")\.?$", re.I)
_LEAD = re.compile(r"^(?:现住址?|现居住?地?|居住在?|住址|家住|住|常住|户籍|地址|籍贯)\s*[::]?\s*")


def read_area_code(text: str) -> str | Any | None:
    """An administrative code of 6, 8, 9 or 12 digits; other codes are passed on as written."""
    cell = plain(text).strip("'`\"").replace(" ", "")
    if not cell:
        return None
    if is_unknown(cell.lower()):
        return UNKNOWN
    if re.fullmatch(r"\d+\.0", cell):
        cell = cell[:-2]
    return cell


def split_place(text: str, level: str = "") -> tuple[tuple[str, str], ...]:
    """Names in a place text, from the largest area to the smallest, each with its level where the word tells it.

    >>> split_place("Baohe District, Hefei City")
    (('', 'Hefei City'), ('county', 'Baohe District'))
    >>> split_place("浙江省温州市鹿城区五马街道")
    (('province', '浙江省'), ('city', '温州市'), ('county', '鹿城区'), ('township', '五马街道'))
    """
    cell = plain(text)
    if not cell or is_unknown(cell.lower()):
        return ()
    cell = _LEAD.sub("", cell)
    if re.search(r"[\u4e00-\u9fff]", cell):
        return _split_chinese(cell, level)[0]
    pieces = [piece.strip() for piece in re.split(r"[,;/|]|\s-\s|>", cell) if piece.strip()]
    names = []
    for piece in reversed(pieces):
        match = _ENGLISH_SUFFIX.search(piece)
        kind = _ENGLISH_LEVEL[match[1].lower()] if match else ""
        names.append((kind, piece))
    if len(names) == 1 and level:
        names = [(names[0][0] or level, names[0][1])]
    return tuple(names)


def split_address(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The area names at the head of an address, and what follows them."""
    cell = _LEAD.sub("", plain(text))
    if not re.search(r"[\u4e00-\u9fff]", cell):
        return split_place(cell), ""
    return _split_chinese(cell, "")


def _split_chinese(text: str, level: str) -> tuple[tuple[tuple[str, str], ...], str]:
    names: list[tuple[str, str]] = []
    rest = re.sub(r"[\s,、/\-—>·]+", "", text) if not re.search(r"\d", text) else text.replace(" ", "")
    match = _PROVINCE_START.match(rest)
    if match and not _NOT_THE_PROVINCE.match(rest):
        short, after = match[1], rest[match.end() :]
        if short in _MUNICIPALITIES:
            after = after.removeprefix("市")
            names.append(("province", rest[: len(rest) - len(after)]))
        elif after or match.group() != short:
            names.append(("province", match.group()))
        else:
            names.append((level, short))  # 吉林 alone is a province and a city
        rest = after.lstrip(",、 ")
    while rest:
        match = _CHINESE_AREA.match(rest)
        if match is None:
            break
        name = match.group()
        # 庄市街道, 城区街道: the first word for a kind of area is part of a longer name.
        if longer := re.match(r"街道办事处|街道办?|社区|[镇乡](?![\u4e00-\u9fff]{1,3}[区县市])", rest[match.end() :]):
            name += longer.group()
        kind = _level_of(name, names)
        if name in ("市", "区", "县", "村", "市区", "小区", "城区") or (kind == "village" and name.endswith("小区")):
            break
        names.append((kind, name))
        rest = rest[len(name) :].lstrip(",、 -/")
    if rest and not names:
        names.append((level, rest))
        rest = ""
    elif rest and re.fullmatch(r"[\u4e00-\u9fff]{2,6}", rest) and not re.search(r"[路街巷弄号楼栋室园苑厦]$", rest):
        names.append(("", rest))
        rest = ""
    return tuple(names), rest


def _level_of(name: str, before: Sequence[tuple[str, str]]) -> str:
    """What kind of area a Chinese name is. 市 is a county-level city where a prefecture was named before it."""
    for kind, suffixes in _SUFFIXES:
        if not name.endswith(suffixes):
            continue
        if kind == "city" and name.endswith("市"):
            if any(level == "city" for level, _name in before):
                return "county"
            return "city" if any(level == "province" for level, _name in before) else ""
        if name.endswith(("集聚区", "开发区", "高新区")):
            return "county"
        return kind
    return ""


def place_from(code: str = "", parts: Sequence[tuple[str, str]] = (), address: str = "", text: str = "") -> PlaceText:
    """One place from several columns: parts are (level, text) from the largest to the smallest.

    A text that repeats a name already given (“Zhejiang” and “Hangzhou City, Zhejiang”) adds nothing.
    """
    names: list[tuple[str, str]] = []
    for level, written in parts:
        found = split_place(written, level)
        for kind, name in found:
            if not any(_alike(name, known) for _kind, known in names):
                names.append((kind or (level if len(found) == 1 else ""), name))
    rest = ""
    if address:
        found, rest = split_address(address)
        if not names:
            names = list(found)
        else:
            for kind, name in found:
                if kind in LEVELS[3:] and not any(_alike(name, known) for _kind, known in names):
                    names.append((kind, name))
    return PlaceText(code, tuple(names), rest or address, text)


def _alike(a: str, b: str) -> bool:
    """Whether two names say the same. “Jilin City” after “Jilin” says more: the city in the province of its name."""
    if _kind_word(a) != _kind_word(b):
        return False
    return _stem(a) == _stem(b)


def _kind_word(name: str) -> str:
    """The word for its kind that a name ends with, if it has one."""
    name = plain(name).lower()
    if found := _ENGLISH_SUFFIX.search(name):
        return found[1].lower()
    return next(
        (
            suffix
            for _kind, suffixes in _SUFFIXES
            for suffix in suffixes
            if name.endswith(suffix) and len(name) - len(suffix) >= 2
        ),
        "",
    )


def _stem(name: str) -> str:
    """A name without the word for its kind, to compare two spellings of one place.

    >>> _stem("Hefei City") == _stem("hefei"), _stem("温州市") == _stem("温州")
    (True, True)
    """
    name = plain(name).lower()
    name = _ENGLISH_SUFFIX.sub("", name)
    for _kind, suffixes in _SUFFIXES:
        for suffix in suffixes:
            if name.endswith(suffix) and len(name) - len(suffix) >= 2:
                return name[: -len(suffix)]
    return name.replace("'", "").replace(" ", "")
