"""Invented people. Names are drawn from common characters; ID numbers and telephones can belong to nobody.

The ID numbers carry a right check digit but begin with 99, which stands for no province in GB/T 2260; no telephone number
of eleven digits begins with 154. Everybody is drawn from a number of their own, so nobody needs to be remembered.
"""

from bisect import bisect
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random

NO_PROVINCE, NO_PHONE = "99", "154"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"

# Common surnames with their rough share in percent (Ministry of Public Security, name report of 2020: the largest ones).
SURNAMES = {
    "王": 7.2, "李": 7.2, "张": 6.8, "刘": 5.2, "陈": 6.0, "杨": 3.1, "黄": 2.6, "赵": 2.3, "吴": 2.6, "周": 2.4,
    "徐": 2.2, "孙": 1.6, "马": 1.3, "朱": 1.7, "胡": 1.5, "郭": 1.1, "何": 1.2, "林": 2.2, "高": 1.0, "罗": 0.9,
    "郑": 1.3, "梁": 0.8, "谢": 0.8, "宋": 0.7, "唐": 0.7, "许": 0.8, "韩": 0.6, "冯": 0.7, "邓": 0.6, "曹": 0.6,
    "彭": 0.5, "曾": 0.5, "肖": 0.5, "田": 0.4, "董": 0.5, "潘": 0.7, "袁": 0.4, "蔡": 0.7, "蒋": 0.6, "余": 0.6,
    "于": 0.4, "杜": 0.4, "叶": 0.9, "程": 0.4, "魏": 0.4, "苏": 0.4, "吕": 0.5, "丁": 0.5, "任": 0.3, "卢": 0.4,
    "姚": 0.5, "沈": 0.8, "钟": 0.4, "姜": 0.4, "崔": 0.3, "谭": 0.3, "陆": 0.5, "范": 0.4, "汪": 0.4, "金": 0.7,
    "方": 0.5, "夏": 0.4, "章": 0.3, "戴": 0.3, "虞": 0.1, "诸葛": 0.05, "欧阳": 0.05,
}  # fmt: skip
MALE = "伟强磊军勇涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林杰建国志文海东峰振立庆德福元良永安邦成康"
FEMALE = "芳娜敏静丽艳秀英霞燕玲桂兰梅琳玉萍红洁慧娟莉婷雪倩颖丹怡蓉晶琴云莲凤珍翠雅芝芬珊佳琪欣妍月香彩媛"
STREETS = [
    "人民路",
    "解放路",
    "中山路",
    "新华街",
    "江滨路",
    "学院路",
    "建设路",
    "劳动路",
    "和平巷",
    "锦绣路",
    "望江路",
    "府前街",
    "文化路",
    "学士路",
    "环城路",
]
TWO_GIVEN, HOUSEHOLD_SURNAME = (
    0.82,
    0.6,
)  # shares: of given names with two characters; of people named as their household
_NAMES, _UP_TO = list(SURNAMES), list(accumulate(SURNAMES.values()))


@dataclass(frozen=True)
class Invented:
    """Somebody who does not exist."""

    name: str
    sex: str
    birth_date: date
    id_number: str
    phone: str
    address: str


class People:
    """Invents people: for one seed, the same person for the same number, whoever was asked for before."""

    def __init__(self, seed: int):
        self.seed = seed

    def _random(self, of: int, number: int) -> Random:
        return Random((self.seed << 40) + (number << 2) + of)

    def person(self, number: int, household: int, *, male: bool, age: int, today: date) -> Invented:
        """One person of an age on a day. A household shares its address and often its surname. ``number`` below 5 million."""
        draw, at_home = self._random(0, number).random, self._random(1, household).random
        surname, address = _surname(at_home()), _address(at_home(), at_home(), at_home())
        if draw() >= HOUSEHOLD_SURNAME:
            surname = _surname(draw())
        given = "".join(_one_of(MALE if male else FEMALE, draw()) for _ in range(2 if draw() < TWO_GIVEN else 1))
        born = today - timedelta(days=int(age * 365.25 + 1 + draw() * 363))
        return Invented(
            surname + given,
            "M" if male else "F",
            born,
            id_number(number, born, male),
            f"{NO_PHONE}{number:08d}",
            address,
        )

    def misheard(self, name: str, number: int) -> str:
        """The name with its last character heard wrong, as another hospital writes it."""
        draw = self._random(2, number).random
        others = (MALE + FEMALE).replace(name[-1], "")
        return name[:-1] + _one_of(others, draw())


def id_number(number: int, born: date, male: bool) -> str:
    """An ID number of the form of GB 11643 with a right check digit, for nobody: unlike that of every other number."""
    high, low = divmod(number, 500)
    first = f"{NO_PROVINCE}{high:04d}{born:%Y%m%d}{low * 2 + male:03d}"  # the last digit tells the sex
    return first + CHECKS[sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True)) % 11]


def _one_of(letters: str, draw: float) -> str:
    return letters[int(draw * len(letters))]


def _surname(draw: float) -> str:
    return _NAMES[bisect(_UP_TO, draw * _UP_TO[-1])]


def _address(street: float, house: float, flat: float) -> str:
    place = int(flat * 72)
    return f"{STREETS[int(street * len(STREETS))]}{int(house * 380) + 1}号{place // 4 + 1}0{place % 4 + 1}室"
