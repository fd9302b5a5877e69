"""A small outbreak over several counties and days, for the tests that count it in more than one way."""

import random
from datetime import date, timedelta

from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM
from lianfang.registry.services import PersonDetails
from lianfang.situation.selectors import picture
from lianfang.surveillance import services
from lianfang.surveillance.evidence import Evidence

FIRST, LAST = date(2020, 2, 1), date(2020, 2, 20)
PLACES = ("330302", "330302001", "330303", "330106")
OUTCOMES = ("", "", "discharged", "died")


def outbreak(world, cases: int = 60, seed: int = 7) -> None:
    """Cases of every class with courses and outcomes, written on their days."""
    chance = random.Random(seed)
    span = (LAST - FIRST).days
    for _ in range(cases):
        day = FIRST + timedelta(days=chance.randrange(span - 4))
        code = chance.choice(PLACES)
        declared = chance.choice(["confirmed", "confirmed", "suspected", "asymptomatic"])
        onset = (
            day - timedelta(days=chance.randrange(6)) if declared != "asymptomatic" and chance.random() < 0.8 else None
        )
        with clock.at(clock.start_of(day) + timedelta(hours=10)):
            case = services.notify(
                services.Notification(
                    disease="covid19",
                    area=world.area(code),
                    evidence=Evidence(declared=declared, reported_on=day, onset_on=onset),
                    person=PersonDetails(area=world.area(code)),
                    starts_clocks=False,
                ),
                SYSTEM,
            )
        for step in (1, 4):
            with clock.at(clock.start_of(day + timedelta(days=step)) + timedelta(hours=15)):
                outcome = chance.choice(OUTCOMES) if step == 4 else ""
                course = Evidence(
                    severity=chance.choice(["mild", "moderate", "severe", "critical"]),
                    outcome=outcome or None,
                    outcome_on=day + timedelta(days=step) if outcome else None,
                )
                services.observe(case.pk, "course", course, SYSTEM)


def shown(world, code, day):
    """The indicators that the page of an area shows for an evening."""
    return {
        each.indicator.code: each.value for each in picture(SYSTEM, world.areas[code], "covid19", day=day).indicators
    }
