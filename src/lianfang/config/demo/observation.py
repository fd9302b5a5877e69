"""People under observation in the demonstration: an isolation site with its guests, others at home, and what they ask for."""

from collections.abc import Callable
from datetime import date, timedelta

from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.quarantine import services
from lianfang.quarantine.models import Room, Stay
from lianfang.quarantine.services import NewCheck, NewEntry, NewExposure, NewNeed, NewStay
from lianfang.registry import places
from lianfang.registry.models import Area, Organisation, Site
from lianfang.registry.services import PersonDetails
from lianfang.workorders import services as workorders
from lianfang.workorders.models import WorkOrder

from .desks import GRID_TOWNSHIP, HOME_COUNTY, ISOLATION
from .people import People

SITE, ROOMS = "江心集中隔离点", 16
PHONE = "0577-00000101"  # nobody's: no number of a subscriber begins with 0
NUMBERS_FROM = 4_700_000  # people under observation who were nobody's contact here
CAME = {14: (0, 0, 0, 1), 13: (0, 0), 6: (1, 2), 2: (1,)}  # days before today: days since they left an affected area
ASKED = {
    6: ("food", "孩子要奶粉"),
    3: ("medicine", "降压药快吃完了"),
    1: ("family", "老人独自在家，请人照看"),
    0: ("psychological", "夜里睡不着，想找人说说话"),
}
SILENT = 7  # one in so many does not check in today


class ObservationWork:
    """The work of one noon after another, the last of them today."""

    def __init__(self, disease: str, last_day: date, people: People, actor: Callable[[str], Actor]):
        self.disease, self.last_day, self.people, self.actor = disease, last_day, people, actor
        self.came = 0

    def noon(self) -> None:
        """Whatever is due on this day: newcomers, check-ins of last evening and this morning, needs, releases."""
        left = (self.last_day - clock.today()).days
        if left > max(CAME):
            return
        coordinator, tracer = self.actor("coordinator"), self.actor("lucheng")
        if left == max(CAME):
            self.open_site(tracer, coordinator)
        site = Site.objects.get(name=SITE)
        self.disinfect(coordinator)
        self.check_everybody(left, tracer)
        self.release(coordinator)
        for days in CAME.get(left, ()):
            self.comes(days, site, tracer)
        self.take_in(site, tracer)
        self.ask(left, site, coordinator)

    def open_site(self, tracer: Actor, coordinator: Actor) -> None:
        """A hotel becomes an isolation site, its rooms one bed each and two of them for families."""
        area = Area.objects.get(code=HOME_COUNTY, valid_until=None)
        run_by = Organisation.objects.get(name=ISOLATION)
        site = places.write_site(
            {"name": SITE, "kind": "isolation", "area": area, "organisation": run_by, "phone": PHONE}, tracer
        )
        for number in range(ROOMS):
            services.add_room(site.pk, f"{3 + number // 8}{1 + number % 8:02d}", 1 if number % 8 else 3, coordinator)

    def comes(self, days: int, site: Site, tracer: Actor) -> None:
        """Somebody back from an affected area is sent to the site."""
        home = Area.objects.get(code=GRID_TOWNSHIP, valid_until=None)
        number = NUMBERS_FROM + self.came
        self.came += 1
        male, age = number % 2 == 0, 22 + number * 7 % 45
        made = self.people.person(number, number, male=male, age=age, today=clock.today())
        person = PersonDetails(
            made.name, made.id_number, made.phone, made.address, sex=made.sex, birth_date=made.birth_date, area=home
        )
        left_on = clock.today() - timedelta(days=days)
        notice = f"鹿防隔〔{clock.today():%m%d}〕{self.came}号"
        new = NewStay(
            person, self.disease, "travel", home, site.pk, (NewExposure(left_on, words="重点地区返回"),), notice
        )
        services.open_stay(new, tracer)

    def take_in(self, site: Site, tracer: Actor) -> None:
        """Whoever waits is taken in: into a free room while there is one, the others at home. The last to come is still awaited."""
        waiting = list(
            Stay.objects.visible_to(tracer, "stay.manage").filter(status="awaited").order_by("opened_at", "id")
        )
        for stay in waiting[: -1 if clock.today() == self.last_day else None]:
            if stay.site_id is None and stay.organisation_id is None and stay.pk.int % 3:
                area = Area.objects.filter(path=stay.home_path).order_by("-valid_from").first()
                services.enter(NewEntry(stay.pk, "arrival", area=area), tracer)
                continue
            states = services.room_states(Room.objects.in_use().filter(site=site).order_by("name"))
            free = next((pk for pk, state in states.items() if state.status == "free"), None)
            if free is not None:
                services.enter(NewEntry(stay.pk, "arrival", site_id=site.pk, room_id=free), tracer)

    def check_everybody(self, left: int, tracer: Actor) -> None:
        """Check-ins of last evening and of this morning; today some have not told yet, and one coughs."""
        yesterday, today = clock.today() - timedelta(days=1), clock.today()
        checks = []
        stays = (
            Stay.objects.visible_to(tracer, "checkin.record")
            .observed()
            .filter(path__startswith=self._home())
            .order_by("pk")
        )
        for place, stay in enumerate(stays):
            for day, hour in ((yesterday, 19), (today, 8)):
                at = clock.start_of(day) + timedelta(hours=hour, minutes=(stay.pk.int + place) % 50)
                if (
                    stay.began_at is None
                    or not stay.began_at <= at <= clock.now()
                    or (left == 0 and hour == 8 and place % SILENT == 3)
                ):
                    continue
                coughs = left == 0 and hour == 8 and place == 1
                checks.append(
                    NewCheck(
                        stay.pk,
                        36.2 + (stay.pk.int + hour) % 8 / 10,
                        ("cough",) if coughs else (),
                        observed_at=at,
                        told_by="self" if stay.site_id is None else "coordinator",
                    )
                )
        services.check_in_many(checks, tracer)

    def _home(self) -> str:
        return Area.objects.get(code=HOME_COUNTY, valid_until=None).path

    def release(self, coordinator: Actor) -> None:
        """Those whose day has come go home, but for today's, who are left for the visitor to release."""
        if clock.today() == self.last_day:
            return
        due = Stay.objects.visible_to(coordinator, "stay.manage").observed().filter(release_on__lte=clock.today())
        refusals = services.release_refusals(due)
        services.release_many([pk for pk, no in refusals.items() if not no], coordinator)

    def disinfect(self, coordinator: Actor) -> None:
        """Rooms left the day before are disinfected."""
        waiting = WorkOrder.objects.visible_to(coordinator).unfinished().filter(kind="disinfect_room")
        for order in waiting.order_by("raised_at", "id"):
            workorders.move(order.pk, "complete", coordinator)

    def ask(self, left: int, site: Site, coordinator: Actor) -> None:
        """A guest asks for something; what was asked for some days ago is answered."""
        guest = Stay.objects.observed().filter(site=site).order_by("pk").first()
        if left in ASKED and guest is not None:
            kind, words = ASKED[left]
            need = services.ask(NewNeed(kind, words, guest.pk), coordinator)
            if left >= 3:
                services.answer(need.pk, "已送到房间", coordinator, closes=True)
