"""An isolation site in Lucheng with three rooms, its coordinator, a grid worker of a township, and four people to observe."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from lianfang.kernel import clock
from lianfang.kernel.models import User
from lianfang.quarantine import services
from lianfang.registry.models import Area, Organisation, Person, Post, Site
from lianfang.registry.selectors import actor_for
from lianfang.registry.services import PersonDetails, new_person

NAMES = ("李小明", "王芳", "张伟", "赵敏")


def at(day: str, hour: str = "09:00") -> datetime:
    """A moment in the platform's time zone."""
    return timezone.make_aware(datetime.fromisoformat(f"{day}T{hour}"))


class Place:
    """What the tests lean on."""

    def __init__(self, world):
        self.world = world
        self.lucheng, self.wuma = world.area("330302"), world.area("330302001")
        world.hospital.designated_for, world.hospital.phone = ["all"], "0577-00000120"
        world.hospital.save()
        self.organisation = Organisation.objects.create(
            name="鹿城区集中隔离点", kind="other", area=self.lucheng, path=self.lucheng.path
        )
        self.site = Site.objects.create(
            name="江心酒店", kind="isolation", area=self.lucheng, path=self.lucheng.path, organisation=self.organisation
        )
        self.coordinator = self.account("coordinator", "site_coordinator", organisation=self.organisation)
        self.grid = self.account("grid", "grid_worker", area=self.wuma)
        self.tracer = world.actor("lucheng")

    def account(self, name: str, role: str, *, area: Area | None = None, organisation: Organisation | None = None):
        user = User.objects.create(username=name, password="!", display_name=name)
        Post.objects.create(user=user, role=role, area=area, organisation=organisation)
        return actor_for(user)

    def rooms(self, *names: str):
        return [services.add_room(self.site.pk, name, 1, self.coordinator) for name in names]

    def person(self, name: str = "李小明", **details) -> Person:
        person, keys = new_person(
            PersonDetails(name=name, area=self.wuma, sex="M", birth_date=date(1980, 5, 1), **details)
        )
        person.save(force_insert=True)
        return person

    def stay(self, person: Person | None = None, *, last_on: date, at_site: bool = True, **about):
        person = person or self.person()
        exposure = services.NewExposure(last_on)
        place = {"site_id": self.site.pk} if at_site else {"area": self.wuma}
        new = services.NewStay(person.pk, "covid19", "contact", exposures=(exposure,), **place, **about)
        return services.open_stay(new, self.tracer)


@pytest.fixture
def place(world):
    with clock.at(datetime(2020, 1, 27, 1, 0, tzinfo=UTC)):
        yield Place(world)
