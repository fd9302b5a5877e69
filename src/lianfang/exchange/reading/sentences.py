"""Case descriptions as Chinese cities publish them, read into the same values as a row of a line list.

Every rule takes away the words that it understood. What no rule took is handed back as *not understood*, so that a
person sees at a glance what the record still lacks. Dates without a year take it from the day of publication: they are
the latest such day that is not after it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from .ages import ReadAge, read_age
from .dates import DateStyle, ReadDate, read_date
from .findings import Finding, note, uncertain
from .measures import ReadTemperature, read_temperature
from .places import PlaceText, split_address
from .plain import numeral
from .symptoms import NO_SYMPTOMS, ReadSymptoms, codes_in

FEVER_DEGREES = 37.3
RECENT_DAYS = 60


@dataclass(frozen=True)
class Context:
    """What is known before reading: the day of publication (or a year), and what a heading said for all below it."""

    today: date
    year: int | None = None
    not_after: date | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def style(self) -> DateStyle:
        return DateStyle(year=self.year, not_after=self.not_after)


@dataclass(frozen=True, slots=True)
class ReadExposure:
    """One exposure that a description tells or denies.

    ``kind``: travel, residence, case_contact, suspected_contact, returnee_contact, venue, venue_contact, gathering,
    transport, imported or under_investigation. ``place`` is the place or venue as written.
    """

    kind: str
    place: str = ""
    when: ReadDate | None = None
    denied: bool = False
    text: str = ""

    def __str__(self) -> str:
        told = ("no " if self.denied else "") + self.kind
        return " ".join(filter(None, (told, self.place, str(self.when or ""))))


@dataclass(frozen=True, slots=True)
class Related:
    """Another case that a description names: its number in the same list, and how this case is related to it."""

    number: str
    relation: str
    text: str = ""


@dataclass(slots=True)
class Described:
    """One description as read: values by field key, findings, and the words that no rule understood."""

    text: str
    values: dict[str, Any]
    findings: list[Finding]
    not_understood: tuple[str, ...]
    related: tuple[Related, ...] = ()
    line: int = 0


# ------------------------------------------------------------------------------------------------------------ the text

_WIDE = {
    ord(wide): narrow
    for wide, narrow in zip("，；：（）！？．％／～－＋＝＊　［］＜＞", ",;:()!?.%/~-+=* []<>", strict=True)
}
_WIDE |= {0xFF10 + n: str(n) for n in range(10)}
_WIDE |= {0xFF21 + n: chr(65 + n) for n in range(26)} | {0xFF41 + n: chr(97 + n) for n in range(26)}
_WIDE |= {ord("﹣"): "-", ord("—"): "-", ord("–"): "-", ord("\u00a0"): " ", ord("\t"): " "}

_DAY = r"\d{1,2}\s*月\s*\d{1,2}(?!\d)\s*[日号]?"
_FULL = rf"(?:(?:\d{{4}}|\d{{2}})\s*年\s*)?{_DAY}"
_ISO = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
_DATE = re.compile(
    rf"(?P<range>(?:{_FULL}|{_ISO})\s*(?:\([^)]{{0,6}}\))?\s*[-~至到]+\s*(?:{_FULL}|{_ISO}|\d{{1,2}}\s*[日号]))"
    rf"|(?P<full>{_ISO}|{_FULL})"
    r"|(?P<part>(?:\d{4}年)?\d{1,2}月(?:上旬|中旬|下旬|初|底|末|中)|\d{4}年\d{1,2}月(?!\d))"
    r"|(?P<days>(?<![\d月.-])\d{1,2}\s*[-~至]\s*\d{1,2}\s*[日号])"
    r"|(?P<day>(?<![\d月.年-])\d{1,2}\s*[日号](?![楼室幢栋店馆线厅口院,，]?[楼室幢栋]))"
    r"|(?P<same>当日|当天|同日|同一天)|(?P<next>次日|第二天|翌日)"
)
_CHINESE_DATE = re.compile(
    r"([二〇零一三四五六七八九]{4})年|([一二三四五六七八九十]{1,3})月([一二三四五六七八九十廿]{1,3})([日号])"
)
_HOUR = (
    r"(?:上午|下午|晚上|晚间|晚|凌晨|中午|傍晚|早上|清晨|早晨|夜间|\d{1,2}(?:时|点)(?:\d{1,2}分|半|许)?|左右|前后|起)*"
)
T = "[\ue000-\uf8ff]"  # one date, after dates were replaced by signs of the private area


def narrow(text: str) -> str:
    """Wide signs made narrow one for one, so that places in the text stay where they are."""
    return text.translate(_WIDE)


def _arabic(text: str) -> str:
    """Dates in Chinese numerals (二〇二〇年二月三日) written in digits."""

    def written(match: re.Match[str]) -> str:
        if match[1]:
            return f"{numeral(match[1])}年"
        month, day = numeral(match[2]), numeral(match[3])
        return match.group() if month is None or day is None else f"{month}月{day}{match[4]}"

    return _CHINESE_DATE.sub(written, text)


_LABEL = re.compile(
    r"(现住址|现住地址|现居住地|现居地|居住地址?|家庭住址|住址|户籍所在地|户籍地址?|户籍|年龄|性别|姓名|职业|体温|出生日期|发病日期|发病时间|就诊日期|就诊时间|入院日期|入院时间|确诊日期|确诊时间|诊断日期|报告日期|临床分型)\s*:\s*"
)
# The disease by name is no finding in the lungs.
_DISEASE = re.compile(
    r"(?:新型冠状病毒|新冠病毒|新冠)(?:感染)?的?(?:肺炎)(?:\(COVID-19\))?|COVID-19|新冠病毒感染|新型冠状病毒感染"
)


class _Text:
    """A description with its dates taken out and its clauses apart; rules blank what they understood."""

    def __init__(self, text: str, context: Context):
        self.findings: list[Finding] = []
        self.dates: list[tuple[str, ReadDate | None]] = []
        self.context = context
        last: ReadDate | None = None
        out: list[str] = []
        at = 0
        text = _DISEASE.sub("新冠", _LABEL.sub(r"\1为", _arabic(narrow(text))))
        for match in _DATE.finditer(text):
            read = self._read(match, last)
            if read is None:
                continue
            out.append(text[at : match.start()])
            out.append(chr(0xE000 + len(self.dates)))
            self.dates.append((match.group(), read if isinstance(read, ReadDate) else None))
            if isinstance(read, ReadDate) and read.latest is not None:
                last = read
            at = match.end()
        out.append(text[at:])
        self.clauses = [
            clause for clause in re.split(r"[,;。!?\n]+|(?<=[^\d]):(?=[^\d])", "".join(out)) if clause.strip()
        ]

    def _read(self, match: re.Match[str], last: ReadDate | None) -> ReadDate | Finding | None:
        style = self.context.style()
        text = re.sub(r"\s+|\([^)]*\)", "", match.group())
        text = re.sub(r"(月\d{1,2})(?![\d日号])", r"\1日", text)
        if match["same"] or match["next"]:
            if last is None or last.latest is None:
                return None
            day = last.latest + timedelta(days=1 if match["next"] else 0)
            return ReadDate(day, day, "day", text, "relative")
        if match["day"] or match["days"]:
            if last is None or last.latest is None:
                return None
            anchor = last.latest
            numbers = [int(number) for number in re.findall(r"\d+", text)]
            days = [self._near(number, anchor) for number in numbers]
            if any(day is None for day in days) or (days[0] or anchor) > (days[-1] or anchor):
                return None
            if days[0] is None or days[-1] is None:
                return None
            return ReadDate(days[0], days[-1], "day" if days[0] == days[-1] else "range", text, "month from before")
        read = read_date(re.sub(r"[~至到]+", "至", text) if match["range"] else text, style)
        if isinstance(read, ReadDate):
            return read
        if isinstance(read, Finding):
            if isinstance(read.reading, ReadDate):
                return read.reading
            self.findings.append(read.at("", "", match.group()))
            return read
        return None

    @staticmethod
    def _near(day: int, anchor: date) -> date | None:
        """A day whose month was named before: in that month, or early in the next."""
        for year, month in ((anchor.year, anchor.month), (anchor.year + anchor.month // 12, anchor.month % 12 + 1)):
            try:
                found = date(year, month, day)
            except ValueError:
                continue
            if found >= anchor or (anchor - found).days < 20:
                return found
        return None

    def when(self, sign: str | None) -> ReadDate | None:
        return self.dates[ord(sign) - 0xE000][1] if sign else None

    def original(self, clause: str) -> str:
        """A piece of a clause with its dates as they were written."""
        return "".join(self.dates[ord(c) - 0xE000][0] if "\ue000" <= c <= "\uf8ff" else c for c in clause)


# ------------------------------------------------------------------------------------------------------------- patterns

_HAN = r"[\u4e00-\u9fff]"
_NAME_OF_PLACE = rf"(?:{_HAN}|·){{2,12}}?"
_CASE = (
    r"(?:第\s*(?P<nth>\d{1,4})\s*例)?(?P<who>(?:(?:来自)?(?:[\u4e00-\u9fff]{2,6}?)?(?:返回的|回来的|返乡的|的)?)?(?:本地|外地|外省|外市|隔离中的|后(?:来)?确诊的|已|新冠肺炎|新型冠状病毒(?:感染的)?肺炎|新冠)?"
    r"(?P<how>确诊|疑似|阳性|无症状|核酸阳性)?的?(?:新冠肺炎|新型冠状病毒(?:感染的)?肺炎|肺炎|新冠)?(?:(?:病例|患者|病人|感染者)(?:\s*\(?(?P<no>\d{1,4})\)?号?)?|(?<!病)例\s*(?P<no2>\d{1,4})))"
)
_RETURNEE = (
    r"(?P<returnee>(?P<from>武汉|湖北|[\u4e00-\u9fff]{2,6}?)(?:市|省)?(?:返乡|返温|回乡|回温|返回|回来|来温|归来|返杭|回杭|返[\u4e00-\u9fff]|回[\u4e00-\u9fff]|来[\u4e00-\u9fff]|返|来|籍)?(?:的)?(?:发热)?"
    r"(?:人员|亲戚|亲友|朋友|亲属|同事|务工人员|客人|旅客|同学|人|家人))"
)
_MEETING = (
    r"(?:的)?(?:有|存在|发生)?(?:过)?(?:近距离|密切|直接|间接)?"
    r"(?:接触|共同居住|共同生活|同住|同乘|同行|聚餐|聚会|同桌|同室|共同就餐|就餐|用餐|同餐|吃饭|打牌|打麻将|同车|共同工作|会面|见面|交谈|居住)(?:者|过)?(?:史)?"
)
_NO = r"(?P<no_>无|否认|没有|未与|从未)"
_RELATIONS = (
    "妻子|丈夫|配偶|爱人|父亲|母亲|父母|儿子|女儿|大女儿|小女儿|哥哥|弟弟|姐姐|妹妹|岳父|岳母|公公|婆婆|女婿|儿媳妇?|孙子|孙女|外孙女|外孙|爷爷|奶奶|外公|外婆|祖父|祖母|"
    "侄子|侄女|外甥女|外甥|舅舅|姑姑|姑父|姨妈|姨父|叔叔|婶婶|伯父|表[哥弟姐妹]|堂[哥弟姐妹]|同事|朋友|男友|女友|同学|邻居|室友|亲属|亲戚|家属|家人|家庭成员|"
    "(?<=之)[女子妻夫母父孙]|密切接触者|密接者?|接触者|夫妻|夫妇|母女|父子|母子|父女|兄弟|姐妹|姐弟|兄妹|同乘者|同乘人员|同车人员|同行人员|司机|客户|老乡|保姆|雇主|学生|老师"
)
_ACTS = "旅居|旅行|居住|旅游|外出|出差|探亲|学习|务工|生活|停留|逗留|经商|工作|出行|活动|接触"
_JOBS = "工作人员|售货员|营业员|收银员|员工|职工|店员|保安|导购员?|经营户|摊主|老板|服务员|经营者|管理人员"
_OCCUPATIONS = re.compile(
    r"^(?:职业[:为]?|为|系|是|从事)?(?P<job>(?:已)?退休(?:人员|工人|教师|职工|干部|在家)?|农民|务农|在校学生|大学生|中学生|小学生|学生|教师|医生|护士|医务人员|医护人员|(?:出租车|网约车|公交车?|货车|大巴)?司机|工人|职员|公司职员|企业职工|个体(?:户|经营户?|工商户|经商)?|务工(?:人员)?|外来务工人员|公务员|无业(?:人员)?|待业|家庭主妇|家务(?:及待业)?|自由职业者?|保安|厨师|餐饮(?:食品业|服务员)|服务员|快递员|外卖员|销售员?|保洁员?|民工|幼托儿童|散居儿童|学龄前儿童|干部职员|干部|民警|经商|商人|生意|村干部|志愿者|船员|海员|飞行员|空乘(?:人员)?)(?:工作)?$"
)
_AT_SCHOOL = re.compile(
    r"^(?:为|系|是)?(?P<w>[\u4e00-\u9fff\dX×*]{0,14}(?:小学|中学|大学|学院|学校|幼儿园|高中|初中))(?P<job>学生|教师|老师|职工|员工)\s*$"
)
_HOSPITAL = r"(?:(?:(?![到至往赴在由因])[\u4e00-\u9fff\d·()]){0,20}?(?:医疗机构|医院|卫生院|卫生服务中心|救治中心|临床中心|隔离病房|感染科|隔离点|观察点|诊所|门诊部?|卫生室|卫生所|疾控中心|人民医院|附一医|附二医))"

_FIRST_CONFIRMED = re.compile(
    rf"^\s*(?:于|经)?(?P<d>{T}){_HOUR}(?:新增)?(?:被|经[^,]{{0,14}}?)?(?:确诊|诊断)(?:为)?(?:病例|患者|病人)?(?:\d+例)?\s*$"
)
_CONFIRMED = re.compile(
    rf"(?:确诊(?:日期|时间)?(?:为|:|于)?\s*(?P<d2>{T})|(?P<d>{T}){_HOUR}(?:患者)?(?:被|经[^,]{{0,16}}?)?(?:双双|同时|均)?(?:(?:检测为|判定为|订正为|转为|确认为|诊断为)(?!(?:危?重|普通|轻)[型症])|确诊为|确诊|诊断(?!为))(?:[^,]{{0,20}}?(?P<class>无症状感染者|疑似病例|确诊病例|临床诊断病例|肺炎|病例|患者|阳性))?)"
)
_CONFIRMED_AS = re.compile(r"(?<!未)(?:确诊|诊断)为新冠(?!疑似|无症状|.{0,4}排除)")
_CONFIRM_UNKNOWN = re.compile(r"确诊(?:时间|日期)(?:不明|不详|未知|待查)")
_REPORTED = re.compile(
    rf"(?P<d>{T}){_HOUR}(?:被)?(?:报告|上报|通报|公布|发布|网报)(?:为)?(?:确诊|疑似)?(?:病例)?|(?:报告|通报|公布|发布)(?:日期|时间)?(?:为|:)?(?P<d2>{T})"
)
_CASE_NUMBER = re.compile(
    rf"^\s*(?:\(?[一二三四五六七八九十]{{1,3}}[、)]|[①-⑳])?\s*(?P<d>{T})?\s*(?:新增)?(?:我[市县区省])?(?:第)?(?P<class>确诊|疑似|无症状|输入|本地|境外输入)?(?:新冠肺炎)?(?:病例|患者|感染者|个案|病人|例)\s*(?:编号)?[\s:：#]*(?:No\.?)?\s*(?P<n>\d{{1,5}}|[一二三四五六七八九十]{{1,3}}|[A-Z]{{1,4}}\d{{1,5}}|[A-T](?=\s*(?:[(:,]|$))|[甲乙丙丁])(?:号|例)?\s*(?:病例|患者)?\s*(?:\([^)]{{0,10}}\))?\s*(?::|为|是)?"
)
_LIST_NUMBER = re.compile(
    r"^\s*(?:\(?(?P<n>\d{1,3}|[一二三四五六七八九十]{1,3}(?=[、)]))(?:[.、)]|\s(?=[\u4e00-\u9fff]))|第(?P<m>\d{1,4})例\s*:?|[①-⑳])\s*(?!\d)"
)
_SEX = re.compile(
    r"(?<![\u4e00-\u9fff儿子])(?:性别[:为]?)?某?(?:一名|1名|患者|该患者|系|为)*(?P<s>男|女)(?:性|童|孩|婴|子)?(?:患者)?(?=$|[\s、()/\d\ue000-\uf8ff汉]|$)"
)
_SEX_LATE = re.compile(
    r"(?<=[岁月天生])\s*(?:的)?(?P<s>男|女)(?:性|童|孩|婴|子|患者)?(?:患者|居民|村民)?(?![朋友儿婿])"
)
_SEX_EARLY = re.compile(
    r"^(?:一名|1名|患者|该患者|为)?(?P<s>男|女)(?:性|童|孩|婴|子)?(?:患者|居民|村民)?(?=\d|年龄|[\s]*\d{1,3}岁)"
)
_AGE = re.compile(
    r"(?:年龄[:为]?|现年|今年)?\s*(?P<a>\d{1,3}\s*(?:周?岁)(?:半|零?\d{1,2}个?月)?|\d{1,3}[余多]岁|\d{1,2}个?月(?:龄|大)|\d{1,2}个月|\d{1,3}天(?:龄|大)?(?=$|男|女|婴)|[二三四五六七八九]?十[一二三四五六七八九]?岁|出生\d{1,3}天)"
)
_AGE_BARE = re.compile(r"^(?:年龄[:为]?)\s*(?P<a>\d{1,3})$|^\s*(?P<b>\d{1,3})\s*$")
_BORN = re.compile(
    rf"(?:出生(?:日期|年月)?(?:于|:)?\s*)?(?P<y>(?:19|20)\d{{2}})年(?:(?P<m>\d{{1,2}})月)?(?:出生|生)|出生(?:日期)?(?:于|:)(?P<d>{T})|(?P<d2>{T})(?:出生|生)"
)
_PERSON_NAME = re.compile(
    r"^[■\s]*(?:患者|病例|姓名[:为]?|确诊者)?\s*(?P<n>[\u4e00-\u9fff](?:某某|某[\u4e00-\u9fff]?|[×xX*＊○]{1,2}[\u4e00-\u9fff]?|先生|女士|小姐)|(?<=姓名为)[\u4e00-\u9fff]{2,4})(?:\([^)]{0,8}\))?\s*$"
)
_PERSON_NAME_FIRST = re.compile(
    r"^(?:患者)?(?P<n>(?!患者|病例|男性|女性|职业|退休|农民|学生|现住|司机|教师|护士|医生|工人)[\u4e00-\u9fff]{2,3})$"
)
_LIVES = re.compile(
    r"(?:现住址?|现居住?地?|现居|居住(?:在|于|地址?)?|家住(?:在)?|住址|家庭住址|常住地?(?!居民|人口)|现常住|常年居住(?:在|于)?|住(?:在|于))(?:为|是|:)?\s*(?P<p>[^,。;()]{2,40}?)(?:\([^)]*\))?(?:居民)?\s*$|"
    r"^\s*现在(?P<p2>[\u4e00-\u9fff]{2,8}(?:市|县|区|镇|乡|街道))\s*$|^\s*住(?P<p3>[\u4e00-\u9fff\d]{2,30}(?:市|县|区|镇|乡|街道|村|社区|小区|号|室|幢|花园|公寓|家园|苑))\s*$"
)
_FROM_PLACE = re.compile(
    r"^(?:系|为|是)?(?P<p>[\u4e00-\u9fff]{2,14}?)(?P<what>户籍|籍|人|(?:常住|本地)?(?:居民|村民|市民|人口))\s*$"
)
_REGISTERED = re.compile(r"(?:户籍(?:地址|所在地|地)?|户口(?:所在地)?|籍贯)(?:为|是|:|在)?\s*(?P<p>[^,。;()]{2,30})")
_LIVES_THERE = re.compile(
    rf"(?P<d>{T})?(?:曾|一直|长期|常年|平时|目前|现)*(?:在|于|居住(?:在|于)?)?(?P<p>[\u4e00-\u9fff]{{2,8}}?)(?:市|省)?(?:居住|定居|务工|打工|经商|工作|就读|上学|读书|求学|做生意|上班|生活)(?:人员|者|学生)?(?:史)?$"
)
_TRAVEL_HISTORY = re.compile(
    rf"(?P<neg>无|否认|没有)?(?:(?:发病|确诊|病)前)?(?:\d+[天日]内)?(?:曾|有|均)*(?P<p>(?!确诊|疑似|密切|共同)(?:(?!无|否认|没有|未)[\u4e00-\u9fff]){{2,12}}?)(?:等(?:地|疫区))?(?P<acts>(?:{_ACTS})(?:(?:或|及|和|、|以及|史或|史及|史、|史和)(?:{_ACTS})|{_ACTS})*)史"
    rf"(?P<more>(?:以及|及|或|、)?接触[\u4e00-\u9fff]{{2,12}}人员)?"
)
_RETURNED = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:患者|该患者|其|本人|全家|一家)?(?:一家|全家|\d+人|(?:随|与|和|同)[^,]{{1,6}}?(?=从|自|由))?(?:自驾车?|驾车|开车|(?:乘|坐|搭乘?|乘坐)(?P<by0>[^,]{{1,20}}?)(?=从|自|由))?(?:从|自|由|在)?(?P<from>(?!患者|出现|返回|即|到){_NAME_OF_PLACE})(?:市|省)?(?:出发)?(?:经(?P<via>{_NAME_OF_PLACE}))?"
    rf"(?:自驾车?|驾车|开车|(?:乘|坐|搭乘?|乘坐)(?P<by>[^,]{{1,20}}?))?(?:途经[^,]{{2,10}}?)?(?P<verb>返回|回到|返|回|抵达|飞抵|到达|抵|(?<![未近以原后本从])来到?|入境)(?P<to>(?:{_HAN}(?<!后)){{0,10}}?)(?P<tail>后(?:即|便|随即)?|过年|探亲|务工|过春节|$|(?=出现))"
)
_RETURNED_ONLY = re.compile(
    rf"(?P<d>{T}){_HOUR}(?:患者|其)?(?:自驾车?|驾车|(?:乘|坐|搭乘?|乘坐)(?P<by>[^,]{{1,20}}?))?(?P<verb>返回|回到|返|回|抵达|到达|抵|来到)(?P<to>{_HAN}{{1,10}}?)(?P<tail>后(?:即|便)?|$)"
)
_WENT = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:患者|该患者|其|曾|与家人|一家)*(?:从(?P<from>{_NAME_OF_PLACE}))?(?:(?:乘|坐|搭乘?|乘坐)(?P<by>[^,]{{1,16}}?))?(?:去过?|到过?|赴|前往|至|飞往|来到?|在)(?P<to>{_NAME_OF_PLACE})(?P<d2>{T})?(?:旅游|旅行|出差|探亲|游玩|务工|开会|学习|培训|做客|拜年|走亲(?:访友)?|经商|进货|参会|度假|打工)(?:史)?"
)
_JOURNEY = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:自驾车?|驾车|开车)?(?:从|自|由)(?P<from>{_NAME_OF_PLACE})(?:出发)?(?:自驾车?|驾车|开车|(?:乘|坐|搭乘?|乘坐)(?P<by>[^,]{{1,20}}?))?(?:到|至|赴|前往|飞往|飞抵)(?P<to>(?!医|就|家){_HAN}{{2,8}})(?:市|省)?$"
)
_TRANSPORT = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:患者|其)?(?:与[^,]{{1,10}}?)?(?:乘|坐|搭乘?|乘坐)(?P<by>(?:[A-Z]{{1,2}}\d{{2,4}}(?:次|航班)?[^,]{{0,14}}|[^,]{{0,8}}(?:高铁|动车|火车|航班|飞机|大巴|客车|列车|出租车|公交车?|地铁)[^,]{{0,10}}))"
)
_MET_CASE = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:曾|均|但|并|且)*{_NO}?(?:曾|有|均|但|为|系|是)*(?:与|和|同|跟|接触)?(?:本[市县区])?{_CASE}(?:\([^)]*\))?{_MEETING}"
)
_TOUCHED_CASE = re.compile(rf"(?P<d>{T})?{_HOUR}{_NO}?(?:曾|有)*(?:密切)?接触过?{_CASE}")
_RELATED = re.compile(
    rf"(?:(?:系|为|是|与|和|同|即)\s*)?(?:本[市县区])?{_CASE}(?:\([^)]{{0,10}}\))?(?:的|之|为|系|是|\s)*(?P<rel>{_RELATIONS})(?:关系)?"
)
_MET_RETURNEE = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:曾|均|但|并|且)*{_NO}?(?:曾|有|均|但)*(?:与|和|同|跟|接触)?{_RETURNEE}{_MEETING}"
)
_VENUE_PEOPLE = re.compile(
    rf"(?P<d>{T})?{_NO}?(?:有|曾|与|和|同)*(?P<venue>[\u4e00-\u9fffA-Za-z0-9]{{2,14}}?)(?:{_JOBS}){_MEETING}"
)
_VENUE_STAFF = re.compile(rf"^\s*(?:为|系|是|在)?(?P<venue>[\u4e00-\u9fffA-Za-z0-9]{{2,16}}?)(?P<job>{_JOBS})\s*$")
_VENUE = re.compile(
    rf"(?:于)?(?P<d>{T})?{_HOUR}{_NO}?(?:曾|有|在|到过?|至|去过?|前往|于|均)*(?P<d2>{T})?(?:有|在|到|至|去|前往)*(?P<venue>(?!确诊|疑似|患者|家中|家里|医院)[\u4e00-\u9fffA-Za-z0-9]{{2,16}}?)(?P<act>购物|消费|就餐|用餐|买菜|逛街|停留|逗留|打牌|打麻将|理发|洗浴|泡温泉|聚餐|聚会|购买年货|看电影|办事)(?:史|过|活动)?"
)
_VISITED_VENUE = re.compile(
    rf"(?P<d>{T})?{_HOUR}{_NO}?(?:曾|有|在|均)*(?:到过?|去过?|前往|途经)(?P<venue>[\u4e00-\u9fffA-Za-z0-9]{{2,14}}?(?:市场|商场|超市|商城|广场|菜场|农贸市场|海鲜市场|百货|KTV|酒店|饭店|餐馆|餐厅|棋牌室|火车站|高铁站|车站|机场|网吧|教堂|寺庙|世贸店|购物中心))"
)
_GATHERING = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:曾|有|与[^,]{{1,12}}?)*(?:参加|出席|举办)(?:过)?(?P<what>[^,]{{0,12}}?(?:聚餐|聚会|婚宴|婚礼|葬礼|丧事|酒席|宴席|年会|会议|培训|法会|活动|寿宴|团拜会|家宴))|(?P<d2>{T})?{_HOUR}(?:曾|有)*(?P<kin>家庭|家族|亲友|朋友|同学|同事)(?:聚餐|聚会)(?:史)?"
)
_FOUND_AS_CONTACT = re.compile(
    r"(?:在|作为|通过)?(?:确诊病例|病例)?的?密切接触者(?:的)?(?:主动)?(?:筛查|排查|检测|追踪|管理|隔离)*(?:时|中)?(?:发现)?"
)
_SHARED_LIFE = re.compile(r"(?:有)?与(?P<who>[\u4e00-\u9fff]{1,8}?)(?:共同生活|共同居住|同住|同吃同住)(?:史)?")
_INVESTIGATING = re.compile(
    r"(?:感染(?:来源|源|途径)|传染(?:来源|源)|流行病学史|流行病学|来源)(?:目前|尚|仍|正在|均)*(?:不明|不详|未明|调查中|待查|待调查|在调查|溯源中|正在调查|有待进一步(?:调查|溯源|核实)|暂不明确|不明确|未知|调查)(?:中)?|有待进一步(?:溯源|调查)|流行病学调查(?:正在)?(?:进行)?中"
)
_IMPORTED = re.compile(
    r"(?:为|系|属)?(?P<w>境外输入(?:关联)?|输入性?|本地|外省输入|省外输入)(?:性)?(?:关联)?(?:确诊)?病例"
)
_TEMPERATURE = re.compile(
    r"(?:自测|最高|测量?|腋下|腋|口腔|额|耳|入院时?|门诊测?|上门测|上门)*(?:体温)+(?:最高|为|约|达到?|升至|高达|在|波动在|:|,)*\s*(?P<t>\d{2}(?:\.\d{1,2})?\s*(?:[-~至]\s*\d{2}(?:\.\d{1,2})?)?)\s*(?:℃|°C|°c|度|摄氏度|C|c)?(?:左右)?|(?<![\d.])(?:最高)?(?P<u>3[5-9]\.\d|4[0-2]\.\d|3[7-9]|4[0-2])\s*(?:℃|°C|摄氏度)"
)
_ONSET = re.compile(
    rf"(?:发病|起病)(?:日期|时间)?(?:为|:|于)?\s*(?P<d2>{T})|(?P<d>{T}){_HOUR}(?:患者|开始|已|在家|前后)*(?:发病|起病|病发|出现(?:不适)?症状|有症状|首发症状)"
)
_VISIT = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:患者|其|因[^,]{{0,10}}?|症状加重|自行|主动|由[^,]{{1,8}}?|陪同其?[^,]{{1,6}}?)*(?:前往|到|至|在|赴|去|于|往|自驾车?到)?(?P<h>{_HOSPITAL})?(?P<d2>{T})?(?:发热门诊)?(?P<town>(?<=[往到至在赴去])[\u4e00-\u9fff]{{2,6}}?)?(?:就诊|就医|看病|求诊|求医|诊治|初诊|首诊)(?:(?:于|至|到)(?P<h2>{_HOSPITAL}))?(?P<d3>{T})?"
)
_VISIT_SAYS = re.compile(rf"(?:首次)?(?:就诊|初诊|首诊)(?:日期|时间)(?:为|:)?(?P<d>{T})")
_CHECKED = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:自行|主动)?(?:前往|到|至|去|在)(?P<h>{_HOSPITAL})(?:进行)?(?:检查|体检|查体|筛查|检测)"
)
_CT = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:[^,]{{0,8}}?)?(?:行|拍|查|做)?(?:肺部|胸部|肺|双肺|胸)?\s*(?:CT|ct|胸片|X线)(?:检查|影像)?(?:结果)?(?:显示|提示|示|见)?(?P<f>[^,]{{0,16}})"
)
_PCR = re.compile(
    rf"(?P<d>{T})?{_HOUR}[^,\ue000-\uf8ff]{{0,14}}?(?:核酸|新冠病毒|新冠|病原学|病毒|实验室)(?:检测|检验|复检|初筛|筛查)*(?:结果)?(?:均|为|呈|显示|结果为|:)*(?P<r>弱?阳性|阴性|可疑)|(?P<d2>{T})(?:经?[^,■\ue000-\uf8ff]{{0,12}}?(?:疾控(?:中心)?|实验室|医院))?(?:检测|检验|复核|复检)?(?:结果)?(?:为|呈)?(?P<r2>阳性|阴性)"
)
_ISOLATED = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:起|后|被|由[^,]{{1,12}}?|即|作为[^,]{{1,16}}?|开始|转(?:运)?(?:至|到|往)?|送(?:至|往)?)*(?:在|于|到)?(?P<h>{_HOSPITAL})?(?:被|进行|实施|实行|接受|予以)*(?P<what>集中(?:隔离)?医学观察|居家(?:隔离)?医学观察|居家(?:隔离)?观察|集中隔离|居家隔离|隔离医学观察|医学观察|隔离观察|隔离)(?!治疗|病房|中的|点)(?:期间|中)?"
)
_IN_CARE = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:患者|现|目前|已|正|均|后|即|被|由[^,]{{1,12}}?|经[^,]{{1,10}}?)*(?:在|转(?:诊|运|院)?(?:至|入|到|往)?|收治(?:于|在|入)|于|送(?:至|往|到)?|入住|入)?(?P<h>{_HOSPITAL})?(?:进行|接受|予以|予|实施|给予)*(?P<what>隔离治疗|住院隔离治疗|住院治疗|隔离救治|收治入院|收治住院|收治|入院治疗|入院|住院|救治|治疗|隔离收治)(?:中)?(?P<d2>{T})?"
)
_SEVERITY = re.compile(
    r"(?:(?:临床)?(?:分型|诊断|病情)(?:为|:)?|目前(?:为|病情)?|属|为|诊断为|现为|新冠肺炎)*\(?(?P<s>危重|重|普通|轻)(?:型|症)(?:肺炎)?(?:病例|患者)?\)?"
)
_STABLE = re.compile(
    r"(?:患者|目前|现|生命体征|病情|情况|一般情况|体征|身体状况)+(?:为|较|均|基本|尚|总体)*(?P<s>稳定|平稳|良好|好转|危重|较重|严重)"
)
_DISCHARGED = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:患者|已|经治疗|于)*(?P<d2>{T})?(?:已|达到?[^,]{{0,8}}?标准)*(?P<w>治愈出院|康复出院|出院|治愈|痊愈)(?!标准)"
)
_DIED = re.compile(
    rf"(?P<d>{T})?{_HOUR}(?:患者|因[^,]{{0,12}}?|经抢救无效|抢救无效|不幸|于)*(?P<d2>{T})?(?:死亡|去世|病故|病亡)"
)
_ASYMPTOMATIC_CLASS = re.compile(
    r"(?:为|系|(?:诊断|判定|确认|确诊)为)?(?:新冠)?(?P<c>无症状感染者|疑似病例|临床诊断病例|(?:(?<=为)|(?<=为新冠))确诊病例)"
)
_RELATION_ALONE = re.compile(
    rf"(?P<d>{T})?(?:其|患者|病例)?(?P<rel>{_RELATIONS})(?:也|亦|均|已)*(?:为|系|被)?(?:已)?(?:确诊病例|确诊|疑似病例|新冠肺炎患者)"
)
_WORSE = re.compile(rf"(?P<d>{T})?[^,]{{0,8}}?(?:症状|病情|咳嗽|发热)?(?:有所)?(?:加重|加剧|好转|缓解|不退|反复)")

_FILLERS = re.compile(
    r"该?患者|该?病例|本人|目前|现在?|感染者|症状|不适|情况|临床表现|表现|等|并|且|均|曾|即|开始|出现|自觉|自感|自述|感到?|稍?有|无|伴随?有?|轻微|少许|少量|轻度|明显|为主|以|后|又|再次|仍|持续|间断|阵发性|偶有|偶|"
    r"其他|其它|特殊|任何|于|在|为|系|是|的|了|与|及|和|至|到|由|被|已|经|因|其|也|都|还|曾经|先后|陆续|逐渐|以来|期间|时|前|内|家中|家里|武汉家中|患|诱因|下|例|确诊|新增|新冠肺炎|新型冠状病毒(?:感染的)?肺炎|新冠|起|许|左右|晚上?|上午|下午|凌晨|中午|早上|傍晚|主要|相关|史|个|名|位"
)


# --------------------------------------------------------------------------------------------------------- one case

# Hearsay, and what somebody else went through: shown, but not taken for the patient's own.
_HEARSAY = re.compile("听闻|听说|得知|获悉|收到|告知")
_OTHERS = re.compile(
    rf"^(?:{T})?\s*(?:其|患者|该患者|病例)的?(?:{_RELATIONS})(?!的?密切接触者|接触者)|^(?:{T})?\s*(?:妻子|丈夫|父亲|母亲|儿子|女儿|父母|岳母|岳父|婆婆|公公|孙子|孙女|哥哥|弟弟|姐姐|妹妹)(?=.)|^因[^,]{{0,3}}(?:女儿|儿子|父母|亲戚|朋友)"
)

_A_PERSON = re.compile(r"(?:^|[(,、某×*患])\s*(?:男|女)性?\s*[,、]?\s*\d{1,3}\s*(?:周?岁|个月)")

_PLACE_WORDS = re.compile(
    r"^(?:从|自|由|在|于|曾|患者|一家|全家|其)+|(?:出发|等地|地区|方向|送货|务工|打工|出差|旅游|探亲|学习|培训)$"
)


class _Reader:
    """Reads one description clause by clause."""

    def __init__(self, text: str, context: Context):
        self.text = _Text(text, context)
        self.context = context
        self.values: dict[str, Any] = {}
        self.findings = self.text.findings
        self.exposures: list[ReadExposure] = []
        self.related: list[Related] = []
        self.left: list[str] = []
        self.present: dict[str, None] = {}
        self.absent: dict[str, None] = {}
        self.no_symptoms = False
        self.symptom_words: list[str] = []
        self.events: list[tuple[ReadDate, str]] = []  # when symptoms were there, and in which words
        self.told_onset: ReadDate | None = None
        self.temperatures: list[ReadTemperature] = []
        self.running: ReadDate | None = None  # the day whose symptoms the clause before was telling
        self.floating: ReadDate | None = None  # a day that stood alone
        self.work = ""

    # ---- helpers

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first place where a pattern fits what is left of the clause; those words are understood."""
        match = pattern.search(self.work)
        if match is not None:
            self.work = self.work[: match.start()] + "■" * (match.end() - match.start()) + self.work[match.end() :]
        return match

    def put(self, key: str, value: Any) -> None:
        """Set a value once; another one for the same thing is a doubt."""
        if value is None or value == "":
            return
        known = self.values.get(key)
        if known is None:
            self.values[key] = value
        elif key == "outcome" and known == "in_care":
            self.values[key] = value  # what became of the patient afterwards
        elif str(known) != str(value) and key not in ("hospital", "travel_location", "occupation", "workplace"):
            self.findings.append(
                uncertain("import.told_twice", known, (str(known), str(value)), first=str(known), second=str(value)).at(
                    "", key, str(value)
                )
            )

    def day(self, match: re.Match[str], *names: str) -> ReadDate | None:
        """The date that one of a match's groups stands for."""
        for name in names or ("d", "d2", "d3"):
            if name in match.re.groupindex and match[name]:
                found = self.text.when(match[name])
                if found is not None:
                    return found
        return None

    def exposed(self, kind: str, match: re.Match[str], place: str = "", when: ReadDate | None = None) -> None:
        denied = "no_" in match.re.groupindex and bool(match["no_"])
        written = self.text.original(match.group()).strip()
        self.exposures.append(ReadExposure(kind, place, when, denied, written))

    # ---- the whole

    def read(self) -> Described:
        clauses = self.text.clauses
        for index, clause in enumerate(clauses):
            self.work = clause
            self._opening(index)
            if _HEARSAY.search(self.work) or _OTHERS.match(self.work.lstrip("■ ")):
                self._about_others()
                continue
            self._people()
            self._exposures()
            self._person(index)
            self._course()
            self._illness()
            self._leftover()
        if (persons := len(_A_PERSON.findall(",".join(self.text.clauses)))) > 1:
            self.findings.append(uncertain("import.several_persons", persons=persons))
        self._conclude()
        return Described("", self.values, self.findings, tuple(self.left), tuple(self.related))

    def _about_others(self) -> None:
        """A clause about somebody else: who is ill around the patient matters, the rest is only shown."""
        match = self.take(_RELATION_ALONE)
        if match:
            self.exposed("case_contact", match)
            self.put("relation", match["rel"])
        self._leftover()

    def _opening(self, index: int) -> None:
        if index == 0:
            match = self.take(_CASE_NUMBER)
            if match:
                number = match["n"]
                self.put("local_id", str(numeral(number)) if numeral(number) is not None else number)
                self.put("report_date", self.day(match, "d"))
                self._class_word(match["class"])
            elif (match := _LIST_NUMBER.match(self.work)) is not None:
                self.work = "■" * match.end() + self.work[match.end() :]
                number = match["n"] or match["m"]
                if number:
                    self.values["list_number"] = str(numeral(number) or number)
        if index <= 2:
            match = self.take(_FIRST_CONFIRMED)
            if match:
                self.put("confirm_date", self.day(match))
        if self.take(_CONFIRM_UNKNOWN):
            self.values.setdefault("unknown", []).append("confirm_date")

    def _class_word(self, word: str | None) -> None:
        known = {"确诊": "confirmed", "疑似": "suspected", "无症状": "asymptomatic", "临床": "clinical"}.get(word or "")
        if known and self.values.get("classification") != "confirmed":
            self.values["classification"] = known  # what came later replaces what was thought before
        elif word and "输入" in word:
            self.put("origin", "imported")

    def _people(self) -> None:
        """Other cases and people met: before all else, since their words look like travel and like cases."""
        while match := self.take(_RELATED):
            relation = match["rel"]
            close = relation.endswith(("接触者", "密接", "密接者"))
            self.exposed("suspected_contact" if match["how"] == "疑似" else "case_contact", match)
            if number := match["no"] or match["no2"] or match["nth"]:
                self.related.append(
                    Related(number, "contact" if close else relation, self.text.original(match.group()))
                )
            elif not close:
                self.put("relation", relation)
        for pattern in (_MET_CASE, _TOUCHED_CASE):
            while match := self.take(pattern):
                kind = "suspected_contact" if match["how"] == "疑似" else "case_contact"
                self.exposed(kind, match, when=self.day(match))
                if (number := match["no"] or match["no2"] or match["nth"]) and not match["no_"]:
                    self.related.append(Related(number, "contact", self.text.original(match.group())))
        match = self.take(_RELATION_ALONE)
        if match:
            self.exposed("case_contact", match, when=None)
            self.put("relation", match["rel"])
        while match := self.take(_VENUE_PEOPLE):
            self.exposed("venue_contact", match, match["venue"], self.day(match))
        while match := self.take(_MET_RETURNEE):
            self.exposed("returnee_contact", match, match["from"], self.day(match))
        match = self.take(_FOUND_AS_CONTACT)
        if match:
            self.exposed("case_contact", match)
        match = self.take(_SHARED_LIFE)
        if match:
            self.exposed("case_contact" if "病" in match["who"] else "household", match, match["who"])

    def _exposures(self) -> None:
        while match := self.take(_TRAVEL_HISTORY):
            lived = "居" in match["acts"] or "生活" in match["acts"]
            denied = bool(match["neg"])
            place = re.sub(r"^(?:曾|有)+", "", match["p"])
            kind = (
                "travel"
                if re.search("旅|外出|出差|探亲|学习|务工|停留|经商|工作|出行|逗留|活动", match["acts"])
                else "residence"
                if lived
                else "case_contact"
            )
            self.exposures.append(ReadExposure(kind, place, None, denied, self.text.original(match.group())))
            if not denied:
                self.put("travel_location", place)
        match = self.take(_INVESTIGATING)
        while match:
            if not any(e.kind == "under_investigation" for e in self.exposures):
                self.exposed("under_investigation", match)
            match = self.take(_INVESTIGATING)
        match = self.take(_IMPORTED)
        if match:
            self.put("origin", "local" if match["w"] == "本地" else "imported")
        match = self.take(_VENUE_STAFF)
        if match:
            self.exposed("venue", match, match["venue"])
            self.put("occupation", match["job"])
            self.put("workplace", match["venue"])
        for pattern in (_VENUE, _VISITED_VENUE):
            while match := self.take(pattern):
                self.exposed("venue", match, match["venue"], self.day(match))
        while match := self.take(_GATHERING):
            self.exposed("gathering", match, match["what"] or match["kin"] or "", self.day(match))
        while match := self.take(_WENT):
            when = self.day(match)
            self.exposed("travel", match, match["to"], when)
            if match["from"]:
                self.exposures.append(
                    ReadExposure("travel", match["from"], when, False, self.text.original(match.group()))
                )
            self.put("travel_location", match["from"] if match["from"] in ("武汉", "湖北") else match["to"])
            if when is not None and "travel_dates" not in self.values:
                self.values["travel_dates"] = when
        self._returned()
        match = _JOURNEY.search(self.work)
        if match and not _NOT_A_JOURNEY.search(match["from"]) and "医院" not in match["to"]:
            self.take(_JOURNEY)
            self.exposed("travel", match, match["from"], self.day(match))
            self.put("travel_location", match["from"])
            self.values.setdefault("travel_dates", self.day(match))
        match = self.take(_TRANSPORT)
        if match:
            self.exposed("transport", match, match["by"], self.day(match))

    def _returned(self) -> None:
        for pattern in (_RETURNED, _RETURNED_ONLY):
            match = pattern.search(self.work)
            if match is None or (pattern is _RETURNED and _NOT_A_JOURNEY.search(match["from"])):
                continue
            match = self.take(pattern)
            assert match is not None
            when = self.day(match)
            origin = _PLACE_WORDS.sub("", match["from"]) if pattern is _RETURNED else ""
            self.exposed("travel", match, origin, when)
            if origin:
                self.put("travel_location", origin)
            if when is not None:
                if "return_date" not in self.values:
                    self.values["return_date"] = when
                elif str(self.values["return_date"]) != str(when):
                    self.findings.append(
                        note("import.several_returns", first=str(self.values["return_date"]), second=str(when)).at(
                            "", "return_date", str(when)
                        )
                    )
            if "by" in match.re.groupindex and match["by"]:
                self.exposures.append(ReadExposure("transport", match["by"], when, False, match["by"]))
            # “back from Wuhan, then at once a cough”: the day of return is the day of onset.
            self.running = when if match["tail"].startswith("后") and match["tail"] != "后" else None
            return

    def _person(self, index: int) -> None:
        if "sex" not in self.values:
            match = self.take(_SEX) or self.take(_SEX_LATE) or self.take(_SEX_EARLY)
            if match:
                self.put("sex", "M" if match["s"] == "男" else "F")
        match = self.take(_BORN)
        if match:
            self._born(match)
        if "age" not in self.values:
            match = self.take(_AGE) or (self.take(_AGE_BARE) if index <= 4 else None)
            if match:
                written = match.groupdict().get("a") or match.groupdict().get("b") or ""
                read = read_age(re.sub(r"^出生", "", written))
                age = read.reading if isinstance(read, Finding) else read
                if isinstance(age, ReadAge):
                    self.put("age", age)
                if isinstance(read, Finding):
                    self.findings.append(read.at("", "age", written))
            if "sex" not in self.values:
                match = self.take(_SEX_AFTER_AGE)
                if match:
                    self.put("sex", "M" if match["s"] == "男" else "F")
        match = self.take(_PERSON_NAME)
        if (
            match is None
            and index <= 1
            and "name" not in self.values
            and "sex" not in self.values
            and "■" not in self.work
        ):
            match = self.take(_PERSON_NAME_FIRST)
        if match:
            self.put("name", match["n"])
            if match["n"].endswith(("先生", "女士", "小姐")):
                self.values.setdefault("sex", "M" if match["n"].endswith("先生") else "F")
        self._residence()
        match = _OCCUPATIONS.match(self.work.strip(" ■"))
        if match:
            self.put("occupation", match["job"])
            self.work = ""
        match = self.take(_AT_SCHOOL)
        if match:
            self.put("occupation", match["job"])
            self.put("workplace", match["w"])

    def _born(self, match: re.Match[str]) -> None:
        day = self.day(match, "d", "d2")
        if day is None and match["y"]:
            read = read_date(f"{match['y']}年" + (f"{match['m']}月" if match["m"] else ""))
            day = read if isinstance(read, ReadDate) else None
        if day is not None:
            self.put("birth_date", day)

    def _residence(self) -> None:
        match = self.take(_REGISTERED)
        if match:
            self.put("registered_address", match["p"].strip())
        match = self.take(_LIVES)
        if match:
            written = (match["p"] or match["p2"] or match["p3"]).strip()
            names, address = split_address(written)
            place = PlaceText("", names, address, written)
            if place:
                self.put("place", place)
            if address:
                self.put("address", address)
            return
        match = _FROM_PLACE.match(self.work)
        if match and not re.search("■|确诊|病|症|接触|家|亲|^(?:本|外|一家|几|多|两|三)", match.group()):
            self.work = ""
            if match["what"] not in ("户籍", "籍", "人") and "place" not in self.values:
                names, address = split_address(match["p"])
                self.put("place", PlaceText("", names, address, match["p"]))
            else:
                self.put("registered_address", match["p"])
            return
        match = _LIVES_THERE.search(self.work)
        if match and not re.search("共同|一起|■$|病例|患者|温州|确诊|个体", match["p"]):
            self.take(_LIVES_THERE)
            self.exposed("residence", match, match["p"], self.day(match))
            self.put("lived_in", match["p"])

    def _course(self) -> None:
        """Visits, admission, isolation, tests, severity, outcome, and days told by name."""
        match = self.take(_ONSET)
        if match:
            told = self.day(match)
            if told is not None:
                self.told_onset = self.told_onset or told
                self.running = told
        match = self.take(_VISIT_SAYS) or self.take(_VISIT) or self.take(_CHECKED)
        if match:
            self._felt(match)
            when = self.day(match)
            if when is not None and "first_visit_date" not in self.values:
                self.values["first_visit_date"] = when
            for name in ("h", "h2"):
                if name in match.re.groupindex and match[name]:
                    self.put("hospital", match[name])
        match = self.take(_CT)
        if match and re.search("感染|炎|病变|异常|磨玻璃|阴影|改变", match["f"]):
            # The rest of the clause is what the picture showed, not what the patient felt.
            self.present["pneumonia"] = None
        match = self.take(_PCR)
        if match:
            result = match["r"] or match["r2"]
            self.put("lab_result", "negative" if "阴" in result else "inconclusive" if "可疑" in result else "positive")
            when = self.day(match)
            if when is not None and "阳" in result:
                self.values.setdefault("result_date", when)
        match = self.take(_DIED)
        if match:
            self.put("outcome", "died")
            self.put("death_date", self.day(match))
        match = self.take(_DISCHARGED)
        if match:
            self.put("outcome", "discharged" if "出院" in match["w"] else "recovered")
            self.put("discharge_date", self.day(match))
        match = self.take(_CONFIRMED)
        if match:
            what = match["class"] or ""
            suspected, silent = "疑似" in what, "无症状" in what
            self.put("diagnosis_date" if suspected else "confirm_date", self.day(match))
            if what:
                self._class_word("疑似" if suspected else "无症状" if silent else "确诊" if "确诊" in what else None)
        elif _CONFIRMED_AS.search(self.work):
            self.values.setdefault("classification", "confirmed")
        match = self.take(_REPORTED)
        if match:
            self.put("report_date", self.day(match))
        match = self.take(_ASYMPTOMATIC_CLASS)
        if match:
            self._class_word(match["c"][:3] if match["c"].startswith("无症状") else match["c"][:2])
        match = self.take(_ISOLATED)
        if match:
            when = self.day(match)
            if when is not None:
                self.values.setdefault("isolation_date", when)
        match = self.take(_IN_CARE)
        if match:
            self._felt(match)
            when = self.day(match)
            if when is not None:
                self.values.setdefault("admission_date", when)
            if match["h"]:
                self.put("hospital", match["h"])
            self.values.setdefault("outcome", "in_care")
        match = self.take(_SEVERITY)
        if match:
            self.put("severity", {"危重": "critical", "重": "severe", "普通": "moderate", "轻": "mild"}[match["s"]])
        match = self.take(_STABLE)
        if match:
            if match["s"] == "危重":
                self.put("severity", "critical")
            self.values.setdefault("outcome", "in_care")

    def _felt(self, match: re.Match[str]) -> None:
        """Symptoms named as the reason for a visit (因发热、咳嗽就诊): present, on no day told."""
        for code, _start, _end in codes_in(match.group()):
            self.present[code] = None

    def _illness(self) -> None:
        """Symptoms with the day they were there, what was denied, and temperatures."""
        clause = self.work
        heat = None
        while match := self.take(_TEMPERATURE):
            read = read_temperature(re.sub(r"\s|至", "", match["t"] or match["u"]).replace("~", "-"))
            if isinstance(read, ReadTemperature):
                self.temperatures.append(read)
                heat = read
        if NO_SYMPTOMS.search(clause) and not _DENIES_OTHERS.search(clause):
            self.no_symptoms = True
        self.work = NO_SYMPTOMS.sub(lambda m: "■" * len(m.group()), self.work)
        worse = _WORSE.search(self.work)
        named = codes_in(self.work)
        shown = False
        denied = False
        for code, start, end in named:
            between = self.work[max(0, start - 6) : start]
            if _DENIAL.search(self.work[:start]) and not _AFFIRMS.search(
                self.work[_last_denial(self.work[:start]) : start]
            ):
                denied = True
            elif re.search(r"有|伴|出现|但", between):
                denied = False
            (self.absent if denied else self.present)[code] = None
            shown = shown or not denied
            self.work = self.work[:start] + "■" * (end - start) + self.work[end:]
        signs = re.findall(T, self.work)
        own = next((found for sign in signs if (found := self.text.when(sign)) is not None), None)
        feverish = heat is not None and heat.high >= FEVER_DEGREES
        if _FOR_DAYS.search(clause):
            pass  # "with three days of fever": the day told is not that of onset, and how it was counted is not said
        elif shown or feverish:
            day = own or self.running or self.floating
            if day is not None:
                if own is None and self.running is None:
                    self.findings.append(uncertain("import.onset_from_loose_date", day).at("", "onset_date", day.text))
                elif not shown and own is not None and not self.events:
                    self.findings.append(uncertain("import.onset_from_temperature", day).at("", "onset_date", day.text))
                self.events.append((day, self.text.original(clause)))
                self.running = day
            self.floating = None
            self.work = re.sub(T, "■", self.work) if own is not None else self.work
        elif own is not None:
            if worse:
                self.work = re.sub(T, "■", self.work)
            elif not re.sub(rf"■|{T}|{_FILLERS.pattern}|\s", "", self.work):
                self.floating = own
        if named or heat:
            self.symptom_words.append(self.text.original(clause).strip(" ■"))
        if worse:
            self.take(_WORSE)
        if not (shown or feverish or named) and self.running is not None and re.search(r"■{4}", clause):
            # another matter began; the next symptoms without a day of their own belong to no day for certain
            self.running = self.running if not self.events else None

    def _leftover(self) -> None:
        for piece in re.split(r"■+", self.work):
            bare = _FILLERS.sub("", piece)
            bare = re.sub(r"[\s:、()\"“”'.\-/~*#]+", "", bare)
            if not bare:
                continue
            if re.fullmatch(T, bare):
                # A day on its own: shown unless something after it was read as having happened then.
                self.left.append(self.text.original(piece).strip(" 、:"))
                continue
            if len(re.findall(r"[\u4e00-\u9fffA-Za-z0-9]", bare)) >= 2 or re.search(T, bare):
                self.left.append(self.text.original(piece).strip(" 、:,"))

    def _conclude(self) -> None:
        values = self.values
        if self.told_onset is not None:
            self.events.append((self.told_onset, ""))
        dated = [day for day, _words in self.events if day.earliest is not None]
        if dated:
            values["onset_date"] = min(dated, key=lambda day: day.earliest or date.max)
            # A day that stood alone was used after all.
            used = {day.text for day in dated}
            self.left = [piece for piece in self.left if piece not in used]
        if "confirm_date" in values:
            values.setdefault("classification", "confirmed")
        if self.present or self.absent or self.no_symptoms:
            present = tuple(self.present)
            absent = tuple(code for code in self.absent if code not in self.present)
            felt = [code for code in present if code != "pneumonia"]
            values["symptoms"] = ReadSymptoms(
                present, absent, (), self.no_symptoms and not felt, "; ".join(self.symptom_words)
            )
        if self.temperatures:
            low, high = min(t.low for t in self.temperatures), max(t.high for t in self.temperatures)
            values["temperature"] = ReadTemperature(low, high, "; ".join(t.text for t in self.temperatures))
        if self.exposures:
            values["exposures"] = tuple(self.exposures)
            told = [e for e in self.exposures if e.kind in ("case_contact", "suspected_contact")]
            if told:
                values["contact_with_case"] = "no" if all(e.denied for e in told) else "yes"
        if values.get("sex") is None and (
            values.get("relation") in ("妻子", "母亲", "女儿", "姐姐", "妹妹", "岳母", "婆婆", "奶奶", "外婆")
        ):
            values["sex"] = "F"
        for key, value in self.context.values.items():
            values.setdefault(key, value)
        number = values.pop("list_number", None)
        if number and "local_id" not in values:
            values["row_number"] = number


_FOR_DAYS = re.compile(r"[以因][^,]{0,14}\d+\s*(?:余|多)?[天日周](?!前)")
_SEX_AFTER_AGE = re.compile(r"(?<=■)\s*的?(?P<s>男|女)(?:性|童|孩|婴|子|患者|士)*(?:患者|居民|村民)?(?![朋友儿婿])")
_NOT_A_JOURNEY = re.compile(
    "现住|居住|家住|常住|户籍|住址|高铁|动车|航班|列车|火车|飞机|次|乘|确诊|病例|症状|出现|发热|接触|治疗|隔离|医院|检查|住院|就诊|有|无|患者|亲戚|为"
)
_DENIAL = re.compile(r"无|未见|未出现|否认|没有|不伴")
_AFFIRMS = re.compile(r"有(?!无)|伴|但|出现(?<!未出现)|,")
_DENIES_OTHERS = re.compile(r"无(?:其他|其它|明显)")


def _last_denial(text: str) -> int:
    found = [match.end() for match in _DENIAL.finditer(text)]
    return found[-1] if found else 0


def read_case(text: str, context: Context) -> Described:
    """One description of one case.

    >>> told = read_case("2月6日确诊：女，30岁，现住鹿城区，1月27日湖北回温，1月30日出现咳嗽症状。",
    ...                  Context(date(2020, 2, 8), not_after=date(2020, 2, 8)))
    >>> {key: str(told.values[key]) for key in ("confirm_date", "sex", "age", "return_date", "onset_date", "symptoms")}
    {'confirm_date': '2020-02-06', 'sex': 'F', 'age': '30', 'return_date': '2020-01-27', 'onset_date': '2020-01-30', 'symptoms': 'cough'}
    """
    described = _Reader(text, context).read()
    described.text = text.strip()
    return described


# -------------------------------------------------------------------------------------------------------- pasted pages

_KIN = r"(?:患者|病例)?的?(?:妻|丈夫|父|母|儿|女儿|哥|弟|姐|妹|同)"
_START = re.compile(
    rf"""^\s*(?:
      (?:\(?[一二三四五六七八九十\d]{{1,3}}[、.)]|[①-⑳])?\s*(?:新增)?(?:我[市县区省])?(?:第)?(?:确诊|疑似|无症状|境外输入|输入|本地)*(?:新冠肺炎)?(?:病例|患者|感染者|个案|病人)\s*(?:编号)?[:\s]*\d{{1,5}}(?!例|名|人|%|天|岁)
      | (?:\(?\d{{1,3}}(?:[.、)]|\s(?=[\u4e00-\u9fff]))|第\d{{1,4}}例|[①-⑳])\s*:?\s*(?=.{{0,30}}(?:男|女|\d岁|患者|某))
      | (?:\d{{4}}年)?{_DAY}(?:新增)?(?:确诊|诊断)(?:病例)?\s*:(?=.{{0,40}}(?:男|女|岁))
      | 确诊(?:时间|日期)不明\s*:
      | (?:患者)?[\u4e00-\u9fff](?:某某|某[\u4e00-\u9fff]?|××|\*\*?)\s*[,(]\s*(?:男|女)
      | (?:患者|病例)?\s*(?:男|女)(?:性)?\s*[,、]\s*(?:\d{{1,3}}(?:岁|个月)|(?:19|20)\d\d年)
      | \d{{1,3}}岁\s*[,、]?\s*(?:男|女)
      | (?!其|该|{_KIN}).{{0,24}}?[,、(:\s某](?:男|女)(?:性|童|婴)?[,、)(\s].{{0,12}}?\d{{1,3}}\s*(?:岁|个月)
      | (?!其|该|{_KIN}).{{0,16}}?(?:先生|女士|[某X×*])\s*[,、(].{{0,8}}?(?:年龄)?\d{{1,3}}\s*(?:岁|个月)
    )""",
    re.X,
)
_INNER_START = re.compile(
    r"(?<=[。;；:])\s*(?=(?:确诊|疑似|无症状)?(?:病例|患者|感染者)\s*\d{1,5}\s*[:,](?!\s*(?:的|之|有|为)))"
    r"|(?<=[。;；])\s*(?=(?:\([\d一二三四五六七八九十]{1,3}\)|[\d一二三四五六七八九十]{1,3}[.、)])\s*.{0,16}(?:男|女)\s*[,、])"
    rf"|(?<=[。;；])\s*(?=(?:\d{{4}}年)?{_DAY}(?:确诊|诊断)\s*:)"
    r"|(?<=[。;；])\s*(?=(?:患者|病例)?[\u4e00-\u9fff](?:某某|某)\s*[,(]\s*(?:男|女)\s*[,、)])"
)
_HEADING_DATE = re.compile(rf"(?P<full>{_ISO}|(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}[日号])")
_HEADING = re.compile(r"新增|通报|公布|发布|病例(?:情况|详情|信息|名单|轨迹)|确诊病例|疑似病例|无症状感染者|疫情")
_AREA_HEADING = re.compile(
    r"^\s*(?:[一二三四五六七八九十\d]{1,3}[、.]\s*)?(?P<p>[\u4e00-\u9fff]{2,10}?(?:市|县|区|镇|街道|集聚区))\s*(?:\(?(?:共|新增)?\s*\d+\s*例\)?)?\s*:?\s*$"
)


def split_cases(text: str, context: Context) -> Iterator[tuple[int, str, Context]]:
    """The descriptions in a pasted page, each with its line and what the headings above it said.

    A heading with a date governs what follows: the day of confirmation where it speaks of confirmed cases, of the report
    where it announces. A county on a line of its own governs too, until the next.
    """
    governing = dict(context.values)
    here = context
    block: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        for piece in _INNER_START.split(narrow(line)):
            plain_piece = piece.strip()
            if not plain_piece:
                continue
            starts = _START.match(plain_piece) is not None
            heading = None if starts else _as_heading(plain_piece, here)
            if starts or heading is not None:
                if block:
                    yield first, "\n".join(block), replace(here, values=dict(governing))
                    block = []
                if heading is not None:
                    # What a new heading says replaces what the one before it said of the same.
                    if {"confirm_date", "report_date"} & heading.keys():
                        governing = {
                            key: value
                            for key, value in governing.items()
                            if key not in ("confirm_date", "report_date", "classification")
                        }
                    governing |= heading
                    here = _dated_by(heading, here)
                    continue
                first = number
                block = [plain_piece]
            elif block:
                block.append(plain_piece)
            else:
                first = number
                block = [plain_piece]
    if block:
        yield first, "\n".join(block), replace(here, values=dict(governing))


def _as_heading(line: str, context: Context) -> dict[str, Any] | None:
    """What a heading says for the cases below it; None when the line is no heading."""
    area = _AREA_HEADING.match(line)
    if area:
        names, address = split_address(area["p"])
        return {"place": PlaceText("", names, address, area["p"])}
    told = _HEADING.search(line)
    if told is None or len(line) > 120 or re.search(r"\d岁|[,、](?:男|女)[,、]|现住", line):
        return None
    values: dict[str, Any] = {}
    day = _HEADING_DATE.search(line)
    if day:
        known = context.not_after is not None or context.year is not None
        style = context.style() if known else DateStyle(not_after=context.today)
        read = read_date(day.group(), style)
        dated = known or re.match(r"\d{4}", day.group()) is not None
        # A bulletin of these weeks needs no year; an older one is not guessed at.
        if isinstance(read, ReadDate) and read.latest and (dated or (context.today - read.latest).days <= RECENT_DAYS):
            announced = re.search(r"通报|公布|发布|报告", line) and not re.search(r"新增|确诊", line)
            values["report_date" if announced else "confirm_date"] = read
    if "无症状" in line and "确诊" not in line:
        values["classification"] = "asymptomatic"
    elif "疑似" in line and "确诊" not in line:
        values["classification"] = "suspected"
    elif "确诊" in line:
        values["classification"] = "confirmed"
    return values


def _dated_by(heading: dict[str, Any], context: Context) -> Context:
    """A heading's full date gives the year to the days below it, where nobody gave one before."""
    read = heading.get("confirm_date") or heading.get("report_date")
    if context.not_after is None and context.year is None and isinstance(read, ReadDate) and read.latest is not None:
        # Published on the day or within the days after it: some onsets are told up to the day of the heading.
        return replace(context, not_after=read.latest + timedelta(days=1))
    return context
