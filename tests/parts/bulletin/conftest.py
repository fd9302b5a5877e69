"""Days of an outbreak in Wenzhou, entered as a county would, and the people who make a bulletin of them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lianfang.bulletin import services
from lianfang.kernel import clock
from lianfang.kernel.models import User
from lianfang.registry.models import Post
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence

FIRST = date(2020, 2, 6)


def at(day: date, hour: int = 12):
    """The clock at an hour of a day in the platform's time zone."""
    return clock.at(datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 8))


class Outbreak:
    """Notifies cases into the small world and remembers them by county."""

    at = staticmethod(at)
    first = FIRST

    def __init__(self, world):
        self.world, self.cases = world, {}

    def day(self, n: int) -> date:
        return FIRST + timedelta(days=n)

    def publish(self, made):
        """Sign and publish by two people of the province."""
        services.sign(made.pk, self.world.actor("signatory"))
        return services.publish(made.pk, self.world.actor("publisher"))

    def published(self, day: date, area: str = "330300", **words):
        """The bulletin of a day, out on the morning after."""
        with at(day + timedelta(days=1), 8):
            made = services.prepare(self.world.area(area), "covid19", day, self.world.actor("zhejiang"))
            if words:
                made = services.revise(made.pk, self.world.actor("zhejiang"), **words)
            return self.publish(made)

    def confirm(self, county: str, day: date, count: int, *, known: date | None = None, severity: str | None = None):
        """So many cases confirmed on a day, entered on that day or later."""
        with at(known or day):
            for _ in range(count):
                n = sum(len(cases) for cases in self.cases.values())
                case = surveillance.notify(
                    surveillance.Notification(
                        disease="covid19",
                        area=self.world.area(county),
                        evidence=Evidence(
                            declared="confirmed", confirmed_on=day, reported_on=day, severity=severity, sex="F"
                        ),
                        person=PersonDetails(name=f"病人{n}", sex="F", area=self.world.area(county)),
                    ),
                    self.world.actor("zhejiang"),
                )
                self.cases.setdefault(county, []).append(case)

    def suspect(self, county: str, day: date, count: int):
        with at(day):
            for n in range(count):
                surveillance.notify(
                    surveillance.Notification(
                        disease="covid19",
                        area=self.world.area(county),
                        evidence=Evidence(declared="suspected", reported_on=day, sex="M"),
                        person=PersonDetails(name=f"疑似{county}{day}{n}", sex="M", area=self.world.area(county)),
                    ),
                    self.world.actor("zhejiang"),
                )

    def tell(self, case, day: date, **content):
        """Something more about a case, learnt on a day."""
        with at(day):
            surveillance.observe(
                case.pk, "course", {k: str(v) for k, v in content.items()}, self.world.actor("zhejiang")
            )


@pytest.fixture
def outbreak(world):
    for name, role, area in [
        ("wenzhou_officer", "situation_officer", "330300"),
        ("wenzhou_signatory", "signatory", "330300"),
        ("wenzhou_publisher", "publisher", "330300"),
        ("hangzhou_signatory", "signatory", "330100"),
        ("hangzhou_publisher", "publisher", "330100"),
    ]:
        world.users[name] = User.objects.create_user(name, "a long enough password", display_name=name.title())
        Post.objects.create(user=world.users[name], role=role, area=world.area(area))
    both = world.users["wenzhou_both"] = User.objects.create_user(
        "wenzhou_both", "a long enough password", display_name="Both"
    )
    for role in ("signatory", "publisher"):
        Post.objects.create(user=both, role=role, area=world.area("330300"))
    return Outbreak(world)
