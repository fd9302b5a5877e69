"""Writes docs/reference/import-understands.md: what the import reads, each example read by the platform itself.

python -m docs.understood
"""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from lianfang.exchange.reading import ages, identity, measures, vocabulary
from lianfang.exchange.reading.dates import DateStyle, read_date
from lianfang.exchange.reading.findings import UNKNOWN, Finding
from lianfang.exchange.reading.plain import UNKNOWN_TOKENS
from lianfang.exchange.reading.reasons import reason_of
from lianfang.exchange.reading.sentences import Context, read_case

PAGE = Path(__file__).resolve().parent / "reference" / "import-understands.md"
PUBLISHED = date(2020, 2, 10)

DATES = (
    "2020-01-03", "2020/1/3", "18.01.2020", "13/04/2020", "04/13/2020", "3 Jan 2020", "Jan 3, 2020", "20200103", "2020年1月3日", "二〇二〇年一月三日",
    "15 février 2020", "1er avril 2020", "2022/3/5 下午3点", "43850", "19.01.2020 - 23.01.2020", "25.01.2020 -", "9-12 January 2020", "2020年1月3日至1月5日", "before 2020-01-05",
    "end of December 2019", "early January 2020", "2020年1月中旬", "fines de marzo de 2020", "Anfang April 2020", "Jan 2020", "2020", "xx.01.2020", "20,01,2020", "2020-01-05?", "99/99/9999", "03/04/2020", "Jan-20", "2020-02-30", "正月初五", "########",
)  # fmt: skip
YEARLESS = ("2月8日", "12月29日", "1月9日-12日", "1.18", "1月底", "2.8", "3月1日")
AGES = (
    "45", "45岁", "2岁3月", "8个月", "20天", "3岁半", "40-49", "40多岁", "34 ans", "8 meses", "70 ans et plus", "in his 50s", "<1", "60+", "65岁以上", "newborn", "45 years (3/2/1975)", "Aug-68", "8月6日", "约50岁", "1965年生", "成人", "-3", "190",
)  # fmt: skip
WORDS: tuple[tuple[str, Callable[[str], Any], tuple[str, ...]], ...] = (
    ("Sex", vocabulary.read_sex, ("男", "Female", "m", "女性", "1", "未知的性别")),
    ("Class", vocabulary.read_classification, ("确诊病例", "Confirmed", "疑似", "suspect case", "Cas confirmé", "Descartado", "临床诊断病例", "无症状感染者", "排除")),
    ("Severity", vocabulary.read_severity, ("轻症", "普通型", "severe", "危重症", "死亡")),
    ("Outcome", vocabulary.read_outcome, ("治愈出院", "died", "No outcome yet", "在院治疗", "Alive", "Décédé", "Recuperado", "critical condition, intubated as of 14.02.2020")),
    ("Laboratory result", vocabulary.read_lab_result, ("阳性", "neg", "弱阳性", "-", "待查")),
    ("Temperature", measures.read_temperature, ("38.5℃", "38度5", "37.3-38.5", "101.3F", "正常")),
    ("Telephone", identity.read_phone, ("138 0013 8000", "0577-8888 6666", "1.38E+10", "138****8000")),
    ("ID number", identity.read_id_number, ("330302199001011234", "3.30302E+17", "330302********1234", "330302199001010000")),
)  # fmt: skip
SENTENCES = (
    "2月8日确诊：女，62岁，现住鹿城区，有某商场购物史，2月6日出现发热症状，现在定点医疗机构隔离治疗。",
    "患者X，男，45岁，家住西湖区三墩镇，1月20日出现发热、咳嗽，1月22日至市西溪医院就诊，1月25日确诊。",
    "确诊病例23：女，42岁，居住地为宝坻区，系第12例确诊患者的女儿，1月30日因发热到区人民医院就诊，2月1日确诊，普通型。",
    "病例2：女，8岁，某小学学生，系病例1女儿。1月26日核酸检测阳性，诊断为新冠肺炎确诊病例（轻型）。",
    "某男，62岁，汉族，1月19日从武汉返回，1月24日以“发热3天”收住市一医院，1月26日确诊。",
)


def _told(read: Any) -> tuple[str, str]:
    """What was read, and what is said about it."""
    if read is UNKNOWN:
        return "unknown", ""
    if isinstance(read, vocabulary.Along):
        others = ", ".join(f"{key} {value}" for key, value in read.others.items())
        return "; ".join(filter(None, (read.value, others))), reason_of(read.finding) if read.finding else ""
    if not isinstance(read, Finding):
        return str(read), ""
    said = {"note": "", "uncertain": "doubtful: ", "refused": "refused: "}[read.severity] + reason_of(read)
    return "" if read.reading is None else str(read.reading), said


def _table(read: Callable[[str], Any], texts: Iterable[str]) -> str:
    lines = ["| written | read | said |", "| --- | --- | --- |"]
    for text in texts:
        value, said = _told(read(text))
        lines.append(f"| `{text}` | {value} | {said} |")
    return "\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    read = read_case(text, Context(PUBLISHED, not_after=PUBLISHED))
    told = {key: str(value) for key, value in read.values.items() if key not in ("exposures", "place")}
    if place := read.values.get("place"):
        told["place"] = " ".join(name for _level, name in place.names)
    if exposures := read.values.get("exposures"):
        told["exposures"] = "; ".join(map(str, exposures))
    if read.related:
        told["related"] = "; ".join(f"{related.number} ({related.relation})" for related in read.related)
    facts = "; ".join(f"{key} **{value}**" for key, value in told.items())
    left = " · ".join(read.not_understood)
    return f"> {text}\n\n{facts}\n" + (f"\nNot understood, and shown: {left}\n" if left else "") + "\n"


def understood() -> str:
    """The page."""
    text = f"""<!-- Written by docs/understood.py: each example is read by the platform. Run: python -m docs.understood -->

# Import: what is understood

Every example below was read by the platform as this page was written. A cell that can't be read for certain is never
guessed at: it is *doubtful* (the row enters, the doubt stands beside it) or *refused* (the row comes back with row,
column, value, reason and remedy). How to go about it: [Import a line list](../how-to/import-a-line-list.md). What was read from
eight public files is counted in [the real files in figures](import-figures.md).

| in the file | what happens |
| --- | --- |
| a column that no rule reads | kept on the case under its header |
| a day, an age, a class, an outcome that can't be read | the row is refused |
| another cell that can't be read | kept as written |
| an ID number or telephone that can't be read | told as a doubt, kept nowhere: it tells nobody apart, and must not stand in clear |
| the same case number twice | passed over with the same content, refused with other content |
| a code and a name that tell of different places | asked, with both |
| one name of a village or township, without its city or county | asked, with the only area known by it |
| columns about other people (a contact, who investigated) or other places (of work, of registration) | kept, not suggested as the patient’s |
| numbers whose meaning the header tells, `性别（1=男，2=女）` | read as the header says, and shown |
| H and M in one column of sexes | M is a woman (hombre and mujer), and said |
| an age in years and one in months | told together; doubtful where they contradict each other |
| yes or no to whether somebody died | yes is died; no says nothing of the outcome |
| “asymptomatic” where a day of onset stands | no symptoms, no day of onset |
| headers in two rows | a group’s columns by their own names, told apart by the group where they repeat |
| a sentence that tells of several persons | one case, and the doubt beside it |
| titles above the header, sums and remarks below | no cases |
| words of a sentence that no rule understood | shown beside the row |

## Dates

Precision is kept: a range stays a range, a month a month. Which number of `03/04/2020` is the day is decided by the whole
column: one `14/04/2020` in it is enough. Where no cell tells, the import asks before it reads.

{_table(lambda text: read_date(text), DATES)}
Dates without a year take it from the day in the file's name or title, from the row's own report, or from what you set. Here
the list was made on {PUBLISHED}:

{_table(lambda text: read_date(text, DateStyle(not_after=PUBLISHED)), YEARLESS)}
## Ages

In years, as the span that the words allow. A column of its own for the unit (岁, 月, 天) is read with it.

{_table(ages.read_age, AGES)}
## Words, measures, numbers

Nobody knows: {", ".join(f"`{word}`" for word in ("N/A", "unknown", "不详", "待查", "?", "-", "暂缺", "无"))} and {len(UNKNOWN_TOKENS) - 8}
more are read as *unknown*, which is another thing than an empty cell. Numbers that stand for words (1 and 2 for the sexes) are
asked about once for the column.
"""
    for name, read, texts in WORDS:
        text += f"\n**{name}**\n\n{_table(read, texts)}"
    text += """
## Places

Names in Chinese, English and pinyin, from the largest area to the smallest, in one column or several, or a code of
GB/T 2260. The code and the name are two witnesses: the more precise counts where one holds the other, the known one where
the other is not known (a code that a spreadsheet rounded), and a person decides where they contradict each other. Names
that several areas bear (taizhou, 鼓楼区) are asked, with the candidates; the answer holds for all rows of the file. A code
that was valid on the day of the case is understood, even if it has been abolished since.

## Sentences about cases

Pasted, or in a column of a table. Headings above the sentences (a day, a county, the class) govern what follows. What no
rule understood is shown beside the row. Days without a year are read here as of a bulletin of """
    text += f"{PUBLISHED}.\n\n" + "".join(_sentence(told) for told in SENTENCES)
    return text.rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(understood(), encoding="utf-8")
