from datetime import UTC, date, datetime

import pytest

from lianfang.kernel import clock
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence

JANUARY = datetime(2020, 1, 27, 1, 0, tzinfo=UTC)  # under edition 2
MARCH = datetime(2020, 3, 1, 1, 0, tzinfo=UTC)  # under edition 5


@pytest.fixture
def january():
    with clock.at(JANUARY):
        yield JANUARY


@pytest.fixture
def march():
    with clock.at(MARCH):
        yield MARCH


@pytest.fixture
def notify(world):
    """Notify a case living in an area: notify("王秀英", onset_on=…)."""

    def write(name="王秀英", area="330302", by="lucheng", declared="suspected", onset_on=None, person=None, **about):
        evidence = Evidence(declared=declared, onset_on=onset_on or date(2020, 1, 24), **about)
        details = person or PersonDetails(name=name, area=world.area(area))
        return surveillance.notify(
            surveillance.Notification(disease="covid19", area=world.area(area), evidence=evidence, person=details),
            world.actor(by),
        )

    return write
