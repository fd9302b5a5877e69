"""Contacts of the demonstration: those of the home county's cases of the last days, called, handed over, found by place."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from django_tasks_db.models import DBTaskResult

from lianfang.kernel import clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.models import Event
from lianfang.registry import places
from lianfang.registry.models import Area, Site
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import selectors as surveillance
from lianfang.surveillance import services as cases
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.models import CaseVersion
from lianfang.tracing import selectors, services
from lianfang.tracing.models import Contact
from lianfang.tracing.services import CallTold, ExposureTold, NewContact, PresenceTold, VisitTold
from lianfang.workorders.models import WorkOrder

from .desks import HOME_CITY, HOME_COUNTY
from .people import Invented, People

TRACED_DAYS, TRACED_BY_ALL = 10, 7  # tracing is on this platform since so many days in the home county, and in all
NUMBERS_FROM = 4_600_000  # people met by the cases, beyond all others
MET = (  # how somebody was met: kind, relation, days before today first and last, whether protected, metres
    ("household", "family", 4, 0, False, None),
    ("household", "family", 4, 1, False, None),
    ("meal", "friend", 2, 2, False, 1.0),
    ("workplace", "colleague", 4, 2, False, 0.8),
    ("care", "health_worker", 1, 1, True, 0.5),
    ("vehicle", "fellow_traveller", 3, 3, False, 1.0),
)
OUTCOMES = (
    "reached",
    "reached",
    "not_reached",
    "reached",
    "reached",
    "wrong_number",
    "reached",
    "reached",
    "refused",
    "reached",
)
MALL = "银泰百货世贸店"
EVERYWHERE, NOWHERE = "", "-"  # beginnings of paths


class TraceWork:
    """The work of one noon after another, the last of them today."""

    def __init__(self, disease: str, last_day: date, people: People, actor: Callable[[str], Actor]):
        self.disease, self.last_day, self.people, self.actor = disease, last_day, people, actor
        self.met = 0
        self.site: Site | None = None

    def noon(self) -> None:
        """Whatever is due on this day."""
        left = (self.last_day - clock.today()).days
        home = Area.objects.get(code=HOME_COUNTY, valid_until=None).path
        traced = NOWHERE if left >= TRACED_DAYS else home if left >= TRACED_BY_ALL else EVERYWHERE
        react(traced)
        if traced == NOWHERE:
            return
        tracer = self.actor("lucheng")
        self.call(tracer)
        listed = self.list_contacts(tracer)
        if left == 3 and listed:
            self.visit(listed[0], tracer)
        if left == 1:
            self.fall_ill(tracer)
        if left in (2, 0):
            self.hand_over(tracer, accepted=left == 2)
        react(traced)

    def list_contacts(self, tracer: Actor) -> list[CaseVersion]:
        """The cases whose tracing waits: the home county's with the people they met, the others' as their counties did."""
        waiting = WorkOrder.objects.filter(kind="trace_contacts", closed_at=None).order_by("raised_at", "id")
        listed = []
        for case_id, path in list(waiting.values_list("subject_id", "path")):
            codes = path.split("/")
            if HOME_COUNTY in codes:
                version = surveillance.case(tracer, case_id)
                self.enter(version, tracer)
                listed.append(version)
                by = tracer
            else:
                by = self.actor("wenzhou" if codes[2] == HOME_CITY else f"cdc{codes[2]}")
            services.complete_tracing(case_id, by)
        return listed

    def enter(self, version: CaseVersion, tracer: Actor) -> None:
        """The people a case met, two to five of them."""
        today, entries = clock.today(), []
        for _ in range(2 + self.met % 4):
            kind, relation, first, last, protected, metres = MET[self.met % len(MET)]
            made = self.somebody()
            person = PersonDetails(
                made.name, made.id_number, made.phone, made.address, sex=made.sex, birth_date=made.birth_date, area=version.area
            )  # fmt: skip
            told = ExposureTold(
                version.case_id, kind, today - timedelta(days=first), today - timedelta(days=last), relation=relation,
                protected=protected, distance=metres,
            )  # fmt: skip
            entries.append(NewContact(person, told, version.area))
        services.add_contacts(entries, tracer)

    def somebody(self) -> Invented:
        """The next person met."""
        number = NUMBERS_FROM + self.met
        self.met += 1
        return self.people.person(number, number, male=number % 2 == 0, age=6 + number * 11 % 74, today=clock.today())

    def call(self, tracer: Actor) -> None:
        """Whoever is to be called is called; most answer."""
        for place, line in enumerate(selectors.call_list(tracer)):
            outcome = OUTCOMES[(line.contact.pk.int + place) % len(OUTCOMES)]
            temperature = Decimal("36.4") + Decimal(place % 5) / 10 if outcome == "reached" else None
            services.record_call(line.contact.pk, CallTold(outcome, temperature=temperature), tracer)

    def visit(self, version: CaseVersion, tracer: Actor) -> None:
        """One case was in a department store, whose roster is compared with its hours there."""
        home = Area.objects.get(code=HOME_COUNTY, valid_until=None)
        self.site = places.write_site({"name": MALL, "kind": "market", "area": home, "organisation": None}, tracer)
        opened = clock.start_of(max(version.onset_on or clock.today(), clock.today() - timedelta(days=4)))
        from_at, until_at = opened + timedelta(hours=10), opened + timedelta(hours=12)
        services.record_visit(version.case_id, VisitTold(from_at, until_at, site_id=self.site.pk), tracer)
        staff = [self.somebody() for _ in range(8)]
        lines = [
            PresenceTold({"name": made.name, "sex": made.sex, "phone": made.phone, "id_number": made.id_number})
            for made in staff
        ]
        services.record_presence(
            self.site.pk,
            "roster",
            "一楼当班员工",
            opened + timedelta(hours=9),
            opened + timedelta(hours=14),
            lines,
            tracer,
        )

    def fall_ill(self, tracer: Actor) -> None:
        """One contact has a fever and is notified as suspected: a contact and a case from now on."""
        contact = self._standing(("reached",))
        if contact is None:
            return
        services.record_call(contact.pk, CallTold("reached", temperature=Decimal("38.1"), symptoms=["fever"]), tracer)
        told = {name: value for name, value in selectors.told_of(contact.person).items() if name != "parent_name"}
        evidence = Evidence(
            declared="suspected", onset_on=clock.today(), diagnosed_on=clock.today(), symptoms={"fever": True}
        )
        notification = cases.Notification(
            self.disease, contact.area, evidence, PersonDetails(**told, area=contact.area),
            same_person_as=contact.person.stands_under_id, diagnosed_at=clock.now(),
        )  # fmt: skip
        cases.notify(notification, tracer)

    def hand_over(self, tracer: Actor, *, accepted: bool) -> None:
        """One contact went on to another county: taken over by one, not yet answered by the other."""
        contact = self._standing(("reached", "tried", "new"))
        if contact is None:
            return
        code = "330303" if accepted else "330106"
        to_area = Area.objects.filter(code=code).order_by("-valid_from").first()
        if to_area is None:
            return
        offer = services.hand_over(contact.pk, to_area, "已返回当地工作，电话核实。", tracer)
        if accepted:
            services.answer(offer.pk, "accept", self.actor(f"cdc{code}"))

    def _standing(self, codes: tuple[str, ...]) -> Contact | None:
        """The contact entered last that stands so and waits for no other county."""
        rows = Contact.objects.filter(path__contains=f"/{HOME_COUNTY}/", offered_path="").select_related(
            "person__merged_into", "area__parent"
        )
        found = list(rows.order_by("-id")[:60])
        standings = selectors.standings(found)
        return next((contact for contact in found if standings[contact.pk].code in codes), None)


def react(path: str) -> None:
    """Deliver the events of an area that wait for their reactions, as the job worker does while the platform runs.

    What lies elsewhere or before the days that are traced here is passed over: its investigations were done elsewhere.
    """
    waiting = DBTaskResult.objects.filter(status="READY", task_path__endswith="events.deliver")
    while found := list(waiting.order_by("enqueued_at")[:500]):
        if path != NOWHERE:
            for job in found:
                names, event_ids, attempt = job.args_kwargs["args"]
                here = Event.objects.filter(pk__in=event_ids, path__startswith=path).order_by("pk")
                if event_ids := [str(pk) for pk in here.values_list("pk", flat=True)]:
                    events.deliver.func(names, event_ids, attempt)
        DBTaskResult.objects.filter(pk__in=[job.pk for job in found]).delete()
