"""Reading a list of people that somebody pasted: a table from a spreadsheet, or lines as they come in a chat.

With headers the columns say what the cells are; without, their form does: an ID number, a telephone number, a day, an age.
What was not understood is kept and shown, never dropped and never guessed.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

from lianfang.kernel import clock
from lianfang.kernel.refusals import Refusal, refuse
from lianfang.registry.matching import id_number, phone_number

LONGEST = 2_000_000  # characters of a paste
MOST_ROWS = 5000
HEADERS = {
    "name": ("姓名", "名字", "接触者姓名", "密接姓名", "密切接触者", "密切接触者姓名", "旅客姓名", "name", "contact", "fullname"),
    "sex": ("性别", "sex", "gender"),
    "age": ("年龄", "岁数", "年龄(岁)", "age", "years"),
    "birth_date": ("出生日期", "出生年月", "生日", "birthdate", "dateofbirth", "born", "dob"),
    "id_number": ("身份证号", "身份证", "身份证号码", "证件号码", "证件号", "公民身份号码", "id", "idnumber", "idno", "passport"),
    "phone": ("电话", "联系电话", "手机", "手机号", "手机号码", "联系方式", "电话号码", "phone", "telephone", "mobile", "tel"),
    "area": ("区县", "县区", "县(市、区)", "乡镇", "街道", "乡镇街道", "属地", "现住区县", "所在地区", "area", "county", "district"),
    "address": ("现住址", "住址", "地址", "家庭住址", "居住地址", "详细地址", "现住址/工作单位", "address", "residence"),
    "relation": ("关系", "与病例关系", "与患者关系", "与病例的关系", "relation", "relationship"),
    "kind": ("接触方式", "接触类型", "暴露方式", "kind", "kindofcontact", "exposure"),
    "first_on": ("首次接触", "首次接触时间", "首次接触日期", "开始接触日期", "firstexposure", "firstcontact", "first"),
    "last_on": ("末次接触", "末次接触时间", "末次接触日期", "最后接触时间", "最后接触日期", "接触时间", "接触日期", "最后一次接触时间",
                "lastexposure", "lastcontact", "last", "dateofcontact"),
    "protected": ("防护", "防护情况", "有无防护", "是否防护", "protection", "protected"),
    "distance": ("距离", "接触距离", "距离(米)", "distance", "metres", "meters"),
    "from_at": ("进入时间", "到达时间", "签到时间", "开始时间", "from", "arrived", "checkin", "in"),
    "until_at": ("离开时间", "结束时间", "until", "left", "checkout", "out"),
    "compartment": ("车厢", "车厢号", "舱室", "房间", "carriage", "compartment", "cabin", "coach", "room"),
    "row": ("排", "排号", "行", "row"),
    "seat": ("座位", "座位号", "座号", "席位", "seat"),
    "note": ("备注", "说明", "note", "remark", "remarks"),
    "number": ("序号", "编号", "no", "number"),
}  # fmt: skip
_HEADER_OF = {word: name for name, words in HEADERS.items() for word in words}

SEXES = {"男": "M", "男性": "M", "m": "M", "male": "M", "女": "F", "女性": "F", "f": "F", "female": "F"}
RELATIONS = {
    "family": "家人 家属 家庭成员 配偶 妻子 丈夫 老婆 老公 父亲 母亲 爸爸 妈妈 儿子 女儿 孙子 孙女 外孙 外孙女 爷爷 奶奶 外公 外婆 岳父 岳母 "
    "公公 婆婆 哥哥 弟弟 姐姐 妹妹 兄弟 姐妹 亲戚 同住人 室友 wife husband father mother son daughter brother sister",
    "health_worker": "医生 护士 医务人员 医护 医护人员 接诊医生 doctor nurse",
    "classmate": "同学 校友 老师 学生",
    "colleague": "同事 工友 客户 员工 coworker",
    "friend": "朋友 好友",
    "neighbour": "邻居 neighbor",
    "fellow_traveller": "同乘 同车 同机 乘客 旅客 同乘者 同行 同行人员",
    "fellow_patient": "病友 同病区 同病房",
    "stranger": "陌生人 不认识",
}
KINDS = {
    "household": "同住 同室 家庭 共同居住 一起居住",
    "care": "照顾 护理 诊疗 诊疗护理 陪护 就诊",
    "meal": "同餐 聚餐 吃饭 共餐 宴席 聚会 打牌 麻将 唱歌",
    "workplace": "同办公室 同车间 同班组 同班 上班 共事 开会 同事",
    "vehicle": "同乘 同车 同机 同航班 同车厢 乘车 共用交通工具 拼车",
    "visit": "探视 看望 探望",
    "service": "服务 服务员",
    "same_ward": "同病区 同病房",
    "shared_items": "共用餐具 共用毛巾 共用物品",
    "secretions": "接触分泌物",
    "environment": "环境暴露 污染环境",
}
YES = ("有", "是", "有防护", "已防护", "戴口罩", "口罩", "全程口罩", "yes", "y", "true", "1", "protected", "mask")
NO = ("无", "否", "无防护", "未防护", "没有", "未戴口罩", "no", "n", "false", "0", "unprotected", "none")


def words_of(table: Mapping[str, str]) -> dict[str, str]:
    """Each word of a table with its code; a later entry does not take an earlier one's word."""
    found: dict[str, str] = {}
    for code, words in table.items():
        for word in words.split():
            found.setdefault(word, code)
    return found


_RELATION_OF, _KIND_OF = words_of(RELATIONS), words_of(KINDS)
_ID = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]|[1-9]\d{14}")
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}-\d{7,8}")
_AGE = re.compile(r"(\d{1,3})\s*(?:岁|周岁|years?|y)?")
_FULL_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ]?.*)?")
_DAY = re.compile(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?")
_FIGURES = re.compile(
    r"[\d\s年月日号岁xX+/.:：-]*\d[\d\s年月日号岁xX+/.:：-]*"
)  # a date, an age, a number: in no header
_HOUR = re.compile(r"(\d{1,2})[:：时](\d{2})")
_NAME = re.compile(r"[\u4e00-\u9fff·•]{2,5}|[A-Za-z][A-Za-z.'’-]*(?: [A-Za-z.'’-]+){1,4}")
_PLACE = re.compile(r"[\u4e00-\u9fff].*(?:省|市|区|县|镇|乡|街道|村|路|街|小区|社区|号|室|幢|栋)")
_SEAT = re.compile(r"(?:(\w{1,6})(?:车|车厢)\s*)?(\d{1,3})\s*(?:排)?\s*([A-Fa-f])(?:座|号)?")


@dataclass(frozen=True)
class Row:
    """One line as read: what it says of a person and of the exposure, and what was not understood of it."""

    line: int
    text: str
    said: dict[str, Any] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    header: str = ""  # the line of column names that it stood under


@dataclass(frozen=True)
class Roster:
    """A pasted list as read. ``columns`` are the headers with what each was taken for; empty without headers."""

    rows: tuple[Row, ...]
    columns: tuple[tuple[str, str], ...] = ()


def read(text: str, today: date) -> Roster:
    """Read a pasted list.

    >>> [row] = read("李建国 男 45岁 13800000001 同事 1月25日一起聚餐", date(2020, 1, 27)).rows
    >>> row.said["name"], row.said["sex"], row.said["phone"], row.said["relation"], row.said["last_on"]
    ('李建国', 'M', '13800000001', 'colleague', datetime.date(2020, 1, 25))
    """
    lines = _lines(text)
    cells = _cells(lines)
    columns: tuple[tuple[str, str], ...] = ()
    header = ""
    rows: list[Row] = []
    for number, parts in cells:
        original = lines[number - 1].strip("\r\n") if number <= len(lines) else ""
        if not columns and not rows and (found := _headers(parts)):
            columns, header = found, original
            continue
        if columns:
            rows.append(replace(_by_header(number, original, parts, columns, today), header=header))
        else:
            rows.append(_by_form(number, original.strip(), parts, today))
    return Roster(tuple(rows), columns)


def names_no_names(text: str) -> bool:
    """Whether a list is a table with no column known to hold the names, though its first line could be of headers.

    >>> names_no_names("员工\\t手机\\n李建国\\t13800000001"), names_no_names("李建国\\t13800000001\\n王芳\\t13800000002")
    (True, False)
    """
    lines = _lines(text)
    rows = [cells for _number, cells in _cells(lines)] if _divider(lines) else []
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    if known := {name for _header, name in _headers(rows[0])}:
        return "name" not in known
    return not any(_FIGURES.fullmatch(cell) for cell in rows[0] if cell)


def cells_of(line: str) -> list[str]:
    """The cells of one line of a table as somebody pasted it."""
    [(_number, cells)] = _cells([line]) or [(1, [])]
    return cells


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _divider(lines: Sequence[str]) -> str:
    """What stands between the cells of a table; empty where the lines are none."""
    filled = [line for line in lines if line.strip()]
    if any("\t" in line for line in filled):
        return "\t"
    return "," if filled and filled[0].count(",") >= 2 else ""


def _cells(lines: Sequence[str]) -> list[tuple[int, list[str]]]:
    """The cells of each line that says something. Tables keep their empty cells; running lines are cut at spaces."""
    if divider := _divider(lines):
        reader = csv.reader(StringIO("\n".join(lines)), delimiter=divider)
        return [
            (reader.line_num, [cell.strip() for cell in row]) for row in reader if any(cell.strip() for cell in row)
        ]
    found = []
    for number, line in enumerate(lines, 1):
        whole = _PHONE.sub(lambda found: re.sub(r"[ -]", "", found[0]), _listed(line))
        parts = [part for part in re.split(r"[，,；;、|\s]+", whole) if part]
        if parts:
            found.append((number, parts))
    return found


def _listed(line: str) -> str:
    """A line without the number that a list in a chat puts before it: “1、”, “(2)”, “3.”."""
    return re.sub(r"^\s*[（(]?\d{1,4}(?:[）)、]|[.．](?!\d))\s*", "", line)


def meaning_of(header: str) -> str:
    """What a column of this name holds; empty when the name is not known."""
    return _HEADER_OF.get(re.sub(r"[\s_*：:]", "", header).lower().replace("（", "(").replace("）", ")"), "")


def _headers(parts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The headers with what each stands for, when the line is one of headers."""
    found = [(part, meaning_of(part)) for part in parts]
    return tuple(found) if sum(1 for _, name in found if name) >= 2 else ()


def _by_header(number: int, text: str, parts: Sequence[str], columns: Sequence[tuple[str, str]], today: date) -> Row:
    said: dict[str, Any] = {}
    unread: list[str] = []
    refused: list[Refusal] = []
    for (header, name), cell in zip(columns, parts, strict=False):
        if not cell or name == "number":
            continue
        if not name:
            unread.append(f"{header}: {cell}")
            continue
        value = _value(name, cell, today)
        if value is None:
            if name in ("relation", "kind"):
                unread.append(f"{header}: {cell}")
            else:
                refused.append(refuse("roster.unreadable", name, column=header, cell=cell[:40]))
        else:
            said[name] = value
    unread += [cell for cell in parts[len(columns) :] if cell]
    _complete(said)
    return Row(number, text, said, tuple(unread), tuple(refused))


def _by_form(number: int, text: str, parts: Sequence[str], today: date) -> Row:
    said: dict[str, Any] = {}
    unread: list[str] = []
    for part in parts:
        rest = part
        for name, pattern in (("id_number", _ID), ("phone", _PHONE)):
            if name not in said and (found := pattern.search(rest)):
                said[name] = found[0]
                rest = (rest[: found.start()] + rest[found.end() :]).strip("：:()（） ")
                rest = re.sub(r"^(?:身份证号?|电话|手机号?|联系电话)[：:]?", "", rest)
        if rest and not _take(rest, said, today):
            unread.append(rest)
    _complete(said)
    return Row(number, text, said, tuple(unread))


def _take(cell: str, said: dict[str, Any], today: date) -> bool:
    """Find out what a cell is by its form. False: it was not understood."""
    if "sex" not in said and (sex := SEXES.get(cell.lower())):
        said["sex"] = sex
        return True
    if "age" not in said and (found := _AGE.fullmatch(cell)) and int(found[1]) <= 130:
        said["age"] = int(found[1])
        return True
    if cell in _RELATION_OF and "relation" not in said:
        said["relation"] = _RELATION_OF[cell]
        return True
    if cell in _KIND_OF and "kind" not in said:
        said["kind"] = _KIND_OF[cell]
        return True
    if "name" not in said and _NAME.fullmatch(cell) and not _PLACE.fullmatch(cell):
        said["name"] = cell
        return True
    if "last_on" not in said and (found := _DAY.search(cell) or _FULL_DAY.search(cell)):
        whole = _FULL_DAY.search(cell)
        day = read_day((whole or found)[0], today)
        if day is not None:
            said["last_on"] = day
            rest = cell.replace((whole or found)[0], "")
            for word, kind in _KIND_OF.items():
                if word in rest:
                    said.setdefault("kind", kind)
                    break
            return True
    if "address" not in said and _PLACE.fullmatch(cell):
        said["address"] = cell
        return True
    if cell in YES or cell in NO:
        said["protected"] = cell in YES
        return True
    for word, kind in _KIND_OF.items():
        if word in cell and "kind" not in said:
            said["kind"] = kind
            return True
    return False


def _value(name: str, cell: str, today: date) -> Any:
    """A cell of a known column as its value; None when it can't be read."""
    match name:
        case "sex":
            return SEXES.get(cell.lower())
        case "age":
            found = _AGE.fullmatch(cell)
            return int(found[1]) if found and int(found[1]) <= 130 else None
        case "birth_date" | "first_on" | "last_on":
            return read_day(cell, today)
        case "id_number":
            return re.sub(r"\s", "", cell).strip("'")[:40]
        case "phone":
            return re.sub(r"[^\d+-]", "", cell)[:40] or None
        case "relation":
            return (
                cell
                if cell in RELATIONS or cell == "other"
                else next(
                    (code for word, code in _RELATION_OF.items() if word in cell.lower()),
                    "other" if cell == "其他" else None,
                )
            )
        case "kind":
            return cell if cell in KINDS else next((code for word, code in _KIND_OF.items() if word in cell), None)
        case "protected":
            low = cell.lower()
            return True if low in YES else False if low in NO else None
        case "distance":
            found = re.search(r"\d+(?:\.\d+)?", cell)
            return float(found[0]) if found else None
        case "row":
            found = re.search(r"\d{1,3}", cell)
            return int(found[0]) if found else None
        case "from_at" | "until_at":
            return read_hour(cell, today)
        case _:
            return cell[:200]


WAYS = {"family": "household", "colleague": "workplace", "classmate": "workplace", "fellow_traveller": "vehicle"}


def _complete(said: dict[str, Any]) -> None:
    """What one thing said tells of another: an ID number the sex and the birthday, a seat its row, a relation the way."""
    if (way := WAYS.get(said.get("relation", ""))) is not None:
        said.setdefault("kind", way)
    if number := said.get("id_number"):
        digits, valid = id_number(number)
        if valid and len(digits) == 18:
            said.setdefault("sex", "M" if int(digits[16]) % 2 else "F")
            said.setdefault("birth_date", date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14])))
    if (seat := said.get("seat")) and "row" not in said and (found := _SEAT.fullmatch(seat)):
        said["row"] = int(found[2])
        if found[1]:
            said.setdefault("compartment", found[1])
    if phone := said.get("phone"):
        said["phone"] = phone_number(phone) or phone


def read_day(text: str, today: date) -> date | None:
    """A day as people write it. Without a year it is the last such day that has come.

    >>> read_day("1月25日", date(2020, 1, 27)), read_day("2020/1/5", date(2020, 1, 27)), read_day("12.30", date(2020, 1, 2))
    (datetime.date(2020, 1, 25), datetime.date(2020, 1, 5), datetime.date(2019, 12, 30))
    """
    text = text.strip()
    try:
        if found := _FULL_DAY.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if re.fullmatch(r"(?:19|20)\d{6}", text):
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        if re.fullmatch(r"4\d{4}(?:\.\d+)?", text):  # a spreadsheet's number of days
            return date(1899, 12, 30) + timedelta(days=int(float(text)))
        if found := _DAY.match(text):
            month, day = int(found[1]), int(found[2])
            this_year = date(today.year, month, day)
            return this_year if this_year <= today else date(today.year - 1, month, day)
    except ValueError:
        return None
    return None


def read_hour(text: str, today: date) -> datetime | None:
    """A day with an hour, in the platform's time zone. Without an hour it is midnight."""
    day = read_day(re.split(r"[T ]", text.strip(), maxsplit=1)[0], today)
    if day is None:
        return None
    found = _HOUR.search(text)
    hour, minute = (int(found[1]), int(found[2])) if found else (0, 0)
    return clock.start_of(day) + timedelta(hours=hour, minutes=minute) if hour < 24 and minute < 60 else None
