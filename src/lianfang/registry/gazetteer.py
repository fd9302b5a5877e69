"""Finding the area that a text means: names in Chinese, English and pinyin, codes, and the day on which they held.

Nothing is guessed. A text that fits several areas is answered with all of them; names of higher areas decide. An area
of the same name inside another (上饶县 in 上饶市) is no doubt: the larger one holds both.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from math import prod

from rapidfuzz import fuzz, process

LEVELS = ("country", "province", "city", "county", "township", "village", "grid")
MOST_CANDIDATES = 30
ALIKE = 80  # rapidfuzz ratio of two names from which one may be a misspelling of the other


@dataclass(frozen=True, slots=True)
class PlaceText:
    """A place as a row tells it: an official code if given, and names from the largest area to the smallest.

    ``names`` are pairs of level and name; the level is empty where the text does not say what kind of area it is.
    ``address`` is what stands below the areas: road, building, door.
    """

    code: str = ""
    names: tuple[tuple[str, str], ...] = ()
    address: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.code or self.names)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One area that a text may mean; ``path`` is how to tell it from the others, as “浙江省 台州市”."""

    code: str
    name: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.code} {self.path or self.name}"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The area a text means. ``unread`` are the names that the area does not account for (a zone, a street)."""

    code: str
    name: str = ""
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """More than one area fits; only a person can say which. ``within`` is the smallest area that holds them all."""

    candidates: tuple[Candidate, ...]
    within: str = ""


@dataclass(frozen=True, slots=True)
class NotFound:
    """No area fits. ``within`` is the smallest area that the other names do give; ``suggestions`` look alike."""

    text: str = ""
    within: str = ""
    suggestions: tuple[Candidate, ...] = ()


@dataclass(slots=True, eq=False)
class Place:
    """One row of the tree of areas, valid from a day until (not including) another."""

    pk: int
    code: str
    name: str
    name_en: str
    level: str
    path: str
    valid_from: date | None = None
    valid_until: date | None = None
    rank: int = field(init=False)

    def __post_init__(self) -> None:
        self.rank = LEVELS.index(self.level)

    def holds_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day < self.valid_until
        )

    def within(self, other: "Place") -> bool:
        return self.path.startswith(other.path)


# ---- names made alike

_SUFFIXES = {
    "province": ("特别行政区", "自治区", "省", "市"),
    "city": ("自治州", "地区", "盟", "市"),
    "county": ("自治县", "自治旗", "林区", "特区", "新区", "矿区", "县", "区", "市", "旗"),
    "township": ("街道办事处", "街道办", "街道", "民族乡", "民族镇", "镇", "乡", "苏木"),
    "village": ("社区居民委员会", "居民委员会", "村民委员会", "社区居委会", "居委会", "村委会", "社区", "行政村", "村", "居"),
}  # fmt: skip
_SHORTEST = {"林区": 3, "新区": 2, "矿区": 2}  # 神农架林区, but 碑林区; 浦东新区, but 清新区
_PEOPLES = (
    "乌孜别克|柯尔克孜|俄罗斯|达斡尔|鄂温克|鄂伦春|维吾尔|哈萨克|塔吉克|塔塔尔|蒙古|布依|朝鲜|土家|哈尼|傈僳|高山|拉祜|东乡|纳西|景颇|仫佬|"
    "布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|德昂|保安|裕固|独龙|赫哲|门巴|珞巴|基诺|回|藏|苗|彝|壮|满|侗|瑶|白|傣|黎|佤|畲|水|土|羌|怒|京|各"
)
_PEOPLE = re.compile(rf"(?:(?:{_PEOPLES})族)+$|(?<=..)(?:蒙古|维吾尔|哈萨克|柯尔克孜|塔吉克|锡伯|壮族|回族)$")
_LATIN_KINDS = {
    "province": "province", "autonomous region": "province", "region": "province", "special administrative region": "province",
    "sar": "province", "municipality": "city", "city": "city", "autonomous prefecture": "prefecture", "prefecture": "prefecture",
    "league": "prefecture", "district": "district", "new district": "district", "new area": "district", "county": "county",
    "autonomous county": "county", "banner": "county", "autonomous banner": "county", "forestry district": "district",
    "subdistrict": "township", "sub-district": "township", "street": "township", "town": "township", "township": "township",
    "village": "village", "community": "village", "residential community": "village",
    "sheng": "province", "shi": "city", "qu": "district", "xian": "county", "zhen": "township", "jiedao": "township",
}  # fmt: skip
_LATIN_SUFFIX = re.compile(
    r"[\s_-]+(" + "|".join(sorted(map(re.escape, _LATIN_KINDS), key=len, reverse=True)) + r")\.?$"
)
_LATIN_PEOPLES = re.compile(
    r"\b(hui|zhuang|uyg?h?ur|zang|tibetan|mongol(?:ian)?|miao|yi|dong|tujia|buyei|bouyei|bai|dai|lisu|qiang|hani|korean|kazak?h?|"
    r"kirgh?iz|jingpo|li|manchu|yao|sala?r|and)\b"
)


def has_chinese(text: str) -> bool:
    return any("\u3400" <= sign <= "\u9fff" for sign in text)


def chinese_stem(name: str, level: str) -> str:
    """A Chinese name without the word for its kind and the peoples named in it.

    >>> chinese_stem("温州市", "city"), chinese_stem("景宁畲族自治县", "county"), chinese_stem("绛县", "county")
    ('温州', '景宁', '绛')
    """
    for suffix in _SUFFIXES.get(level, ()):
        if name.endswith(suffix) and len(name) - len(suffix) >= _SHORTEST.get(suffix, 1):
            stem = name[: -len(suffix)]
            bare = _PEOPLE.sub("", stem)
            return bare if len(bare) > 1 or len(stem) == 1 else stem
    return name


def latin_key(text: str) -> str:
    """Letters and figures only, in lower case, so that “Xi'an”, “xian” and “Xī’ān” are one key."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(sign for sign in plain if sign.isascii() and sign.isalnum())


def latin_stem(text: str) -> tuple[str, str]:
    """The key of a name in Latin letters without the word for its kind, and the kind that the word names.

    >>> latin_stem("Wenzhou City"), latin_stem("Wenshan Zhuang and Miao Autonomous Prefecture"), latin_stem("Xi'an")
    (('wenzhou', 'city'), ('wenshan', 'prefecture'), ('xian', ''))
    """
    name, kind = re.sub(r"\([^)]*\)", " ", text.lower()).replace("\xa0", " ").strip(), ""
    while found := _LATIN_SUFFIX.search(
        name
    ):  # “Xilingol League City” has two words for its kind; the inner one counts
        kind, name = _LATIN_KINDS[found[1]], name[: found.start()]
        if kind == "prefecture" or found[1].startswith("autonomous"):
            first, _, rest = name.partition(" ")
            name = f"{first} {_LATIN_PEOPLES.sub('', rest)}".strip()
    return latin_key(name), kind


def _of_kind(place: Place, kind: str) -> bool:
    """Whether an area is of the kind that a word in the text names."""
    match kind:
        case "":
            return True
        case "city":  # a prefecture-level city, a municipality, a county-level city
            return (
                place.level == "city"
                or (place.rank <= 3 and place.name.endswith("市"))
                or (place.level == "county" and place.code[2:4] == "90")
            )
        case "prefecture":
            return place.level == "city"
        case "district":
            return place.level == "county" and place.name.endswith("区")
        case "county":
            return place.level == "county" and not place.name.endswith(("区", "市"))
        case _:
            return place.level == kind


_WORD_LEVEL = {"prefecture": "city", "district": "county"}
_CHINESE_KIND = (
    (("特别行政区", "自治区", "省"), "province"), (("自治州", "地区", "盟"), "prefecture"), (("市",), "city"),
    (("自治县", "自治旗", "县", "旗"), "county"), (("街道", "镇", "乡", "苏木", "街道办", "街道办事处"), "township"),
    (("社区", "村", "居委会", "村委会", "居民委员会", "村民委员会"), "village"), (("区",), "district"),
)  # fmt: skip


def _chinese_kind(name: str) -> str:
    return next((kind for suffixes, kind in _CHINESE_KIND if len(name) > 2 and name.endswith(suffixes)), "")


# What stands for a grouping in the code table and for no place of its own: the 市辖区 of a municipality.
_GROUPING = re.compile(r"市辖区$|直辖县级行政区划$|^重庆市县$")


class Gazetteer:
    """Every area that ever was, by code and by name. Built once, asked often."""

    def __init__(self, places: Iterable[Place]):
        self.by_code: dict[str, list[Place]] = defaultdict(list)
        self.by_path: dict[str, Place] = {}
        self.chinese: dict[str, list[Place]] = defaultdict(list)
        self.latin: dict[str, list[Place]] = defaultdict(list)
        self.readings: dict[str, list[Place]] = defaultdict(list)  # plain pinyin, where no name answers
        self.by_parent: dict[str, list[Place]] = defaultdict(list)
        self.places = list(places)
        changes: set[date] = set()
        for place in self.places:
            self.by_code[place.code].append(place)
            self.by_parent[_above(place)].append(place)
            known = self.by_path.get(place.path)
            if known is None or known.valid_until is not None:
                self.by_path[place.path] = place
            changes.update(day for day in (place.valid_from, place.valid_until) if day)
            self._index(place)
        self.changes = sorted(changes)
        self._sorted: dict[int, list[str]] = {}
        self._below: dict[tuple[str, bool], tuple[dict[str, list[Place]], dict[str, list[Place]]]] = {}
        self._answers: dict[tuple[PlaceText, int], Resolved | Ambiguous | NotFound] = {}

    def _index(self, place: Place) -> None:
        from pypinyin import lazy_pinyin  # a fifth of a second to load, and only reading places needs it

        if _GROUPING.search(place.name):
            return
        for key in {place.name, chinese_stem(place.name, place.level)}:
            self.chinese[key].append(place)
        keys: set[str] = set()
        if place.name_en:
            stem = latin_stem(place.name_en)[0]
            keys.add(stem)
            if "ü" in place.name_en.lower():  # 吕梁 is written Luliang, Lvliang and Lyuliang
                keys.update(latin_stem(re.sub("[üÜ]", spelt, place.name_en))[0] for spelt in ("v", "yu"))
            short = chinese_stem(place.name, place.level)
            if place.rank == 3 and len(short) == 1:  # 绛县 is written Jiang County and Jiangxian
                keys.add(stem + latin_key("".join(lazy_pinyin(place.name[1:]))))
        reading = latin_key("".join(lazy_pinyin(chinese_stem(place.name, place.level)))) if place.rank <= 3 else ""
        if place.rank == 2:  # 呼和浩特 is Hohhot and Huhehaote
            keys.add(reading)
        elif reading:  # 陕西 reads shanxi too, but is written Shaanxi to tell it from 山西
            self.readings[reading].append(place)
        for key in keys - {""}:
            self.latin[key].append(place)

    # ---- asked by the import

    def era(self, on: date | None) -> int:
        """The number of the span between two changes of the code table in which a day lies; -1 for an unknown day."""
        return -1 if on is None else bisect_right(self.changes, on)

    def within(self, code: str, other: str) -> bool:
        """Whether the area of one code is that of another, or lies in it."""
        return any(a.within(b) for a in self.by_code.get(code, ()) for b in self.by_code.get(other, ()))

    def resolve(self, place: PlaceText, on: date | None) -> Resolved | Ambiguous | NotFound:
        """The area that a text means on a day; where the day is unknown, areas of today before those of the past."""
        key = (place, self.era(on))
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) > 50_000:
                self._answers.clear()
            answer = self._resolve(place, on)
            if isinstance(answer, NotFound):
                answer = self._run_together(place, on) or answer
            self._answers[key] = answer
        return answer

    def _run_together(self, place: PlaceText, on: date | None) -> Resolved | Ambiguous | None:
        """Two names written as one, as 乐清虹桥镇; taken only where both are areas, one inside the other."""
        for at, (_level, name) in enumerate(place.names):
            if not has_chinese(name) or self._named(name, "", [], on):
                continue
            parts = self._cut(name, on)
            if len(parts) < 2:
                return None
            names = (*place.names[:at], *parts, *place.names[at + 1 :])
            answer = self._resolve(PlaceText("", names, place.address, place.text), on)
            if isinstance(answer, Resolved) and {part for _level, part in parts} & {*answer.unread}:
                return None  # 武汉大厦 is a house
            return None if isinstance(answer, NotFound) else answer
        return None

    def _resolve(self, place: PlaceText, on: date | None) -> Resolved | Ambiguous | NotFound:
        if place.code:
            return self._by_code(place, on)
        names = [(level, name) for level, name in place.names if name.strip()]
        if not names:
            return NotFound(place.text)
        around: list[Place] = []
        unread: list[str] = []
        for level, name in names:
            found = self._named(name, level, around, on)
            if found:
                around = found
                continue
            holder = _common(around)
            past = self._named(name, level, around, None)
            if renamed := self._renamed(past, on):
                around = [renamed]
                continue
            if past or holder is None or not self._may_stay_unread(name, level, holder, on):
                if past:
                    suggested = [row for gone in past for row in self._successors(gone, on)]
                    holder = self._holder(past) if len(past) > 1 else self.by_path.get(_above(past[0]))
                else:
                    suggested = self._named(name, level, [], on) or self._alike(name, holder, on)
                return NotFound(name, self.path_of(holder) if holder else "", self._candidates(suggested[:8]))
            unread.append(name)
        return self._answer(around, tuple(unread))

    def _answer(self, found: list[Place], unread: tuple[str, ...]) -> Resolved | Ambiguous:
        found = sorted(found, key=lambda row: row.code)
        best = _common(found)
        if best is not None and best in found:
            return Resolved(best.code, best.name, unread)
        holder = self._holder(found)
        return Ambiguous(self._candidates(found[:MOST_CANDIDATES]), self.path_of(holder) if holder else "")

    def _by_code(self, place: PlaceText, on: date | None) -> Resolved | Ambiguous | NotFound:
        code = place.code.strip().upper()
        if len(code) == 8 and code.isdigit() and code not in self.by_code:
            code = code[:6]  # of the direct report: the county's six figures, and two for a township in its own count
        for shorter in _codes(code):
            rows = self.by_code.get(shorter)
            if not rows:
                continue
            now = self._on(rows, on)
            if renamed := self._renamed(rows, on) if not now else None:
                now = [renamed]
            if not now:
                parent = self.by_path.get(_above(rows[0]))
                return NotFound(
                    code, self.path_of(parent) if parent else "", self._candidates(self._successors(rows[0], on))
                )
            found = now[0]
            left = code[len(shorter) :].strip("0") and len(code) > len(shorter)
            if left and any(child.rank == found.rank + 1 for child in self.children(found)):
                return NotFound(code, self.path_of(found))  # the code goes deeper, and its last figures are wrong
            return Resolved(found.code, found.name, (code,) if left else ())
        return NotFound(code)

    def _renamed(self, gone: Sequence[Place], on: date | None) -> Place | None:
        """The area that an area became when only its kind or code changed: 玉环县 is 玉环市 now."""
        found = {
            row
            for one in gone
            for row in self._successors(one, on)
            if chinese_stem(row.name, row.level) == chinese_stem(one.name, one.level)
        }
        return found.pop() if len(found) == 1 else None

    def _successors(self, gone: Place, on: date | None) -> list[Place]:
        """For an area that does not stand on a day: those beside it that began when it ended, and those of its name."""
        beside = [
            row for row in self.by_parent.get(_above(gone), []) if row.valid_from and row.valid_from == gone.valid_until
        ]
        named = self.chinese.get(chinese_stem(gone.name, gone.level), [])
        rows = [*beside, *(row for row in named if row.path.startswith(_above(gone)) and row.rank == gone.rank)]
        return [row for row in self._on(list(dict.fromkeys(rows)), on) if row.code != gone.code]

    # ---- names

    def _named(self, name: str, level: str, around: Sequence[Place], on: date | None) -> list[Place]:
        """Areas of a name on a day, within (or being) one of those around; the best kind of match alone."""
        text = unicodedata.normalize("NFKC", name).strip()
        if has_chinese(text):
            text = re.sub(r"\s+", "", text)
            rows, kind = self.chinese.get(text, []), ""
            if not rows:
                kind = _chinese_kind(text)
                stem = chinese_stem(text, _WORD_LEVEL.get(kind, kind) or level)
                rows = self.chinese.get(stem, [])
                if not rows and text.endswith("州"):  # 延边州
                    rows, kind = self.chinese.get(text[:-1], []), "prefecture"
        else:
            stem, kind = latin_stem(text)
            rows = self.latin.get(stem, [])
            if not kind or not rows:
                whole = self.latin.get(latin_key(text), [])
                rows = rows + [row for row in whole if row not in rows]
            rows = rows or self.readings.get(stem, [])
            if not rows and stem.endswith("zhou"):  # qiannanzhou
                rows, kind = self.latin.get(stem[:-4], []), "prefecture"
        rows = self._on(rows, on)
        if around:
            rows = [row for row in rows if any(row.within(one) for one in around)]
        elif level in LEVELS[:4] or (not level and any(row.rank <= 3 for row in rows)):
            rows = [row for row in rows if row.rank <= 3]
        wishes: list[Callable[[Place], bool]] = []
        if "'" in text or "’" in text:
            wishes.append(lambda row: "'" in row.name_en)  # Xi'an is not Xian
        if has_chinese(text):
            wishes.append(lambda row: row.name == text)
        if kind:
            wishes.append(lambda row: _of_kind(row, kind))
        if level:
            wishes.append(
                lambda row: row.level == level or (level == "city" and row.rank == 1 and row.name.endswith("市"))
            )
        for wish in wishes:
            rows = [row for row in rows if wish(row)] or rows
        if kind and not any(_of_kind(row, kind) for row in rows):
            rows = [row for row in rows if _near_kind(row, kind)]
        if around and len(rows) > 1:  # the nearest below decides: a county before a village of its name
            top = min(row.rank for row in rows)
            rows = [row for row in rows if row.rank == top]
        return rows

    def _on(self, rows: Sequence[Place], on: date | None) -> list[Place]:
        if on is not None:
            return [row for row in rows if row.holds_on(on)]
        latest: dict[str, Place] = {}
        for row in rows:
            known = latest.get(row.code)
            if (
                known is None
                or row.valid_until is None
                or (known.valid_until is not None and row.valid_until > known.valid_until)
            ):
                latest[row.code] = row
        standing = [row for row in latest.values() if row.valid_until is None]
        return standing or list(latest.values())

    def _may_stay_unread(self, name: str, level: str, holder: Place, on: date | None) -> bool:
        """Whether a name may be passed over: what stands inside an area already told, and is no area of its own."""
        if not self.children(holder) and holder.rank >= 1:  # nothing below is known here
            return True
        if self._named(name, level, [], on):  # an area of somewhere else: one of the two is wrong
            return False
        return bool(_ZONE.search(name.lower())) or (holder.rank >= 2 and not self._alike(name, holder, on))

    def _alike(self, name: str, holder: Place | None, on: date | None) -> list[Place]:
        """Areas whose names look like this one, or whose characters can be read like it, the likest first."""
        chinese = has_chinese(name)
        names, readings = self._names_below(holder.path if holder else "", chinese)
        wanted = name if chinese else latin_stem(name)[0]
        near = process.extract(
            wanted, list(names), scorer=fuzz.ratio, limit=6, score_cutoff=ALIKE if len(wanted) > 4 else ALIKE - 15
        )
        found = [*readings.get(wanted, []), *(row for key, _score, _position in near for row in names[key])]
        return self._on(list(dict.fromkeys(found)), on)

    def _names_below(self, path: str, chinese: bool) -> tuple[dict[str, list[Place]], dict[str, list[Place]]]:
        """The names of areas below one (of provinces, cities and counties below none), and how else they can be read."""
        known = self._below.get((path, chinese))
        if known is not None:
            return known
        if not path:
            rows = [row for row in self.places if row.rank <= 3]
        else:
            rows = list(self.by_parent.get(path, []))
            rows += [below for row in rows if row.rank <= 2 for below in self.children(row)]
        names: dict[str, list[Place]] = defaultdict(list)
        readings: dict[str, list[Place]] = defaultdict(list)
        for row in rows:
            stem = chinese_stem(row.name, row.level)
            for key in {row.name, stem} if chinese else {latin_stem(row.name_en)[0]}:
                names[key].append(row)
            if not chinese and row.rank <= 3:
                for reading in _readings(stem):
                    readings[reading].append(row)
        self._below[path, chinese] = names, readings
        return names, readings

    # ---- typed by a person

    def read(self, text: str, on: date | None) -> Resolved | Ambiguous | NotFound:
        """The area that a person typed, in any of the ways people write one."""
        text = unicodedata.normalize("NFKC", text).strip()
        if code := re.match(r"(?:\d{12}|\d{9}|\d{8}|\d{6}|\d{4}|\d{2})(?=\s|$)", text):
            return self.resolve(PlaceText(code=code.group(), text=text), on)
        if text.upper() in self.by_code:
            return self.resolve(PlaceText(code=text.upper(), text=text), on)
        if has_chinese(text):
            return self.resolve(PlaceText(names=self._cut(text, on), text=text), on)
        pieces = [piece.strip() for piece in re.split(r"[,;/|>·]", text) if piece.strip()]
        names = tuple(("", piece) for piece in reversed(pieces))
        answer = self.resolve(PlaceText(names=names, text=text), on)
        if (
            isinstance(answer, NotFound) and len(pieces) == 1 and " " in pieces[0]
        ):  # “Wenzhou Lucheng”, “Lucheng Wenzhou”
            words = self._words(pieces[0], on)
            for order in (words, words[::-1]):
                again = self.resolve(PlaceText(names=tuple(("", word) for word in order), text=text), on)
                if not isinstance(again, NotFound):
                    return again
        return answer

    def _cut(self, text: str, on: date | None) -> tuple[tuple[str, str], ...]:
        """A Chinese text cut into the names it begins with, the longest known name at each step, and what is left."""
        rest = re.sub(r"[\s,、/·>—-]+", "", text)
        names: list[str] = []
        around: list[Place] = []
        while rest and not (names and rest in ("市", "省", "区", "县", "市区", "城区")):
            for length in range(min(len(rest), 16), 1, -1):
                name = rest[:length]
                if not self._on(self.chinese.get(name, []), on) or not (found := self._named(name, "", around, on)):
                    continue
                if not name.endswith(_KIND_WORDS) and (word := _KIND_WORD.match(rest[length:])):
                    name += word.group()  # a short name and the word for its kind: 临平 and 区
                    if not (found := self._named(name, "", around, on)):
                        continue
                names.append(name)
                around, rest = found, rest[len(name) :]
                break
            else:
                names.append(rest)
                break
        return tuple(("", name) for name in names)

    def _words(self, text: str, on: date | None) -> list[str]:
        """A text in Latin letters without commas cut into names, the longest known one at each step."""
        words = text.split()
        names: list[str] = []
        while words:
            for length in range(min(len(words), 6), 0, -1):
                name = " ".join(words[:length])
                if length == 1 or self._named(name, "", [], on):
                    names.append(name)
                    words = words[length:]
                    break
        return names

    def offered(self, text: str, on: date, most: int = 10) -> list[Place]:
        """What a person may be about to write: areas whose code or name begins so, the highest first."""
        text = unicodedata.normalize("NFKC", text).strip()
        chinese = has_chinese(text)
        wanted = re.sub(r"\s+", "", text) if chinese else text if text.isdigit() else latin_key(text)
        if not wanted:
            return []
        found: list[Place] = []
        match self.read(text, on):
            case Resolved(code=code):
                found = self._on(self.by_code[code], on)
            case Ambiguous(candidates=candidates):
                found = [row for one in candidates for row in self._on(self.by_code[one.code], on)]
        index = self.chinese if chinese else self.by_code if text.isdigit() else self.latin
        keys = self._sorted_keys(0 if chinese else 1 if text.isdigit() else 2, index)
        begun: list[Place] = []
        for key in keys[bisect_left(keys, wanted) : bisect_left(keys, wanted) + 300]:
            if not key.startswith(wanted):
                break
            begun += self._on(index[key], on)
        for rows in (found, begun):
            rows.sort(key=lambda row: (row.rank, row.code))
        return list({row.code: row for row in [*found, *begun] if not _GROUPING.search(row.name)}.values())[:most]

    def _sorted_keys(self, which: int, index: dict[str, list[Place]]) -> list[str]:
        if which not in self._sorted:
            self._sorted[which] = sorted(index)
        return self._sorted[which]

    # ---- the tree

    def children(self, place: Place) -> list[Place]:
        """The areas one step below, of all times."""
        return self.by_parent.get(place.path, [])

    def _holder(self, rows: Sequence[Place]) -> Place | None:
        """The smallest area that holds all of these."""
        parts = [row.path.split("/")[:-1] for row in rows]
        shared = []
        for codes in zip(*parts, strict=False):
            if len(set(codes)) > 1:
                break
            shared.append(codes[0])
        return self.by_path.get("/".join(shared) + "/") if len(shared) > 1 else None

    def path_of(self, place: Place) -> str:
        """The names from the province down, as “浙江省 台州市”."""
        return " ".join([*(row.name for row in self.above(place)), place.name])

    def above(self, place: Place) -> list[Place]:
        """The areas that hold this one, from the province down."""
        codes = place.path.split("/")[:-1]
        above = [self.by_path.get("/".join(codes[: depth + 1]) + "/") for depth in range(1, len(codes) - 1)]
        return [row for row in above if row and not _GROUPING.search(row.name)]

    def _candidates(self, rows: Sequence[Place]) -> tuple[Candidate, ...]:
        return tuple(Candidate(row.code, row.name, self.path_of(row)) for row in rows)


_KIND_WORD = re.compile("特别行政区|自治区|自治州|自治县|街道|[省市区县州盟旗镇乡村]")
_KIND_WORDS = tuple("省市区县州盟旗镇乡村") + ("街道",)
_ZONE = re.compile(
    r"开发区|高新|新区|园区|集聚区|管理区|示范区|度假区|瓯江口|浙南|经开|zone|high.?tech|new (?:area|district)|industrial|park|街|路|小区|大厦|"
    r"road|street|hotel|garden|plaza"
)


def _readings(stem: str) -> frozenset[str]:
    """Every way in which the characters of a short name can be read: 六安 is Lu'an, and often written Liuan."""
    from pypinyin import Style, pinyin

    ways = [{latin_key(reading) for reading in pinyin(sign, style=Style.NORMAL, heteronym=True)[0]} for sign in stem]
    if prod(map(len, ways)) > 64:
        return frozenset()
    return frozenset("".join(way) for way in product(*ways))


def _near_kind(place: Place, kind: str) -> bool:
    """Counties become cities and districts, so one word may stand for another of its level, and of no other."""
    return LEVELS.index({"prefecture": "city", "district": "county"}.get(kind, kind)) == place.rank or (
        kind == "city" and place.rank == 3
    )


def _common(rows: Sequence[Place]) -> Place | None:
    """The area among these that holds all the others, if there is one."""
    if not rows:
        return None
    top = min(rows, key=lambda row: len(row.path))
    return top if all(row.within(top) for row in rows) else None


def _above(place: Place) -> str:
    """The path of the area that holds this one."""
    return place.path[: -len(place.code) - 1]


def _codes(code: str) -> list[str]:
    """A code and the codes of the areas above it, the longest first; figures at the end that are only zeros go."""
    if not code.isdigit():
        return [code]
    whole = [code] + [code[:length] for length in (12, 9, 6) if len(code) > length]
    if len(code) in (2, 4):
        whole.append(code.ljust(6, "0"))
    return list(dict.fromkeys(whole))
