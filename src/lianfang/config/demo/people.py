"""Invented people. Names are drawn from common characters; ID numbers and telephones can belong to nobody.

The ID numbers carry a right check digit but a region code that was never given out, and no mobile number begins with 12.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

NO_REGION = "339900"
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
STREETS = "人民路 解放路 中山路 新华街 江滨路 学院路 建设路 劳动路 和平巷 锦绣路 望江路 府前街 文化路 学士路 环城路".split()


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
    """Invents people, the same ones for the same seed."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        shares = np.array(list(SURNAMES.values()))
        self.surnames, self.shares, self.numbers = list(SURNAMES), np.cumsum(shares / shares.sum()), 0

    def invent(self, male: bool, age: int, today: date, *, surname: str = "", address: str = "") -> Invented:
        """One person of an age; a family shares its surname and its address."""
        draw = self.rng.random(8)
        surname = surname or self.surnames[int(np.searchsorted(self.shares, draw[0]))]
        letters = MALE if male else FEMALE
        given = letters[int(draw[1] * len(letters))]
        if draw[2] < 0.82:
            given += letters[int(draw[3] * len(letters))]
        birth = date(today.year - int(age), 1, 1) - timedelta(days=int(draw[4] * 365))
        self.numbers += 1
        order = self.numbers % 500 * 2 + male  # the last digit before the check tells the sex
        number = f"{NO_REGION}{birth:%Y%m%d}{order % 1000:03d}"
        house = f"{STREETS[int(draw[5] * len(STREETS))]}{int(draw[6] * 380) + 1}号{int(draw[7] * 18) + 1}0{int(draw[7] * 400) % 4 + 1}室"
        return Invented(
            surname + given,
            "M" if male else "F",
            birth,
            number + CHECKS[sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=True)) % 11],
            f"12{self.numbers % 10**9:09d}",
            address or house,
        )

    def misheard(self, name: str) -> str:
        """The name with its last character heard wrong, as another hospital writes it."""
        letters = MALE + FEMALE
        return name[:-1] + letters[int(self.rng.random() * len(letters))]
