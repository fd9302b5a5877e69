"""Cell text made plain before it is read: widths, blanks, unknown tokens and Chinese numerals."""

import re
import unicodedata

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
_BLANKS = re.compile(r"\s+")

# Written where somebody should have known. "none" and "nil" say the same in a column of days, numbers or codes.
_UNKNOWN = """
    n/a na n.a n.a. #n/a n\\a n.k. nk n.d. nd unk unkn unknown unkown unknow notknown undetermined unspecified notavailable
    notapplicable notrecorded notreported notstated missing nodata null nan none nil pending tbd tbc ? ?? ??? - -- --- — ——
    – / // \\ . .. ... * ** _ __ x xx xxx
    不详 不明 未知 未详 不清 不清楚 不知 不知道 不确定 未填 未填写 未提供 无法提供 无法获取 拒绝提供 待查 待核实 待补充 待定 暂缺 暂无 缺失
    不适用 未记录 未报告 未采集 未测 无 空 无数据
    inconnu inconnue nsp nesaitpas nonprecise nonrenseigne desconocido desconocida sedesconoce nosabe sindato sindatos s/d
    ignorado ignorada naosabe naoinformado unbekannt k.a. keineangabe
"""
UNKNOWN_TOKENS = frozenset(_UNKNOWN.split())


def plain(text: str) -> str:
    """Full-width forms made half-width, invisible characters removed, runs of blanks made one, ends trimmed."""
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]  # how some exports keep a spreadsheet from rounding long numbers
    if text.isascii():
        return " ".join(text.split()) if " " in text or not text.isprintable() else text
    return _BLANKS.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).strip()


_ACCENTED = re.compile("[\u00c0-\u024f]")


def folded(text: str) -> str:
    """Latin letters without their accents, one for one.

    >>> folded("Fièvre, tos, Überweisung, 发热")
    'Fievre, tos, Uberweisung, 发热'
    """
    return text if text.isascii() else _ACCENTED.sub(lambda match: unicodedata.normalize("NFD", match.group())[0], text)


def is_unknown(text: str) -> bool:
    """Whether plain text only says that nobody knows."""
    return len(text) <= 16 and folded(text).lower().replace(" ", "").strip("()[]'\"") in UNKNOWN_TOKENS


_DIGITS = {
    char: value
    for value, chars in enumerate(["〇零○Ｏ", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"])
    for char in chars
}
_NUMERAL = re.compile("[〇零○一二三四五六七八九十廿卅百两壹贰叁肆伍陆柒捌玖]+")


def numeral(text: str) -> int | None:
    """A Chinese or Arabic whole number below a thousand, or digits read off one by one (二〇二〇); None when it is neither.

    >>> numeral("二十三"), numeral("二〇二〇"), numeral("廿八"), numeral("一百零二"), numeral("十")
    (23, 2020, 28, 102, 10)
    """
    if text.isascii() and text.isdigit():
        return int(text)
    if not text or any(char not in _DIGITS and char not in "十廿卅百" for char in text):
        return None
    if all(char in _DIGITS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total = 0
    rest = text
    if "百" in rest:
        head, _, rest = rest.partition("百")
        total += 100 * (_DIGITS.get(head, 1) if len(head) <= 1 else 1)
        rest = rest.lstrip("零〇")
    for sign, tens in (("廿", 2), ("卅", 3)):
        if rest.startswith(sign):
            total += tens * 10
            rest = rest[1:].removeprefix("十")
    if "十" in rest:
        head, _, rest = rest.partition("十")
        total += 10 * (_DIGITS.get(head, 1) if len(head) <= 1 else 1)
    if len(rest) > 1 or (rest and rest not in _DIGITS):
        return None
    return total + (_DIGITS[rest] if rest else 0)


def with_arabic_numerals(text: str) -> str:
    """Chinese numerals in running text written as digits: 三月五日 → 3月5日."""
    if text.isascii():
        return text

    def written(match: re.Match[str]) -> str:
        value = numeral(match.group())
        return match.group() if value is None else str(value)

    return _NUMERAL.sub(written, text)
