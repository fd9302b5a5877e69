"""Writing the synthetic outbreak down, hour by hour, through the same doors that people use.

Hospitals notify, counties review and investigate, laboratories answer, patients leave: each at its hour, with the clock
held there, so that every page can be shown as it was known on any day of the outbreak. What is remembered meanwhile is
sixteen bytes a case and what is still to come.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.utils import timezone

from lianfang.kernel import audit, clock, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.models import Event
from lianfang.registry import services as registry
from lianfang.registry.models import PossibleDuplicate
from lianfang.surveillance import services as cases
from lianfang.surveillance.evidence import Evidence, Exposure, LabResult, content_of
from lianfang.tracing import services as tracing

from .desks import County
from .outbreak import Outbreak
from .people import People

DISEASE, SOURCE = "covid19", "demo"
LARGE = 20_000  # from so many cases on, each city enters the reports of its counties, six hours at a time
HOURS = {  # when a day's work of a kind is written down; the rest at any hour
    "investigate": (12, 18, 24), "result": (12, 18), "second_result": (12, 18), "course": (12,), "end": (18,), "decide": (18,),
}  # fmt: skip
SEALED_FROM = 1000  # so many events are sealed at once, or those of a day
NOON = 12  # the hour from which on the day's desk work is done
TOGETHER = 1000  # the most cases that one call writes
SEVERITIES = ("mild", "moderate", "severe", "critical")
SYMPTOMS = (("fever", 0.86), ("dry_cough", 0.5), ("cough", 0.2), ("fatigue", 0.35), ("sore_throat", 0.16), ("muscle_pain", 0.14),
            ("headache", 0.12), ("dyspnoea", 0.1), ("diarrhoea", 0.06), ("loss_of_appetite", 0.08))  # fmt: skip
SIGNS = (("pneumonia", 0.8), ("low_lymphocytes", 0.65))
SETTINGS = (("meal", 0.3), ("workplace", 0.3), ("market", 0.2), ("transport", 0.1), ("other", 0.1))


class Writer:
    """Writes one outbreak. Times are days since the start; ``stretch`` fits the outbreak's days into the days there are."""

    def __init__(
        self,
        outbreak: Outbreak,
        counties: list[County],
        first_day: datetime,
        days: int,
        seed: int,
        progress: Callable[[int, int], None],
        at_noon: Callable[[], None],
    ):
        self.outbreak, self.counties, self.first_day, self.days = outbreak, counties, first_day, days
        self.now = clock.now()
        self.stretch = (self.now - first_day) / timedelta(days=days)
        self.rng, self.people = np.random.default_rng(seed + 1), People(seed)
        self.progress, self.at_noon = progress, at_noon
        self.large = len(outbreak) > LARGE
        self.per_day = 4 if self.large else 24
        desks = [county.area.code if county.at_home else county.city.code for county in counties]
        self.desk_of_county = [desks.index(desk) for desk in desks]  # a desk is named by its first county
        self.rounds = {name: {hour * self.per_day // 24 for hour in hours} for name, hours in HOURS.items()}
        self.ids = bytearray(16 * len(outbreak))
        self.plan: dict[int, dict[tuple[str, int], list[int]]] = defaultdict(lambda: defaultdict(list))
        self.round = 0
        self.desks_done_on = first_day.date() - timedelta(days=1)

    def run(self) -> None:
        """Everything in the order of its hour. What one desk has to write within one round is written together."""
        outbreak = self.outbreak
        due = np.minimum((outbreak.reported * self.per_day).astype(int), self.days * self.per_day - 1)
        for case, at in enumerate(due):  # reports are in the order of time, and the plan is filled as it comes up
            while at > self.round:
                self.write_round()
                self.progress(case, len(outbreak))
            desk = self.desk(case) if self.large else int(outbreak.county[case])
            self.plan[self.round]["report_again" if outbreak.repeats[case] >= 0 else "report", desk].append(case)
        while self.round < self.days * self.per_day:
            self.write_round()
        self.progress(len(outbreak), len(outbreak))

    def write_round(self) -> None:
        """Write what is due in this round, and seal the record as the platform does while it runs."""
        entries = self.plan.pop(self.round, {})
        self.round += 1
        until = self.round / self.per_day
        with clock.at(self.moment(until)):
            with transaction.atomic():
                for (name, desk), found in entries.items():
                    for start in range(0, len(found), TOGETHER):
                        getattr(self, name)(self.counties[desk], found[start : start + TOGETHER], until)
            self.desk_work()
            if until % 1 == 0 or Event.objects.filter(seal=None).count() >= SEALED_FROM:
                audit.seal_all()

    def desk_work(self) -> None:
        """The day's desk work, once on each day of the calendar: from noon on, and today whatever the hour."""
        here, today = timezone.localtime(clock.now()), clock.today()
        last = self.round == self.days * self.per_day
        if today != self.desks_done_on and (here.hour >= NOON or last):
            self.desks_done_on = today
            self.at_noon()

    def later(self, at: float, name: str, case: int) -> None:
        """Plan something for a case; what lies beyond the present has not happened yet."""
        due = max(self.round, int(at * self.per_day))
        if wanted := self.rounds.get(name):
            while due % self.per_day + 1 not in wanted:
                due += 1
        if due < self.days * self.per_day:
            self.plan[due][name, self.desk(case)].append(case)

    def desk(self, case: int) -> int:
        """Who looks after a case: the home county itself, or the city for its other counties."""
        return self.desk_of_county[int(self.outbreak.county[case])]

    def epidemiologist(self, county: County) -> Actor:
        return county.epidemiologist if county.at_home else county.city_epidemiologist

    def hospital(self, county: County, which: int = 0) -> Actor:
        return county.doctors[which] if county.at_home else county.city_epidemiologist

    def moment(self, at: float) -> datetime:
        """The moment of a time in the outbreak; the last one is now."""
        return min(self.first_day + timedelta(days=float(at) * self.stretch), self.now)

    def day(self, at: float) -> date:
        return clock.local_day(self.moment(at))

    def id_of(self, case: int) -> UUID:
        return UUID(bytes=bytes(self.ids[16 * case : 16 * case + 16]))

    def report(self, county: County, found: list[int], at: float) -> None:
        by = self.hospital(county) if self.large else county.doctors[0]
        self._report(found, by, 0, look_for_duplicates=False)
        rng, outbreak = self.rng, self.outbreak
        for case in found:
            self.looked_at(case, at)
            if not outbreak.straight[case]:
                self.later(max(at, outbreak.result[case]), "result", case)
            if outbreak.kind[case] < 2:
                self.later(max(at + 0.1, outbreak.admitted[case] + rng.uniform(0.1, 0.5)), "course", case)
                self.later(max(at + 0.2, outbreak.ended[case]), "end", case)

    def report_again(self, county: County, found: list[int], at: float) -> None:
        """A second hospital reports somebody already reported; most pairs are decided within days."""
        by = self.hospital(county, 1) if self.large else county.doctors[1]
        self._report(found, by, 1, look_for_duplicates=True)
        for case in found:
            self.looked_at(case, at)
            if self.rng.uniform() < 0.7:
                self.later(at + self.rng.uniform(0.3, 4.0), "decide", case)

    def looked_at(self, case: int, at: float) -> None:
        """When a report is reviewed and the case investigated: mostly in time, some late, one in forty within weeks.

        Of the last days' cases one in three waits still, and soon beyond its deadline.
        """
        rng = self.rng
        self.later(at + (rng.uniform(0.01, 0.07) if rng.uniform() < 0.94 else rng.uniform(0.1, 0.5)), "review", case)
        late = rng.uniform()
        wait = (
            rng.uniform(0.05, 0.5) if late < 0.88 else rng.uniform(1.1, 3.0) if late < 0.975 else rng.uniform(4.0, 20.0)
        )
        backlog = case % 3 == 0 and at > self.days - 4
        self.later(at + (4.0 if backlog else wait), "investigate", case)

    def _report(self, found: list[int], by: Actor, hospital: int, *, look_for_duplicates: bool) -> None:
        notifications = [self.notification(case, hospital) for case in found]
        for case, entry in zip(found, notifications, strict=True):
            self.ids[16 * case : 16 * case + 16] = entry.id.bytes
        cases.notify_many(notifications, by, look_for_duplicates=look_for_duplicates)

    def notification(self, case: int, hospital: int) -> cases.Notification:
        outbreak = self.outbreak
        who = int(outbreak.repeats[case]) if outbreak.repeats[case] >= 0 else case
        county, family = self.counties[int(outbreak.county[case])], int(outbreak.family[who])
        township, place = county.townships[family % len(county.townships)], county.hospitals[hospital]
        made = self.people.person(
            who,
            family,
            male=bool(outbreak.male[who]),
            age=int(outbreak.age[who]),
            today=self.day(outbreak.diagnosed[who]),
        )
        name, id_number = made.name, made.id_number
        if who != case:
            name, id_number = self.people.misheard(name, case), "" if case % 2 else id_number
        diagnosed = self.moment(outbreak.diagnosed[case])
        return cases.Notification(
            disease=DISEASE,
            area=township,
            evidence=self.evidence(case, who),
            person=registry.PersonDetails(
                name=name,
                id_number=id_number,
                phone=made.phone,
                address=made.address,
                sex=made.sex,
                birth_date=made.birth_date,
                area=township,
                organisation_id=place.pk,
            ),
            organisation=place,
            source=SOURCE,
            local_id=local_id(case),
            channel="web",
            diagnosed_at=diagnosed,
            reported_at=self.moment(outbreak.reported[case]),
            id=ids.new_id(),
        )

    def evidence(self, case: int, who: int) -> Evidence:
        outbreak, rng = self.outbreak, self.rng
        silent = bool(outbreak.asymptomatic[case])
        onset = None if silent else self.day(outbreak.onset[case])
        tested = max(outbreak.diagnosed[case] - 0.5, 0.0 if silent else outbreak.onset[case])
        age = int(outbreak.age[who])
        return Evidence(
            declared="asymptomatic" if silent else "confirmed" if outbreak.straight[case] else "suspected",
            onset_on=onset,
            asymptomatic=silent or None,
            diagnosed_on=self.day(outbreak.diagnosed[case]),
            reported_on=self.day(outbreak.reported[case]),
            symptoms={} if silent else self.chosen(SYMPTOMS),
            signs={} if silent else self.chosen(SIGNS),
            exposures=self.exposures(case, onset, rng.uniform()),
            labs=[LabResult("pcr", "positive", "throat_swab", self.day(tested), self.day(outbreak.result[case]))]
            if outbreak.straight[case]
            else [],
            age_low=age,
            age_high=age + 1,
            sex="M" if outbreak.male[who] else "F",
        )

    def chosen(self, shares: tuple[tuple[str, float], ...]) -> dict[str, bool]:
        draws = self.rng.uniform(size=len(shares))
        return {code: True for (code, share), draw in zip(shares, draws, strict=True) if draw < share}

    def exposures(self, case: int, onset: date | None, draw: float) -> list[Exposure]:
        """What is known of where somebody was infected: of imported cases always, of others mostly."""
        outbreak, infected = self.outbreak, self.day(self.outbreak.infected[case])
        if outbreak.kind[case] == 0:
            left = self.day(outbreak.infected[case] + 1)
            return [Exposure("travel_affected_area", last_on=min(left, onset or left))]
        if outbreak.infector[case] >= 0 and draw < 0.8:
            return [Exposure("contact_with_case", last_on=infected)]
        return [Exposure("cluster")] if draw > 0.9 or (outbreak.kind[case] == 2 and draw < 0.2) else []

    def review(self, county: County, found: list[int], at: float) -> None:
        cases.review_many([self.id_of(case) for case in found], self.epidemiologist(county))

    def investigate(self, county: County, found: list[int], at: float) -> None:
        outbreak, by = self.outbreak, self.epidemiologist(county)
        answers: dict[UUID, dict[str, Any]] = {}
        links = []
        for case in found:
            infector = int(outbreak.infector[case])
            known = infector >= 0 and any(self.ids[16 * infector : 16 * infector + 16])
            setting = ""
            if known:
                at_home = outbreak.family[case] == outbreak.family[infector]
                setting = "household" if at_home else self.setting()
                links.append(tracing.NewLink(local_id(infector), local_id(case), "probable", "", setting))
            answers[self.id_of(case)] = {
                "care_sought": f"{self.day(outbreak.diagnosed[case])} {self.counties[int(outbreak.county[case])].hospitals[0].name}",
                "travelled": "yes" if outbreak.kind[case] == 0 else "no",
                "contact_with_case": "yes" if known else "unknown",
                **({"contact_setting": setting} if setting else {}),
                "household_size": int(1 + outbreak.family[case] % 5),
                "close_contacts": int(self.rng.poisson(6)),
                "investigated_on": self.day(at).isoformat(),
                "investigator": by.name,
            }
        cases.investigate_many(answers, "case_investigation", by)
        tracing.link_many(links, SOURCE, by)

    def setting(self) -> str:
        draw, upto = self.rng.uniform(), 0.0
        for code, share in SETTINGS:
            upto += share
            if draw < upto:
                return code
        return "other"

    def result(self, county: County, found: list[int], at: float) -> None:
        """The laboratory answers. Of another illness a second sample is taken a day later."""
        ill = {case: self.outbreak.kind[case] < 2 for case in found}
        self._observe(
            county,
            "lab_result",
            {case: self.tested("positive" if yes else "negative", at) for case, yes in ill.items()},
        )
        for case, yes in ill.items():
            if not yes:
                self.later(max(at + 1.1, self.outbreak.second_result[case]), "second_result", case)

    def second_result(self, county: County, found: list[int], at: float) -> None:
        self._observe(county, "lab_result", {case: self.tested("negative", at) for case in found})

    def tested(self, result: str, at: float) -> Evidence:
        return Evidence(labs=[LabResult("pcr", result, "throat_swab", self.day(at - 0.4), self.day(at))])

    def course(self, county: County, found: list[int], at: float) -> None:
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

    def end(self, county: County, found: list[int], at: float) -> None:
        outbreak = self.outbreak
        self._observe(
            county,
            "course",
            {
                case: Evidence(
                    outcome="died" if outbreak.died[case] else "discharged", outcome_on=self.day(outbreak.ended[case])
                )
                for case in found
            },
        )

    def _observe(self, county: County, kind: str, found: dict[int, Evidence]) -> None:
        cases.observe_many(
            [cases.Addition(self.id_of(case), kind, content_of(part)) for case, part in found.items()],
            self.hospital(county),
        )

    def decide(self, county: County, found: list[int], at: float) -> None:
        """The county finds that two reports are one person, merges the records and counts the case once."""
        by = self.epidemiologist(county)
        for case in found:
            first = self.id_of(int(self.outbreak.repeats[case]))
            pair = PossibleDuplicate.objects.filter(
                person__cases=self.id_of(case), other__cases=first, decision=""
            ).first()
            if pair is not None:
                registry.merge(pair.other_id, pair.person_id, by)
                cases.mark_duplicate(self.id_of(case), by)


def local_id(case: int) -> str:
    """The number under which the demonstration knows a case."""
    return f"D{case + 1:07d}"
