"""Writing the synthetic outbreak down, hour by hour, through the same doors that people use.

Hospitals notify, counties review and investigate, laboratories answer, patients leave: each at its hour, with the clock
held there, so that every page can be shown as it was known on any day of the outbreak.
"""

import heapq
import json
import os
import secrets
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from lianfang.definitions import selectors as definitions
from lianfang.kernel import audit, clock, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.models import User
from lianfang.registry.areas import load_china
from lianfang.registry.models import Area, Organisation, Post
from lianfang.registry.selectors import actor_for
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as cases
from lianfang.surveillance import tally
from lianfang.surveillance.evidence import Evidence, Exposure, LabResult, content_of
from lianfang.surveillance.models import Case
from lianfang.tracing import services as tracing

from .outbreak import Outbreak, generate
from .people import Invented, People

DISEASE, SOURCE, DAYS = "covid19", "demo", 60
PROVINCE, HOME_COUNTY, HOME_CITY = "330000", "330302", "330300"
SEED_CITIES = {"330300": 4.0, "330100": 1.5, "330200": 1.4, "331000": 1.4}  # where people came back to, others 0.4
ACCOUNTS = (  # user name, who, role, area or None for the home county's hospital
    ("lucheng", "鹿城区疾控中心 陈敏", "epidemiologist", HOME_COUNTY),
    ("wenzhou", "温州市疾控中心 林涛", "epidemiologist", HOME_CITY),
    ("zhejiang", "浙江省疾控中心 沈静", "epidemiologist", PROVINCE),
    ("doctor", "鹿城区人民医院 周健", "clinician", None),
    ("officer", "省指挥部 值班员 金波", "situation_officer", PROVINCE),
    ("signatory", "省卫生健康委 签发人 方玲", "signatory", PROVINCE),
    ("publisher", "省卫生健康委 发布人 叶凯", "publisher", PROVINCE),
    ("auditor", "省纪检监察组 审计员 姚兰", "auditor", PROVINCE),
    ("admin", "省平台管理员 许飞", "administrator", PROVINCE),
)
SEVERITIES = ("mild", "moderate", "severe", "critical")
SYMPTOMS = (("fever", 0.86), ("dry_cough", 0.5), ("cough", 0.2), ("fatigue", 0.35), ("sore_throat", 0.16), ("muscle_pain", 0.14),
            ("headache", 0.12), ("dyspnoea", 0.1), ("diarrhoea", 0.06), ("loss_of_appetite", 0.08))  # fmt: skip


def password() -> str:
    """The password of the demo accounts: made on the first start and kept beside the database."""
    if told := os.environ.get("LIANFANG_DEMO_PASSWORD"):
        return told
    path = settings.HOME / "demo.json"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump({"password": f"lianfang-{secrets.token_hex(3)}"}, out)
    return str(json.loads(path.read_text())["password"])


def filled() -> bool:
    """Whether the demonstration, or anything else, is already in this database."""
    return Case.objects.exists()


@dataclass
class _County:
    area: Area
    townships: list[Area]
    hospitals: list[Organisation]
    doctor: Actor
    epidemiologist: Actor


def fill(size: int, seed: int = 20200123, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Fill an empty database with areas, accounts and an outbreak of ``size`` cases over the last 60 days."""
    load_china()
    now = clock.now()
    first_day = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    span = (now - first_day) / timedelta(days=1)
    with clock.at(first_day):
        counties = _counties(first_day)
    disease = definitions.disease(DISEASE)
    interval = disease.serial_interval if disease else None
    if interval is None:
        raise RuntimeError(f"the definitions have no {DISEASE} with a serial interval")
    cities = sorted({county.area.path.split("/")[2] for county in counties})
    outbreak = generate(
        size,
        DAYS,
        seed,
        interval_mean=interval.mean_days,
        interval_sd=interval.sd_days,
        weights=np.array([SEED_CITIES.get(county.area.path.split("/")[2], 0.4) for county in counties]),
        city_of=np.array([cities.index(county.area.path.split("/")[2]) for county in counties]),
    )
    _Writer(outbreak, counties, first_day, span / DAYS, seed, progress).run()
    audit.seal_all()
    tally.tally_all()


def _counties(day: datetime) -> list[_County]:
    """Zhejiang's counties with two hospitals each, and the accounts that work there."""
    areas = list(Area.objects.valid_on(clock.local_day(clock.now())).filter(level="county", path__startswith=f"CN/{PROVINCE}/").order_by("code"))
    townships: dict[int, list[Area]] = defaultdict(list)
    for township in Area.objects.filter(level="township", parent__in=areas, valid_until=None):
        townships[township.parent_id or 0].append(township)
    hospitals = {
        area.pk: [
            Organisation(name=f"{area.name}人民医院", name_en=f"{area.name_en} People’s Hospital", kind="hospital", area=area, path=area.path),
            Organisation(name=f"{area.name}中医院", name_en=f"{area.name_en} Hospital of Chinese Medicine", kind="hospital", area=area, path=area.path),
        ]
        for area in areas
    }
    centres = [Organisation(name=f"{area.name}疾病预防控制中心", name_en=f"{area.name_en} CDC", kind="cdc", area=area, path=area.path) for area in areas]
    with transaction.atomic():
        Organisation.objects.bulk_create([*centres, *(hospital for pair in hospitals.values() for hospital in pair)])
        known = {area.code: area for area in Area.objects.filter(code__in=[PROVINCE, HOME_CITY, HOME_COUNTY], valid_until=None)}
        secret = make_password(password())
        nobody = make_password(None)
        posts = []
        users: dict[str, User] = {}

        def account(name: str, who: str, role: str, area: Area | None, hospital: Organisation | None, hashed: str) -> None:
            users[name] = User(username=name, display_name=who, password=hashed)
            posts.append(Post(user=users[name], role=role, area=area, organisation=hospital))

        for name, who, role, code in ACCOUNTS:
            home = hospitals[known[HOME_COUNTY].pk][0]
            account(name, who, role, known[code] if code else None, None if code else home, secret)
        for area in areas:
            if area.code != HOME_COUNTY:
                account(f"cdc{area.code}", f"{area.name}疾控中心", "epidemiologist", area, None, nobody)
            for hospital, letter in zip(hospitals[area.pk], "ab", strict=True):
                if area.code != HOME_COUNTY or letter == "b":
                    account(f"h{area.code}{letter}", hospital.name, "clinician", None, hospital, nobody)
        User.objects.bulk_create(users.values())
        Post.objects.bulk_create(posts)
    return [
        _County(
            area,
            townships[area.pk] or [area],
            hospitals[area.pk],
            actor_for(users["doctor" if area.code == HOME_COUNTY else f"h{area.code}a"]),
            actor_for(users["lucheng" if area.code == HOME_COUNTY else f"cdc{area.code}"]),
        )
        for area in areas
    ]


@dataclass(order=True)
class _Action:
    """Something that happens at an hour, for one case of one county."""

    at: float  # days since the start
    name: str = field(compare=False)
    county: int = field(compare=False)
    case: int = field(compare=False)


class _Writer:
    def __init__(
        self, outbreak: Outbreak, counties: list[_County], first_day: datetime, stretch: float, seed: int, progress: Callable[[int, int], None]
    ):
        self.outbreak, self.counties, self.first_day, self.stretch = outbreak, counties, first_day, stretch
        self.rng, self.people, self.progress = np.random.default_rng(seed + 1), People(seed), progress
        self.families: dict[int, tuple[str, str]] = {}
        self.invented: dict[int, Invented] = {}
        self.ids: dict[int, UUID] = {}
        self.queue: list[_Action] = []
        self.over = float(DAYS)
        self.window = 1 / 48 if len(outbreak) <= 20_000 else 0.25
        self.now = clock.now()

    def moment(self, at: float) -> datetime:
        """The moment of a time in the outbreak; the last one is now."""
        return min(self.first_day + timedelta(days=at * self.stretch), self.now)

    def run(self) -> None:
        """Everything in the order of its hour. What happens within one window in one county is written together."""
        outbreak = self.outbreak
        for case in range(len(outbreak)):
            self.later(outbreak.reported[case], "notify", case)
        done = 0
        while self.queue:
            until = (self.queue[0].at // self.window + 1) * self.window
            together: dict[tuple[str, int], list[int]] = defaultdict(list)
            while self.queue and self.queue[0].at < until:
                action = heapq.heappop(self.queue)
                together[action.name, action.county].append(action.case)
            with clock.at(self.moment(until)):
                for (name, county), found in together.items():
                    for start in range(0, len(found), 2000):
                        getattr(self, name)(self.counties[county], found[start : start + 2000], until)
            done += sum(len(found) for (name, _county), found in together.items() if name == "notify")
            self.progress(done, len(outbreak))

    def later(self, at: float, name: str, case: int) -> None:
        if at < self.over - self.window and not np.isnan(at):
            heapq.heappush(self.queue, _Action(float(at), name, int(self.outbreak.county[case]), case))

    def notify(self, county: _County, found: list[int], at: float) -> None:
        outbreak = self.outbreak
        again = any(outbreak.repeats[case] >= 0 for case in found)
        by = county.doctor
        notifications = [self.notification(county, case) for case in found]
        cases.notify_many(notifications, by, look_for_duplicates=again)
        for case, entry in zip(found, notifications, strict=True):
            self.ids[case] = entry.id
            self.later(at + self.rng.choice([self.rng.uniform(0.01, 0.07), self.rng.uniform(0.1, 0.5)], p=[0.94, 0.06]), "review", case)
            if self.rng.uniform() < 0.95:
                self.later(at + self.rng.choice([self.rng.uniform(0.2, 0.9), self.rng.uniform(1.1, 2.0)], p=[0.9, 0.1]), "investigate", case)
            if outbreak.repeats[case] >= 0:
                continue
            self.later(max(at, outbreak.result[case]), "result", case) if not outbreak.straight[case] else None
            self.later(outbreak.second_result[case], "second_result", case)
            self.later(max(at + 0.1, outbreak.admitted[case] + 0.5), "course", case)
            self.later(outbreak.ended[case], "end", case)

    def person(self, case: int) -> Invented:
        outbreak = self.outbreak
        family = int(outbreak.family[case])
        surname, address = self.families.get(family, ("", ""))
        share = surname if self.rng.uniform() < 0.6 else ""
        made = self.people.invent(bool(outbreak.male[case]), int(outbreak.age[case]), clock.today(), surname=share, address=address)
        self.families.setdefault(family, (made.name[:-1] if len(made.name) == 2 else made.name[:-2], made.address))
        return made

    def notification(self, county: _County, case: int) -> cases.Notification:
        outbreak = self.outbreak
        repeats = int(outbreak.repeats[case])
        township = county.townships[int(outbreak.family[case]) % len(county.townships)]
        made = self.invented.get(repeats) if repeats >= 0 else None
        if made is None:
            made = self.invented[case] = self.person(case)
        name, id_number, phone = made.name, made.id_number, made.phone
        if repeats >= 0:
            name, id_number = self.people.misheard(name), "" if case % 2 else id_number
            township = county.townships[int(outbreak.family[repeats]) % len(county.townships)]
        diagnosed = self.moment(outbreak.diagnosed[case])
        details = PersonDetails(
            name=name,
            id_number=id_number,
            phone=phone,
            address=made.address,
            sex=made.sex,
            birth_date=made.birth_date,
            area=township,
            organisation_id=county.hospitals[0].pk,
        )
        return cases.Notification(
            disease=DISEASE,
            area=township,
            evidence=self.evidence(case, diagnosed),
            person=details,
            organisation=county.hospitals[0],
            source=SOURCE,
            local_id=f"D{case + 1:07d}",
            channel="web",
            diagnosed_at=diagnosed,
            reported_at=self.moment(outbreak.reported[case]),
            id=ids.new_id(),
        )

    def day(self, at: float) -> Any:
        return clock.local_day(self.moment(at))

    def evidence(self, case: int, diagnosed: datetime) -> Evidence:
        outbreak, rng = self.outbreak, self.rng
        silent = bool(outbreak.asymptomatic[case])
        symptoms = {} if silent else {code: True for code, share in SYMPTOMS if rng.uniform() < share}
        imported = outbreak.kind[case] == 0
        exposures = []
        onset = None if silent else self.day(max(0.0, outbreak.onset[case])) if outbreak.onset[case] > 0 else self.day(0)
        if imported:
            left = self.day(max(0.0, outbreak.infected[case]) + 1)
            exposures.append(Exposure("travel_affected_area", last_on=min(left, onset or left)))
        elif outbreak.infector[case] >= 0 and rng.uniform() < 0.8:
            exposures.append(Exposure("contact_with_case"))
        elif rng.uniform() < 0.2:
            exposures.append(Exposure("cluster"))
        labs = []
        if outbreak.straight[case]:
            labs = [LabResult("pcr", "positive", "throat_swab", self.day(outbreak.result[case] - 0.5), self.day(outbreak.result[case]))]
        age = int(outbreak.age[case])
        return Evidence(
            declared="asymptomatic" if silent else "confirmed" if outbreak.straight[case] else "suspected",
            onset_on=onset,
            asymptomatic=silent or None,
            diagnosed_on=clock.local_day(diagnosed),
            reported_on=self.day(outbreak.reported[case]),
            symptoms=symptoms,
            signs={} if silent else {code: True for code, share in (("pneumonia", 0.8), ("low_lymphocytes", 0.65)) if rng.uniform() < share},
            exposures=exposures,
            labs=labs,
            age_low=age,
            age_high=age + 1,
            sex="M" if outbreak.male[case] else "F",
        )

    def review(self, county: _County, found: list[int], at: float) -> None:
        cases.review_many([self.ids[case] for case in found], county.epidemiologist)

    def investigate(self, county: _County, found: list[int], at: float) -> None:
        outbreak = self.outbreak
        answers = {
            self.ids[case]: {
                "care_sought": f"{self.day(outbreak.diagnosed[case])} {county.hospitals[0].name}",
                "travelled": "yes" if outbreak.kind[case] == 0 else "no",
                "contact_with_case": "yes" if outbreak.infector[case] >= 0 else "unknown",
                "household_size": int(1 + case % 5),
                "close_contacts": int(self.rng.poisson(6)),
                "investigated_on": self.day(at).isoformat(),
                "investigator": county.epidemiologist.name,
            }
            for case in found
        }
        cases.investigate_many(answers, "case_investigation", county.epidemiologist)
        links = [
            tracing.NewLink(f"D{outbreak.infector[case] + 1:07d}", f"D{case + 1:07d}", "probable", "", "household" if outbreak.family[case] == outbreak.family[outbreak.infector[case]] else "community")
            for case in found
            if outbreak.infector[case] >= 0 and int(outbreak.infector[case]) in self.ids
        ]
        tracing.link_many(links, SOURCE, county.epidemiologist)

    def _observe(self, county: _County, kind: str, found: dict[int, Evidence]) -> None:
        cases.observe_many([cases.Addition(self.ids[case], kind, content_of(part)) for case, part in found.items()], county.doctor)

    def _tested(self, result: str, days: dict[int, float]) -> dict[int, Evidence]:
        return {
            case: Evidence(labs=[LabResult("pcr", result, "throat_swab", self.day(at - 0.4), self.day(at))]) for case, at in days.items()
        }

    def result(self, county: _County, found: list[int], at: float) -> None:
        ill = {case: at for case in found if self.outbreak.kind[case] < 2}
        other = {case: at for case in found if self.outbreak.kind[case] == 2}
        self._observe(county, "lab_result", self._tested("positive", ill) | self._tested("negative", other))

    def second_result(self, county: _County, found: list[int], at: float) -> None:
        self._observe(county, "lab_result", self._tested("negative", {case: at + 0.2 for case in found}))

    def course(self, county: _County, found: list[int], at: float) -> None:
        outbreak = self.outbreak
        self._observe(
            county,
            "course",
            {
                case: Evidence(
                    admitted_on=self.day(outbreak.admitted[case]),
                    severity=None if outbreak.asymptomatic[case] else SEVERITIES[outbreak.severity[case]],
                )
                for case in found
            },
        )

    def end_of(self, case: int) -> Evidence:
        return Evidence(outcome="died" if self.outbreak.died[case] else "discharged", outcome_on=self.day(self.outbreak.ended[case]))

    def end(self, county: _County, found: list[int], at: float) -> None:
        self._observe(county, "course", {case: self.end_of(case) for case in found})
