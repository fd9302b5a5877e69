"""Eight days of cases in two counties, and lines of other sources about them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from lianfang.kernel import clock
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services
from lianfang.surveillance.evidence import Evidence

FIRST = date(2020, 1, 24)
DAILY = {"330302": (1, 3, 2, 4, 3, 5, 1, 4), "330303": (0, 1, 1, 2, 0, 1, 2, 1)}
NOW = datetime(2020, 2, 3, 4, tzinfo=UTC)
LAST = FIRST + timedelta(days=7)


def notified(world):
    """Eight days of confirmed cases in two counties of Wenzhou."""
    for code, numbers in DAILY.items():
        place = world.area(code)
        for n, cases in enumerate(numbers):
            for k in range(cases):
                with clock.at(datetime(2020, 1, 24, 3, k, tzinfo=UTC) + timedelta(days=n)):
                    person = PersonDetails(name="王秀英", area=place)
                    evidence = Evidence(declared="confirmed")
                    described = services.Notification(disease="covid19", area=place, evidence=evidence, person=person)
                    services.notify(described, world.actor("zhejiang"))
    return world


def totals(code):
    return np.cumsum(DAILY[code]).tolist()


def table(rows):
    return "\n".join(["source,area,date,count", *(",".join(map(str, row)) for row in rows)])


def rows_of(source, area, figures):
    return [(source, area, FIRST + timedelta(days=n), figure) for n, figure in enumerate(figures)]
