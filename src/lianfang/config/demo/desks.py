"""Who works in the synthetic province: hospitals and centres of every county, and the accounts that a visitor may use."""

import json
import os
import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.models import User
from lianfang.registry.models import ANY_DISEASE, Area, Organisation, Post
from lianfang.registry.selectors import actor_for

PROVINCE, HOME_COUNTY, HOME_CITY = "330000", "330302", "330300"
HOSPITAL, CREW = "鹿城区人民医院", "鹿城区电力通信抢修队"  # organisations of the home county
ISOLATION, GRID_TOWNSHIP = "鹿城区集中隔离点", "330302006"
ACCOUNTS = (  # user name, who, role, code of an area or name of an organisation of the home county
    ("lucheng", "鹿城区疾控中心 陈敏", "epidemiologist", HOME_COUNTY),
    ("wenzhou", "温州市疾控中心 林涛", "epidemiologist", HOME_CITY),
    ("zhejiang", "浙江省疾控中心 沈静", "epidemiologist", PROVINCE),
    ("doctor", "鹿城区人民医院 周健", "clinician", HOSPITAL),
    ("supervisor", "鹿城区防控办 督办员 王强", "supervisor", HOME_COUNTY),
    ("coordinator", "鹿城区集中隔离点 张敏", "site_coordinator", ISOLATION),
    ("grid", "五马街道 网格员 李芳", "grid_worker", GRID_TOWNSHIP),
    ("crew", "电力通信抢修队 队长 胡军", "crew", CREW),
    ("officer", "省指挥部 值班员 金波", "situation_officer", PROVINCE),
    ("signatory", "省卫生健康委 签发人 方玲", "signatory", PROVINCE),
    ("publisher", "省卫生健康委 发布人 叶凯", "publisher", PROVINCE),
    ("auditor", "省纪检监察组 审计员 姚兰", "auditor", PROVINCE),
    ("admin", "省平台管理员 许飞", "administrator", PROVINCE),
)


def password() -> str:
    """The password of the demo accounts: made on the first start and kept beside the database."""
    if told := os.environ.get("LIANFANG_DEMO_PASSWORD"):
        return told
    path = settings.HOME / "demo.json"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump({"password": f"lianfang-{secrets.token_hex(3)}"}, out)
    return str(json.loads(path.read_text())["password"])


@dataclass(frozen=True)
class County:
    """A county: where its people live, where its sick go, and who writes down what happens to them."""

    area: Area
    city: Area
    townships: list[Area]
    hospitals: tuple[Organisation, Organisation]
    doctors: tuple[Actor, Actor]  # one in each hospital
    epidemiologist: Actor
    city_epidemiologist: Actor

    @property
    def at_home(self) -> bool:
        """Whether this is the county whose hospital and centre have accounts for visitors."""
        return self.area.code == HOME_COUNTY


def staffed(day: datetime) -> list[County]:
    """Zhejiang's counties with two hospitals and a centre for disease control each, and an account in every one of them.

    The accounts of ``ACCOUNTS`` have the demo's password and open when all is written; the others have none, and nobody
    can sign in to them.
    """
    with clock.at(day):
        valid = Area.objects.valid_on(clock.today()).filter(path__startswith=f"CN/{PROVINCE}/")
        cities = {area.code: area for area in valid.filter(level="city")}
        counties = list(valid.filter(level="county").order_by("code"))
    townships: dict[int | None, list[Area]] = defaultdict(list)
    for township in Area.objects.filter(level="township", parent__in=counties, valid_until=None).order_by("code"):
        townships[township.parent_id].append(township)
    known = {
        **cities,
        **{area.code: area for area in counties},
        PROVINCE: Area.objects.get(code=PROVINCE, valid_until=None),
    }
    centres = [_organisation(area, "疾病预防控制中心", "CDC", "cdc") for area in (*cities.values(), *counties)]
    hospitals = {  # the first of the two is designated to receive whoever falls ill under observation
        area.code: (
            _organisation(area, "人民医院", "People’s Hospital", "hospital", designated_for=[ANY_DISEASE]),
            _organisation(area, "中医院", "Hospital of Chinese Medicine", "hospital"),
        )
        for area in counties
    }
    crew = _organisation(known[HOME_COUNTY], "电力通信抢修队", "Power and Telecom Crew", "enterprise")
    isolation = _organisation(known[HOME_COUNTY], "集中隔离点", "Isolation Site", "other")
    at_home = {row.name: row for row in (*hospitals[HOME_COUNTY], crew, isolation)}
    known |= {area.code: area for area in Area.objects.filter(code=GRID_TOWNSHIP, valid_until=None)}
    users: dict[str, User] = {}
    posts: list[Post] = []

    def account(
        name: str, who: str, role: str, *, hashed: str, area: Area | None = None, within: Organisation | None = None
    ) -> None:
        users[name] = User(username=name, display_name=who, password=hashed)
        posts.append(Post(user=users[name], role=role, area=area, organisation=within))

    secret, nobody = make_password(password()), make_password(None)
    for name, who, role, held in ACCOUNTS:
        if held in known:
            account(name, who, role, hashed=secret, area=known[held])
        else:
            account(name, who, role, hashed=secret, within=at_home[held])
    centre_of, doctors_of = {HOME_COUNTY: "lucheng", HOME_CITY: "wenzhou"}, {(HOME_COUNTY, 0): "doctor"}
    for area in (*cities.values(), *counties):
        if area.code not in centre_of:
            centre_of[area.code] = f"cdc{area.code}"
            account(f"cdc{area.code}", f"{area.name}疾控中心", "epidemiologist", hashed=nobody, area=area)
    for code, pair in hospitals.items():
        for place, hospital in enumerate(pair):
            if (code, place) not in doctors_of:
                doctors_of[code, place] = f"h{code}{'ab'[place]}"
                account(doctors_of[code, place], hospital.name, "clinician", hashed=nobody, within=hospital)
    with transaction.atomic():
        Organisation.objects.bulk_create(
            [*centres, crew, isolation, *(hospital for pair in hospitals.values() for hospital in pair)]
        )
        User.objects.bulk_create(users.values())
        Post.objects.bulk_create(posts)
        User.objects.filter(username__in=[name for name, *_ in ACCOUNTS]).update(is_active=False)
    actors = {
        name: actor_for(user) for name, user in users.items() if name in {*centre_of.values(), *doctors_of.values()}
    }
    return [
        County(
            area=area,
            city=cities[area.path.split("/")[2]],
            townships=townships[area.pk] or [area],
            hospitals=hospitals[area.code],
            doctors=(actors[doctors_of[area.code, 0]], actors[doctors_of[area.code, 1]]),
            epidemiologist=actors[centre_of[area.code]],
            city_epidemiologist=actors[centre_of[area.path.split("/")[2]]],
        )
        for area in counties
    ]


def open_accounts() -> None:
    """Let visitors in."""
    User.objects.filter(username__in=[name for name, *_ in ACCOUNTS]).update(is_active=True)


def are_open() -> bool:
    """Whether visitors may come in: the demonstration stands whole in this database."""
    return User.objects.filter(username=ACCOUNTS[0][0], is_active=True).exists()


def _organisation(area: Area, kind_of: str, kind_of_en: str, kind: str, **more: Any) -> Organisation:
    name, name_en = f"{area.name}{kind_of}", f"{area.name_en} {kind_of_en}"
    return Organisation(name=name, name_en=name_en, kind=kind, area=area, path=area.path, **more)
