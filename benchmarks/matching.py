"""One person, once: precision and recall of `lianfang.registry.matching` on a labelled synthetic set, beside trigrams.

The peer is what SORMAS does: names whose trigram similarity (the formula of PostgreSQL's pg_trgm) is 0.65 or more, on
"given family" with a blank between, and on the name alone. Everybody here is invented. The errors are drawn from this
file's own tables, not from those that the rules use, and the shares of errors are assumed, as no labelled set of real
records can be published.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache

from pypinyin import lazy_pinyin
from stdnum.cn import ric

from lianfang.registry import matching

FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤单仇"
COMPOUND = ("欧阳", "上官", "诸葛", "司马", "夏侯")
GIVEN = {
    "M": "伟强磊军勇涛明超杰华平刚辉鹏飞斌波宇浩凯健俊帆旭宁建国志文海龙峰林新成东晨阳子轩博铭睿天佑家豪嘉诚德福安康永庆世振兴光荣祥瑞春生立民学义仁忠信",
    "F": "芳娜敏静秀英丽燕娟霞玲红艳萍晓小雪梅桂兰美慧婷玉珍云莲凤洁琳雅欣怡佳颖倩雯梦琪思雨嘉紫涵诗语若曦可馨月华春香菊花琴素青文清秋爱金银彩菲蓉蕾莉璐瑶",
}
MORE_CHARACTERS = "玮炜维薇韦宏虹洪鸿晓小筱肖红宏莹颖影盈英瑛君军俊峻骏钧均静婧靖境丽莉利立力莲连怡宜仪艺逸义轶毅翼婷亭庭廷芬分纷敏闵洁杰捷琴勤芹秦佳家嘉加雪学薛平萍苹屏霞侠夏磊蕾雷燕艳彦砚雁妍研慧惠会辉晖徽挥"
LOOK_ALIKES = "玮伟 末未 晴睛 杨扬 洋祥 莹萤 婷停 琪棋 娟捐 海梅 宇字 思恩 明朋 杰木 飞气 国囯 军车 勇男 波坡 浩洁 俊峻 阳阴 龙尤 林木 新亲 丽两 红江 玲怜 秀季 英荚 敏毓 凯剀 辉挥 斌武 超起 建健 志忘 文交 成戍 天夫 子了 博傅 永水 世卋 立产 民氏 兰三 春舂 玉王 莲连 凤风 青肯 月用 香杏 云去 雨两 若苦 可司 佳住 怡冶"
TRADITIONAL = "张張 刘劉 陈陳 杨楊 黄黃 赵趙 吴吳 孙孫 马馬 罗羅 郑鄭 谢謝 许許 韩韓 冯馮 邓鄧 萧蕭 蒋蔣 叶葉 苏蘇 吕呂 卢盧 钟鐘 谭譚 陆陸 贾賈 韦韋 邹鄒 龙龍 万萬 钱錢 严嚴 顾顧 贺賀 汤湯 单單 伟偉 强強 军軍 杰傑 华華 刚剛 辉輝 鹏鵬 飞飛 国國 东東 阳陽 轩軒 铭銘 荣榮 兴興 学學 义義 丽麗 静靜 红紅 艳艷 晓曉 兰蘭 云雲 莲蓮 凤鳳 洁潔 颖穎 梦夢 语語 诗詩 爱愛 银銀 欧歐 诸諸"


@dataclass(frozen=True)
class Human:
    """Somebody as they are, of whom records are made."""

    number: int
    name: str
    sex: str
    born: date
    id_number: str
    phone: str
    county: str
    township: str
    parent: "Human | None" = None


@dataclass(frozen=True)
class Record:
    """What was written down of somebody, and what went wrong in writing."""

    of: int
    person: matching.Person
    errors: frozenset[str] = field(default_factory=frozenset)


class Population:
    """Households in counties of unequal size. Seeded: the same seed gives the same people and the same errors."""

    def __init__(self, seed: int = 20200123):
        self.random = random.Random(seed)
        self.people: list[Human] = []
        self.counties = [f"33{city:02d}{county:02d}" for city in range(1, 12) for county in range(2, 10)]
        self.county_weights = [1 / (rank + 1) ** 0.7 for rank in range(len(self.counties))]
        self.family_weights = [
            7.2,
            7.2,
            6.8,
            5.4,
            5.0,
            3.1,
            2.5,
            2.3,
            2.2,
            1.9,
            1.6,
            1.5,
            1.4,
            1.3,
            1.3,
            1.2,
            1.2,
            1.2,
            1.1,
            1.0,
        ]
        self.family_weights += [0.9 / (1 + rank / 20) for rank in range(len(FAMILY) - 20)]

    def grow(self, size: int) -> list[Human]:
        """Add households until there are so many people; returns those added."""
        before = len(self.people)
        while len(self.people) < before + size:
            self._household()
        added = self.people[before : before + size]
        del self.people[before + size :]
        return added

    def _household(self) -> None:
        draw = self.random
        county = draw.choices(self.counties, self.county_weights)[0]
        township = f"{county}{draw.randint(1, 12):03d}"
        father = self._add(self._family(), "M", self._day(1935, 1995), county, township)
        if draw.random() < 0.6:
            mother = self._add(
                self._family(), "F", father.born + timedelta(draw.randint(-1500, 2500)), county, township
            )
            self._maybe_share_phone(mother, father, 0.1)
        children = draw.choices([0, 1, 2, 3], [45, 30, 20, 5])[0]
        shared = draw.choice(GIVEN["M"] + GIVEN["F"]) if draw.random() < 0.3 else ""
        born = father.born + timedelta(draw.randint(22, 38) * 365)
        for _ in range(children):
            twins = 2 if draw.random() < 0.02 else 1
            for _ in range(twins):
                if born < date(2020, 1, 1):
                    child = self._add(
                        father.name[: self._family_length(father.name)],
                        draw.choice("MF"),
                        born,
                        county,
                        township,
                        shared,
                        father,
                    )
                    self._maybe_share_phone(child, father, 0.9 if born.year > 2005 else 0.15)
            born += timedelta(draw.randint(500, 2500))

    def _maybe_share_phone(self, one: Human, other: Human, share: float) -> None:
        if self.random.random() < share:
            self.people[one.number] = replace(one, phone=other.phone)

    def _family(self) -> str:
        if self.random.random() < 0.004:
            return self.random.choice(COMPOUND)
        return self.random.choices(FAMILY, self.family_weights)[0]

    @staticmethod
    def _family_length(name: str) -> int:
        return 2 if name[:2] in COMPOUND else 1

    def _given(self, sex: str, shared: str = "") -> str:
        letters = GIVEN[sex]
        weights = _falling(len(letters))
        if shared:
            return shared + self.random.choices(letters, weights)[0]
        return "".join(self.random.choices(letters, weights, k=1 if self.random.random() < 0.15 else 2))

    def _day(self, first: int, last: int) -> date:
        return date(first, 1, 1) + timedelta(self.random.randrange((last - first) * 365))

    def _add(
        self,
        family: str,
        sex: str,
        born: date,
        county: str,
        township: str,
        shared: str = "",
        parent: Human | None = None,
    ) -> Human:
        number = f"{county}{born:%Y%m%d}{self.random.randrange(0, 500) * 2 + (sex == 'M'):03d}"
        number += ric.calc_check_digit(number + "0")
        phone = "1" + self.random.choice("3578") + "".join(self.random.choices("0123456789", k=9))
        human = Human(
            len(self.people), family + self._given(sex, shared), sex, born, number, phone, county, township, parent
        )
        self.people.append(human)
        return human

    # ------------------------------------------------------------------------------------------------- writing down

    def record(self, human: Human) -> Record:
        """One record of somebody, with what is missing and what went wrong."""
        chance = self.random.random
        errors: set[str] = set()
        name = self._written_name(human, errors)
        number = human.id_number if chance() < 0.7 else ""
        if number and human.parent and human.born.year > 2005 and chance() < 0.03:
            number = human.parent.id_number
            errors.add("a parent's ID number")
        if number and chance() < 0.04:
            number = self._slip(number, errors, "ID number: one slip")
        phone = human.phone if chance() < 0.85 else ""
        if phone and chance() < 0.15:
            phone = "1" + self.random.choice("3578") + "".join(self.random.choices("0123456789", k=9))
            errors.add("another telephone")
        elif phone and chance() < 0.02:
            phone = self._slip(phone, errors, "telephone: one slip")
        born: date | None = human.born
        if chance() < 0.03:
            born = self._wrong_day(human.born, errors)
        year = None
        if chance() < 0.25:
            born, year = None, human.born.year + self.random.choice([-1, 0, 0, 0, 1])
        county, township = human.county, human.township
        if chance() < 0.06:
            county, township = self.random.choice(self.counties), ""
            errors.add("another county")
        if chance() < 0.35:
            township = ""
        sex = human.sex if chance() < 0.975 else "U"
        if chance() < 0.005:
            sex = "MF"[sex == "M"]
            errors.add("wrong sex")
        parent = human.parent.name if human.parent and human.born.year > 2005 and chance() < 0.8 else ""
        if not number and not phone:
            errors.add("neither ID number nor telephone")
        if not number and not phone and born is None:
            errors.add("name, age and area only")
        return Record(
            human.number,
            matching.Person(name, number, phone, sex, born, year, county, township, parent),
            frozenset(errors),
        )

    def _written_name(self, human: Human, errors: set[str]) -> str:
        name, fate = human.name, self.random.random()
        cut = self._family_length(name)
        for share, what, write in (
            (0.07, "name: homophone", lambda: self._replaced(name, homophones)),
            (0.03, "name: look-alike", lambda: self._replaced(name, look_alikes)),
            (0.01, "name: another character", lambda: self._replaced(name, lambda c: MORE_CHARACTERS)),
            (0.01, "name: order", lambda: name[cut:] + name[:cut]),
            (0.02, "name: traditional", lambda: "".join(traditional().get(c, c) for c in name)),
            (0.03, "name: Latin script", lambda: self._latin(name, cut)),
            (0.005, "name: quite another", lambda: self._family() + self._given(human.sex)),
            (0.005, "name: missing", lambda: ""),
        ):
            fate -= share
            if fate < 0:
                if (written := write()) != name:
                    errors.add(what)
                return written
        return name

    def _replaced(self, name: str, others: Callable[[str], str]) -> str:
        places = [at for at, c in enumerate(name) if others(c).replace(c, "")]
        if not places:
            return name
        at = self.random.choice(places)
        return name[:at] + self.random.choice(others(name[at]).replace(name[at], "")) + name[at + 1 :]

    def _latin(self, name: str, cut: int) -> str:
        family = (
            "".join(lazy_pinyin(name[:cut])).replace("dan", "shan")
            if name[0] == "单"
            else "".join(lazy_pinyin(name[:cut]))
        )
        family = {"曾": "zeng", "仇": "qiu", "覃": "qin"}.get(name[:cut], family)
        given = "".join(lazy_pinyin(name[cut:]))
        return self.random.choice(
            [
                f"{family} {given}".title(),
                f"{given} {family}".title(),
                f"{family}{given}",
                f"{family.upper()}, {given.title()}",
            ]
        )

    def _slip(self, digits: str, errors: set[str], what: str) -> str:
        errors.add(what)
        at = self.random.randrange(len(digits) - 1)
        if self.random.random() < 0.3 and digits[at] != digits[at + 1]:
            return digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
        return digits[:at] + self.random.choice("0123456789".replace(digits[at], "")) + digits[at + 1 :]

    def _wrong_day(self, day: date, errors: set[str]) -> date:
        errors.add("wrong date of birth")
        if day.day <= 12 and day.day != day.month and self.random.random() < 0.4:
            return date(day.year, day.day, day.month)
        return day + timedelta(self.random.choice([-1, 1, 10, -10, 365, 3650, self.random.randint(-4000, 4000)]))


@cache
def _falling(size: int) -> list[float]:
    return [1 / (rank + 4) for rank in range(size)]


@cache
def _by_sound() -> dict[str, str]:
    found: dict[str, str] = defaultdict(str)
    for character in dict.fromkeys(
        GIVEN["M"] + GIVEN["F"] + MORE_CHARACTERS + FAMILY + "章闻汪里理黎礼成承程诚吕旅徐许刘柳"
    ):
        found[lazy_pinyin(character)[0]] += character
    return found


def homophones(character: str) -> str:
    return _by_sound().get(lazy_pinyin(character)[0], "")


@cache
def _looking_alike() -> dict[str, str]:
    found: dict[str, str] = defaultdict(str)
    for one, other in LOOK_ALIKES.split():
        found[one] += other
        found[other] += one
    return found


def look_alikes(character: str) -> str:
    return _looking_alike().get(character, "")


@cache
def traditional() -> dict[str, str]:
    return dict(pair for pair in TRADITIONAL.split())  # type: ignore[misc]


# --------------------------------------------------------------------------------------------------------- trigrams


def trigrams(text: str) -> frozenset[str]:
    """The trigrams of pg_trgm: each word in lower case with two blanks before and one behind."""
    return frozenset(
        padded[at : at + 3]
        for word in text.lower().split()
        for padded in [f"  {word} "]
        for at in range(len(padded) - 2)
    )


def similarity(a: str, b: str) -> float:
    """Of all trigrams of two texts, the share that both have.

    >>> round(similarity("晓红 张", "小红 张"), 2), round(similarity("王伟", "王玮"), 2)
    (0.25, 0.2)
    """
    one, other = trigrams(a), trigrams(b)
    return len(one & other) / len(one | other) if one and other else 0.0


def _given_first(name: str) -> str:
    cut = Population._family_length(name)
    return f"{name[cut:]} {name[:cut]}" if name and ord(name[0]) > 0x2E80 else name


def by_trigrams(known: list[Record], arriving: list[Record], written: Callable[[str], str]) -> dict[int, set[int]]:
    """{arriving: known} with names at a similarity of 0.65 or more."""
    index: dict[str, list[int]] = defaultdict(list)
    sizes = []
    for at, record in enumerate(known):
        grams = trigrams(written(record.person.name))
        sizes.append(len(grams))
        for gram in grams:
            index[gram].append(at)
    found: dict[int, set[int]] = {}
    for at, record in enumerate(arriving):
        grams = trigrams(written(record.person.name))
        shared = Counter(other for gram in grams for other in index.get(gram, ()))
        found[at] = {other for other, both in shared.items() if both / (len(grams) + sizes[other] - both) >= 0.65}
    return found


# --------------------------------------------------------------------------------------------------------- measuring


@dataclass(frozen=True)
class Result:
    """What was found: pairs by verdict, and the cost."""

    pairs: dict[int, dict[int, str]]  # {arriving: {known: verdict}}
    keys_each: float
    keys_us: float
    compared_each: float
    compare_us: float


def by_rules(known: list[Record], arriving: list[Record]) -> Result:
    """Block and score each arriving record against the known ones, as the platform does."""
    clock = time.process_time  # of this process, whatever else runs
    start = clock()
    own = {
        ("known", at): [(kind, (kind, text)) for kind, text in matching.blocking_keys(record.person)]
        for at, record in enumerate(known)
    }
    keys_us = (clock() - start) / len(known) * 1e6
    sharing: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for who, keys in own.items():
        for _, key in keys:
            sharing[key].append(who)
    wanted = {
        at: [(kind, (kind, text)) for kind, text in matching.blocking_keys(record.person)]
        for at, record in enumerate(arriving)
    }
    pairs: dict[int, dict[int, str]] = {at: {} for at in range(len(arriving))}
    compared = 0
    start = clock()
    few = {key: people for key, people in sharing.items() if len(people) <= matching.MOST_SHARING}
    for at, keys in wanted.items():
        near = {key: list(few[key]) for _, key in keys if key in few}
        for who, by_name_alone in matching.candidates({at: keys}, near).get(at, {}).items():
            other = known[who[1]].person
            if by_name_alone and matching.born_apart(arriving[at].person, other):
                continue
            compared += 1
            verdict = matching.score(arriving[at].person, other).verdict
            if verdict != "unlikely":
                pairs[at][who[1]] = verdict
    spent = clock() - start
    return Result(
        pairs,
        sum(map(len, own.values())) / len(known),
        keys_us,
        compared / len(arriving),
        spent / max(compared, 1) * 1e6,
    )


def counted(pairs: Iterable[tuple[int, int]], known: list[Record], arriving: list[Record]) -> tuple[float, float, int]:
    """Precision, recall, and how many pairs were named."""
    pairs = set(pairs)
    standing = {record.of: at for at, record in enumerate(known)}
    truth = {(at, standing[record.of]) for at, record in enumerate(arriving) if record.of in standing}
    right = len(pairs & truth)
    return right / max(len(pairs), 1), right / len(truth), len(pairs)


def measured(registry: int, arrivals: int, seed: int = 20200123) -> tuple[list[Record], list[Record]]:
    """Records known and records arriving: half of the latter of people known, half of strangers and of their relatives."""
    population = Population(seed)
    people = population.grow(registry + arrivals)
    population.random.shuffle(people)
    known = [population.record(human) for human in people[:registry]]
    again = population.random.sample(people[:registry], arrivals // 2)
    arriving = [population.record(human) for human in [*again, *people[registry : registry + arrivals - len(again)]]]
    return known, arriving


LEVELS = (
    ("certain", ("certain",)),
    ("likely or better", ("certain", "likely")),
    ("possible or better", ("certain", "likely", "possible")),
)


def table(known: list[Record], arriving: list[Record], result: Result) -> list[str]:
    """The lines of the table: ours by verdict, the peer's two ways."""
    lines = ["| method | precision | recall | pairs named |", "| --- | --- | --- | --- |"]

    def line(what: str, pairs: Iterable[tuple[int, int]]) -> str:
        precision, recall, named = counted(pairs, known, arriving)
        return f"| {what} | {precision:.3f} | {recall:.3f} | {named:,} |"

    for words, verdicts in LEVELS:
        lines.append(
            line(
                f"Lianfang, {words}",
                ((at, who) for at, found in result.pairs.items() for who, v in found.items() if v in verdicts),
            )
        )
    for words, written in (("“given family”", _given_first), ("name alone", lambda name: name)):
        found = by_trigrams(known, arriving, written)
        lines.append(line(f"trigram ≥ 0.65, {words}", ((at, who) for at, those in found.items() for who in those)))
    return lines


def by_error(known: list[Record], arriving: list[Record], result: Result) -> list[str]:
    """Of people known already, the share that is found, by what is wrong or missing in one of the two records."""
    standing = {record.of: at for at, record in enumerate(known)}
    trigram = by_trigrams(known, arriving, lambda name: name)
    total: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    for at, record in enumerate(arriving):
        if record.of in standing:
            for error in (record.errors | known[standing[record.of]].errors) or {"nothing"}:
                total[error] += 1
                ours[error] += standing[record.of] in result.pairs[at]
                theirs[error] += standing[record.of] in trigram[at]
    lines = [
        "| wrong or missing in one of the two | pairs | found by Lianfang | by trigram ≥ 0.65, name alone |",
        "| --- | --- | --- | --- |",
    ]
    return lines + [
        f"| {error} | {count} | {ours[error] / count:.3f} | {theirs[error] / count:.3f} |"
        for error, count in sorted(total.items())
    ]


def main(registry: int = 20_000, arrivals: int = 4_000) -> None:
    known, arriving = measured(registry, arrivals)
    result = by_rules(known, arriving)
    print(
        f"One person, once: {registry:,} records known, {arrivals:,} arriving, half of them of people known. All invented.\n"
    )
    print("\n".join(table(known, arriving, result)), "\n")
    print("\n".join(by_error(known, arriving, result)), "\n")
    print(
        f"{result.keys_each:.1f} keys a person in {result.keys_us:.0f} µs; {result.compared_each:.1f} records compared for each arrival, "
        f"{result.compare_us:.0f} µs each."
    )


if __name__ == "__main__":
    main()
