"""Are two descriptions one person? Evidence for and against, weighed, with its reasons. Pure: no Django.

Each thing that two descriptions agree or differ in has three probabilities: that it is found on two records of *one
person*, on two records of *strangers*, and on two records of *relatives*, who share a telephone, a family name and a
door. The weight of a finding is the base-2 logarithm of the first over the other (Fellegi and Sunter 1969, J Am Stat
Assoc 64:1183); weights add up. A pair must beat the likelier of the two alternatives, so a parent and a child with one
telephone do not become one person. What is missing on either side says nothing.

Where a figure has a source it is named; all others are assumed, and `benchmarks/matching.py` shows what they give.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from math import log2
from typing import Any, NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler, Levenshtein
from stdnum.cn import ric

from lianfang.kernel.refusals import Phrase

from .writing import (
    COMMON_FAMILY_NAMES,
    COMPOUND_FAMILY_NAMES,
    LOOK_ALIKES,
    READINGS,
    READINGS_OF_FAMILY_NAMES,
    SIMPLIFIED,
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A description as the rules see it. Everything may be missing."""

    name: str = ""
    id_number: str = ""
    phone: str = ""
    sex: str = "U"
    birth_date: date | None = None
    birth_year: int | None = None
    county: str = ""
    township: str = ""
    parent_name: str = ""


@dataclass(frozen=True)
class Reason:
    """One finding and its weight in bits: positive for one person, negative against."""

    code: str
    weight: float


@dataclass(frozen=True)
class Match:
    """How likely two descriptions are one person (0 to 1), in a word, and why; the weightiest reason first."""

    score: float
    verdict: str  # certain, likely, possible, unlikely
    reasons: tuple[Reason, ...]


class Odds(NamedTuple):
    """How often a finding is made on two records of one person, of strangers, and of relatives."""

    one_person: float
    strangers: float
    relatives: float


# How common the three kinds of pairs are among pairs that are compared at all, before anything is compared.
# Assumed: one arrival in ten is known already, in a registry of a hundred thousand people, a few of them its relatives.
ONE_AMONG_STRANGERS = 2.0**-20
ONE_AMONG_RELATIVES = 2.0**-3

CERTAIN, LIKELY, POSSIBLE = 0.999, 0.9, 0.05

ID_SAME = Odds(0.94, 1e-6, 0.003)  # relatives: a parent's number given for a child
ID_MISTYPED = Odds(0.04, 1e-6, 0.001)  # one digit or two neighbours apart, and a checksum says that one is wrong
ID_DIFFERENT = Odds(0.003, 0.99, 0.99)  # both checksums hold
ID_DIFFERENT_UNSURE = Odds(0.02, 0.99, 0.99)  # one of the numbers is wrong anyhow

PHONE_SAME = Odds(0.75, 1e-5, 0.5)
PHONE_MISTYPED = Odds(0.05, 1e-4, 0.01)  # relatives: numbers bought together
PHONE_DIFFERENT = Odds(0.2, 1.0, 0.5)

BIRTH_DATE_SAME = Odds(0.93, 1 / 20_000, 0.01)  # strangers: 55 years of days; relatives: twins
BIRTH_DATE_MISTYPED = Odds(0.04, 1 / 1_500, 0.01)
BIRTH_DATE_DIFFERENT = Odds(0.02, 1.0, 0.98)
BIRTH_YEAR_NEAR = Odds(0.95, 3 / 70, 0.1)  # an age is right to a year
BIRTH_YEAR_APART = Odds(0.04, 8 / 70, 0.15)  # two to five years
BIRTH_YEAR_FAR = Odds(0.01, 59 / 70, 0.75)

SEX_SAME = Odds(0.99, 0.5, 0.5)
SEX_DIFFERENT = Odds(0.01, 0.5, 0.5)

TOWNSHIP_SAME = Odds(0.75, 1 / 150, 0.85)
COUNTY_SAME = Odds(0.9, 1 / 20, 0.9)
COUNTY_DIFFERENT = Odds(0.1, 0.95, 0.1)

PARENT_SAME = Odds(0.9, 1 / 10_000, 0.45)
PARENT_DIFFERENT = Odds(0.1, 1.0, 0.55)
PARENT_OF = Odds(0.001, 1 / 10_000, 0.3)  # the one is named as the parent of the other

# Names: how one person's name comes twice, and two relatives'. Strangers depend on how common the name is, see below.
NAME_ONE_PERSON = {
    "name_same": 0.88,
    "name_reading": 0.9,  # of those written in two scripts
    "name_order": 0.01,
    "name_sound": 0.05,  # pinyin keyboards offer homophones
    "name_form": 0.02,
    "name_near": 0.03,
    "name_one_character": 0.01,
    "name_family": 0.004,
    "name_different": 0.01,
}
NAME_RELATIVES = {
    "name_same": 1e-4,
    "name_reading": 1e-3,
    "name_order": 1e-4,
    "name_sound": 2e-3,
    "name_form": 5e-3,
    "name_near": 2e-2,
    "name_one_character": 0.1,  # brothers and sisters of one generation share a character
    "name_family": 0.4,
    "name_different": 0.49,
}
RARE_FAMILY_NAME = 1 / 1_000
ONE_CHARACTER_GIVEN = 0.15  # share of given names that are one character
GIVEN_CHARACTER = 1 / 60
SINGLE_GIVEN_CHARACTER = 1 / 50
GIVEN_SYLLABLE = 1 / 25
FAMILY_HOMOPHONES = 1.3

REASON_WORDS = {
    "id_same": Phrase("same ID number"),
    "id_mistyped": Phrase("ID numbers one slip apart, by the checksum"),
    "id_different": Phrase("different ID numbers"),
    "phone_same": Phrase("same telephone"),
    "phone_mistyped": Phrase("telephones one digit apart"),
    "phone_different": Phrase("different telephones"),
    "name_same": Phrase("same name"),
    "name_reading": Phrase("same name in another script"),
    "name_order": Phrase("same name in another order"),
    "name_sound": Phrase("names that sound the same"),
    "name_form": Phrase("names with look-alike characters"),
    "name_near": Phrase("names nearly the same"),
    "name_one_character": Phrase("names one character apart"),
    "name_family": Phrase("same family name only"),
    "name_different": Phrase("different names"),
    "birth_date_same": Phrase("same date of birth"),
    "birth_date_mistyped": Phrase("dates of birth one slip apart"),
    "birth_date_different": Phrase("different dates of birth"),
    "birth_year_near": Phrase("same age"),
    "birth_year_apart": Phrase("ages a few years apart"),
    "birth_year_far": Phrase("different ages"),
    "sex_same": Phrase("same sex"),
    "sex_different": Phrase("different sex"),
    "township_same": Phrase("same township"),
    "county_same": Phrase("same county"),
    "county_different": Phrase("different counties"),
    "parent_same": Phrase("same parent"),
    "parent_different": Phrase("different parents"),
    "parent_of": Phrase("one is named as the parent of the other"),
}


# ---------------------------------------------------------------------------------------------------------- names


@dataclass(frozen=True)
class Name:
    """A name taken apart: its plain form, whether in Chinese characters, and its syllables or words by sound."""

    plain: str  # Chinese: simplified characters without blanks; otherwise words in lower case without accents
    chinese: bool
    family: int  # how many characters are the family name; 0 in other scripts
    sounds: tuple[str, ...]

    @property
    def sound(self) -> str:
        """The sounds in no particular order, as order differs between languages."""
        return " ".join(sorted(self.sounds))


def _is_chinese(character: str) -> bool:
    from pypinyin.constants import PINYIN_DICT  # a fifth of a second to load, and only names need it

    return ord(character) in PINYIN_DICT


@lru_cache(maxsize=30_000)
def _reading(character: str) -> str:
    if character in READINGS:
        return READINGS[character]
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(character, style=Style.NORMAL, v_to_u=False)[0]


@lru_cache(maxsize=30_000)
def _heard(syllable: str) -> str:
    """A syllable as it is heard where zh and z, -ing and -in, ü and u are one: what people confuse who write by ear."""
    if syllable[:2] in ("zh", "ch", "sh"):
        syllable = syllable[0] + syllable[2:]
    if syllable.endswith(("ing", "eng")):
        syllable = syllable[:-1]
    return re.sub("^([ln])(v|yu|ü)", r"\1u", syllable)


@lru_cache(maxsize=50_000)
def parsed(text: str) -> Name | None:
    """A name taken apart, or None when there is nothing in it."""
    text = unicodedata.normalize("NFKC", text)
    characters = [SIMPLIFIED.get(character, character) for character in text if _is_chinese(character)]
    if characters:
        plain = "".join(characters)
        family = 2 if len(plain) > 2 and plain[:2] in COMPOUND_FAMILY_NAMES else 1
        head = READINGS_OF_FAMILY_NAMES.get(plain[:family], ()) if len(plain) > family else ()
        read = (*head, *(_reading(character) for character in characters[len(head) :]))
        return Name(plain, True, family, tuple(_heard(syllable) for syllable in read))
    bare = "".join(
        character for character in unicodedata.normalize("NFD", text) if not unicodedata.combining(character)
    )
    words = "".join(c if c.isalpha() else "" if c in "'’`" else " " for c in bare.casefold()).split()
    if not words:
        return None
    return Name(" ".join(words), False, 0, tuple(_heard(part) for word in words for part in _syllables(word)))


@cache
def _pinyin() -> frozenset[str]:
    """All syllables that some character is read as."""
    from pypinyin import Style, lazy_pinyin

    every = lazy_pinyin([chr(code) for code in range(0x4E00, 0x9FA6)], style=Style.NORMAL, v_to_u=False)
    return frozenset(syllable for syllable in every if syllable.isascii() and syllable.isalpha())


def _syllables(word: str) -> list[str]:
    """A word as the fewest pinyin syllables, or as it is when it is not pinyin."""
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 6), end):
            before = best[start]
            if before is not None and word[start:end] in _pinyin():
                now = best[end]
                if now is None or len(before) + 1 < len(now):
                    best[end] = [*before, word[start:end]]
    return best[-1] or [word]


def _commonness(name: Name) -> tuple[float, float]:
    """The share of people with this family name, and with this given name. Assumed but for the family names."""
    if not name.chinese:
        return RARE_FAMILY_NAME * 10, GIVEN_SYLLABLE ** max(1, len(name.sounds) - 1)
    family = COMMON_FAMILY_NAMES.get(name.plain[: name.family], RARE_FAMILY_NAME)
    given = len(name.plain) - name.family
    if given == 1:
        return family, ONE_CHARACTER_GIVEN * SINGLE_GIVEN_CHARACTER
    return family, (1 - ONE_CHARACTER_GIVEN) * GIVEN_CHARACTER**given


def _commonness_by_sound(name: Name) -> float:
    family, _ = _commonness(name)
    given = len(name.sounds) - max(1, name.family)
    share = ONE_CHARACTER_GIVEN if given == 1 else 1 - ONE_CHARACTER_GIVEN
    return min(1.0, family * FAMILY_HOMOPHONES) * share * GIVEN_SYLLABLE ** max(1, given)


def _names(a: Name, b: Name) -> tuple[str, Odds]:
    """What two names have in common, and how often that is found."""
    code, strangers = _names_alike(a, b)
    return code, Odds(NAME_ONE_PERSON[code], strangers, NAME_RELATIVES[code])


def _names_alike(a: Name, b: Name) -> tuple[str, float]:
    family, given = map(max, _commonness(a), _commonness(b))  # of two names the commoner one: it says less
    if a.plain == b.plain:
        return "name_same", family * given
    if a.chinese != b.chinese:
        return (
            ("name_reading", _commonness_by_sound(a if a.chinese else b))
            if a.sound == b.sound
            else ("name_different", 0.99)
        )
    if Counter(a.plain.split() if not a.chinese else a.plain) == Counter(b.plain.split() if not b.chinese else b.plain):
        return "name_order", family * given
    if a.sound == b.sound:
        return "name_sound", max(_commonness_by_sound(a), _commonness_by_sound(b))
    if not a.chinese:
        alike = JaroWinkler.similarity(" ".join(sorted(a.plain.split())), " ".join(sorted(b.plain.split())))
        return ("name_near", family / 20) if alike >= 0.92 else ("name_different", 0.99)
    apart = [(x, y) for x, y in zip(a.plain, b.plain, strict=False) if x != y]
    if len(a.plain) == len(b.plain) and len(apart) == 1:
        shared = family if a.plain[0] == b.plain[0] else given
        if frozenset(apart[0]) in LOOK_ALIKES:
            return "name_form", shared / 50
        if len(a.plain) > 2:
            return "name_one_character", family * GIVEN_CHARACTER * 2
    if a.plain[: a.family] == b.plain[: b.family]:
        return "name_family", family
    return "name_different", 0.95


# ------------------------------------------------------------------------------------- numbers, dates, sex, places


@lru_cache(maxsize=50_000)
def id_number(text: str) -> tuple[str, bool | None]:
    """An ID number in its plain form and whether its checksum holds (None: not a Chinese resident number).

    Numbers of the old kind with 15 digits become the 18 digits they are today. What cannot tell people apart is empty.
    """
    plain = "".join(character for character in unicodedata.normalize("NFKC", text).upper() if character.isalnum())
    if len(plain) < 6 or len(set(plain)) < 3 or not any(character.isdigit() for character in plain):
        return "", None
    if len(plain) == 15 and plain.isdigit():
        whole = plain[:6] + "19" + plain[6:]
        return (whole + ric.calc_check_digit(whole + "0"), True) if _real_day(whole[6:14]) else (plain, None)
    if len(plain) == 18 and plain[:17].isdigit():
        return plain, bool(_real_day(plain[6:14])) and ric.calc_check_digit(plain) == plain[17]
    return plain, None


def _real_day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def phone_number(text: str) -> str:
    """A telephone in its plain form: digits, without the country's code. Empty when it cannot tell people apart."""
    digits = "".join(c for c in unicodedata.normalize("NFKC", text) if c.isdigit())
    if len(digits) > 11 and digits.startswith(("86", "0086")):
        digits = digits.removeprefix("00").removeprefix("86")
    return digits if len(digits) >= 7 and len(set(digits)) > 2 else ""


def _id_numbers(a: tuple[str, bool | None], b: tuple[str, bool | None]) -> tuple[str, Odds] | None:
    (left, left_holds), (right, right_holds) = a, b
    if not left or not right:
        return None
    if left == right:
        return "id_same", ID_SAME
    if (left_holds is None) != (right_holds is None):
        return None  # a passport and a resident number: two papers of perhaps one person
    if OSA.distance(left, right, score_cutoff=1) == 1 and not (left_holds and right_holds):
        return "id_mistyped", ID_MISTYPED
    return "id_different", ID_DIFFERENT if left_holds and right_holds else ID_DIFFERENT_UNSURE


def _phones(left: str, right: str) -> tuple[str, Odds] | None:
    if not left or not right:
        return None
    if left == right:
        return "phone_same", PHONE_SAME
    if OSA.distance(left, right, score_cutoff=1) == 1:
        return "phone_mistyped", PHONE_MISTYPED
    return "phone_different", PHONE_DIFFERENT


def _born(person: Person) -> tuple[date | None, int | None]:
    day = person.birth_date
    if day is None:
        number, holds = id_number(person.id_number)
        day = _real_day(number[6:14]) if holds else None
    return day, day.year if day else person.birth_year


def _births(a: Person, b: Person) -> tuple[str, Odds] | None:
    (left, left_year), (right, right_year) = _born(a), _born(b)
    if left and right:
        if left == right:
            return "birth_date_same", BIRTH_DATE_SAME
        one, other = left.strftime("%Y%m%d"), right.strftime("%Y%m%d")
        swapped = left.year == right.year and (left.month, left.day) == (right.day, right.month)
        if swapped or OSA.distance(one, other, score_cutoff=1) == 1:
            return "birth_date_mistyped", BIRTH_DATE_MISTYPED
        return "birth_date_different", BIRTH_DATE_DIFFERENT
    if left_year is None or right_year is None:
        return None
    apart = abs(left_year - right_year)
    if apart <= 1:
        return "birth_year_near", BIRTH_YEAR_NEAR
    return ("birth_year_apart", BIRTH_YEAR_APART) if apart <= 5 else ("birth_year_far", BIRTH_YEAR_FAR)


def verdicts(a: Person, b: Person) -> dict[str, str]:
    """Of each thing known on both sides whether it is the same, close, or differs."""
    found = {}
    for reason in score(a, b).reasons:
        line, kind = LINE_OF.get(reason.code.split("_")[0]), reason.code.rsplit("_", 1)[1]
        if line:
            found[line] = "same" if kind == "same" else "differs" if kind in ("different", "far", "family") else "close"
    return found


def alike(a: str, b: str) -> str:
    """Whether two texts of any kind, an address say, are the same, close, or differ."""
    one, other = ("".join(unicodedata.normalize("NFKC", text).casefold().split()) for text in (a, b))
    if one == other:
        return "same"
    return "close" if fuzz.partial_ratio(one, other) >= 80 else "differs"


LINE_OF = {
    "name": "name",
    "id": "id_number",
    "phone": "phone",
    "sex": "sex",
    "birth": "born",
    "township": "area",
    "county": "area",
}


def marked(a: str, b: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Two texts in pieces: (text, whether the other has it otherwise).

    >>> marked("张小红", "张晓红")
    ([('张', False), ('小', True), ('红', False)], [('张', False), ('晓', True), ('红', False)])
    """
    left, right = [], []
    for step in Levenshtein.opcodes(a, b):
        differs = step.tag != "equal"
        if one := a[step.src_start : step.src_end]:
            left.append((one, differs))
        if other := b[step.dest_start : step.dest_end]:
            right.append((other, differs))
    return left, right


def born_apart(a: Person, b: Person) -> bool:
    """Whether the dates or years of birth speak clearly against one person."""
    found = _births(a, b)
    return found is not None and found[0] in ("birth_date_different", "birth_year_far")


def _sexes(a: Person, b: Person) -> tuple[str, Odds] | None:
    if "U" in (a.sex, b.sex):
        return None
    return ("sex_same", SEX_SAME) if a.sex == b.sex else ("sex_different", SEX_DIFFERENT)


def _areas(a: Person, b: Person) -> tuple[str, Odds] | None:
    if not a.county or not b.county:
        return None
    if a.county != b.county:
        return "county_different", COUNTY_DIFFERENT
    return ("township_same", TOWNSHIP_SAME) if a.township and a.township == b.township else ("county_same", COUNTY_SAME)


def _parents(a: Person, b: Person, left: Name | None, right: Name | None) -> tuple[str, Odds] | None:
    of_left, of_right = parsed(a.parent_name), parsed(b.parent_name)
    if (of_left and right and of_left.sound == right.sound) or (of_right and left and of_right.sound == left.sound):
        return "parent_of", PARENT_OF
    if not of_left or not of_right:
        return None
    return ("parent_same", PARENT_SAME) if of_left.sound == of_right.sound else ("parent_different", PARENT_DIFFERENT)


# -------------------------------------------------------------------------------------------------------- the whole


def score(a: Person, b: Person) -> Match:
    """Weigh all that two descriptions agree and differ in."""
    left, right = parsed(a.name), parsed(b.name)
    found = [
        finding
        for finding in (
            _id_numbers(id_number(a.id_number), id_number(b.id_number)),
            _phones(phone_number(a.phone), phone_number(b.phone)),
            _names(left, right) if left and right else None,
            _births(a, b),
            _sexes(a, b),
            _areas(a, b),
            _parents(a, b, left, right),
        )
        if finding
    ]
    against_strangers = [log2(odds.one_person / odds.strangers) for _, odds in found]
    against_relatives = [log2(odds.one_person / odds.relatives) for _, odds in found]
    totals = log2(ONE_AMONG_STRANGERS) + sum(against_strangers), log2(ONE_AMONG_RELATIVES) + sum(against_relatives)
    weights = against_strangers if totals[0] <= totals[1] else against_relatives
    probability = 1 / (1 + 2.0 ** -min(totals))
    reasons = [Reason(code, weight) for (code, _), weight in zip(found, weights, strict=True)]
    return Match(probability, _verdict(probability), tuple(sorted(reasons, key=lambda reason: -abs(reason.weight))))


def _verdict(probability: float) -> str:
    if probability >= CERTAIN:
        return "certain"
    if probability >= LIKELY:
        return "likely"
    return "possible" if probability >= POSSIBLE else "unlikely"


NAME_KEYS = frozenset(
    {"name", "sound", "sound_in"}
)  # kinds of keys that hold nothing but the name, and perhaps the county


def blocking_keys(person: Person) -> list[tuple[str, str]]:
    """Under what a person is found again, as (kind, text): at most six, and any one that two records share is enough.

    A name is kept as written (for exact look-up) and by its sound, alone and with the county, since a common name alone
    is shared by too many to look through; a birth date goes with the family name's sound.
    """
    keys = exact_keys_of(person)
    name = parsed(person.name)
    day, _ = _born(person)
    if name:
        keys.append(("sound", name.sound))
        if person.county:
            keys.append(("sound_in", f"{person.county} {name.sound}"))
    if day:
        keys.append(("born", f"{day} {person.county}" if person.county else f"{day} {name.sounds[0] if name else ''}"))
    return keys


MOST_SHARING = 50  # a key shared by more records than this tells nobody apart
FEW_SHARING = 10  # a name shared by more records than this is looked at only where the age allows it


def candidates(
    keys: Mapping[Any, Sequence[tuple[str, Any]]], sharing: dict[Any, list[Any]]
) -> dict[Any, dict[Any, bool]]:
    """Who shares a key with each description: {description: {who: whether nothing but a common name brought it here}}.

    ``keys`` are those of each description, ``sharing`` who is known under each key. Every description also meets those
    before it in ``keys``, and joins ``sharing`` as it goes.
    """
    found: dict[Any, dict[Any, bool]] = {}
    for described, own in keys.items():
        shared: dict[Any, bool] = {}
        for kind, key in own:
            people = sharing.setdefault(key, [])
            common = kind in NAME_KEYS and len(people) > FEW_SHARING
            if len(people) <= MOST_SHARING:
                for who in people:
                    if who != described:
                        shared[who] = shared.get(who, True) and common
            people.append(described)
        if shared:
            found[described] = shared
    return found


def exact_keys_of(person: Person) -> list[tuple[str, str]]:
    name = parsed(person.name)
    keys = [
        ("id", id_number(person.id_number)[0]),
        ("phone", phone_number(person.phone)),
        ("name", name.plain if name else ""),
    ]
    return [(kind, text) for kind, text in keys if text]


def exact_keys(text: str) -> list[tuple[str, str]]:
    """What a text typed into a search box may be: an ID number, a telephone or a name."""
    return exact_keys_of(Person(name=text, id_number=text, phone=text))
