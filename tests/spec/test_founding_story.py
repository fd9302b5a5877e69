"""The founding story of the manual, row by row, through the services that the pages use."""

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import groupby

import pytest
from django.utils import timezone, translation
from django_tasks_db.models import DBTaskResult

from lianfang.kernel import clock
from lianfang.kernel.events import deliver
from lianfang.kernel.models import User
from lianfang.kernel.refusals import Refused
from lianfang.quarantine import jobs, rules, selectors, services
from lianfang.quarantine.models import Need, PersonalLink, Room, Stay
from lianfang.quarantine.services import NewCheck, NewEntry, NewNeed, NewStay
from lianfang.registry.models import Organisation, Post, Site
from lianfang.registry.selectors import actor_for
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.models import CaseVersion
from lianfang.tracing import services as tracing
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.services import move
from tests.spec.tables import rows

pytestmark = pytest.mark.django_db

PAGE = "explanation/founding-story.md"
STORIES = {edition: list(group) for edition, group in groupby(rows(PAGE, "goes home"), lambda row: row[1]["edition"])}


def day_of(text: str) -> date:
    return date.fromisoformat(f"2020-{text}")


class Story:
    """The people of the story and what each of them does."""

    def __init__(self, world):
        self.world, self.wuma, self.county = world, world.area("330302001"), world.area("330302")
        world.hospital.designated_for = ["covid19"]
        world.hospital.save()
        run_by = Organisation.objects.create(
            name="江心酒店隔离点", kind="other", area=self.county, path=self.county.path
        )
        about = {"kind": "isolation", "area": self.county, "path": self.county.path, "organisation": run_by}
        self.site = Site.objects.create(name="江心酒店", **about)
        self.actors = {"doctor": world.actor("doctor"), "tracer": world.actor("lucheng")}
        for name, role, post in (
            ("coordinator", "site_coordinator", {"organisation": run_by}),
            ("night shift", "site_coordinator", {"organisation": run_by}),
            ("grid worker", "grid_worker", {"area": self.wuma}),
        ):
            user = User.objects.create(username=name, display_name=name, password="!")
            Post.objects.create(user=user, role=role, **post)
            self.actors[name] = actor_for(user)
        for name in ("301", "302", "303", "304"):
            services.add_room(self.site.pk, name, 1, self.actors["coordinator"])
        self.people, self.cases, self.tokens, self.last = {}, {}, {}, None

    # --- reading --------------------------------------------------------------------------------------------------

    def stay(self, name):
        person = self.people[name].stands_under_id
        return Stay.objects.filter(person=person).order_by("-opened_at").first()

    def everybody(self, whom):
        observed = [name for name in self.people if (stay := self.stay(name)) and stay.status in rules.OPEN]
        return observed if whom == "everybody" else [name.strip() for name in whom.split(",")]

    def waiting(self, subject):
        return ", ".join(
            sorted(WorkOrder.objects.unfinished().filter(subject_id=subject).values_list("kind", flat=True))
        )

    def case_class(self, case_id):
        return CaseVersion.objects.get(case=case_id, superseded_at=None).classification

    # --- doing ----------------------------------------------------------------------------------------------------

    def react(self):
        """Deliver what waits, as the job worker does, and make the round of the missed check-ins."""
        while jobs_waiting := list(DBTaskResult.objects.filter(status="READY").order_by("enqueued_at")):
            for job in jobs_waiting:
                if job.task_path.endswith("events.deliver"):
                    deliver.func(*job.args_kwargs["args"])
                job.delete()
        jobs.chase_missed()

    def play(self, facts):
        """Do what a row says. Returns what the row ought to say of the state, the day of release and what waits."""
        verb, by = facts["does"], self.actors.get(facts["who"])
        now = timezone.make_aware(datetime.fromisoformat(f"2020-{facts['day']}T{facts['hour']}"))
        assert self.last is None or now > self.last, "the rows stand in the order of time"
        self.last = now
        with clock.at(now):
            if verb.startswith("names as contact of "):
                self.names(facts, verb.removeprefix("names as contact of "), by)
            elif verb.startswith("checks until "):
                return self.checks_until(facts, day_of(verb.removeprefix("checks until ")), by)
            else:
                do = getattr(self, verb.replace(" ", "_"))
                try:
                    if (shown := do(facts, by)) is not None:
                        return shown
                except Refused as no:
                    self.react()
                    return self.stands(facts) | {"state": f"refused: {no.refusals[0].code}"}
            self.react()
            return self.stands(facts)

    def stands(self, facts):
        """Where the stay of the row stands now; of several, what they have in common."""
        shown = {"state": set(), "goes home": set(), "waiting": set()}
        for name in self.everybody(facts["whom"]):
            stay = self.stay(name)
            shown["state"].add(str(rules.WORKFLOW.label(stay.status)) if stay else "no stay")
            shown["goes home"].add(f"{stay.release_on:%m-%d}" if stay and stay.release_on else "")
            shown["waiting"].add(self.waiting(stay.pk) if stay else "")
        return {column: found.pop() if len(found) == 1 else "" for column, found in shown.items()}

    def notifies(self, facts, by):
        onset = day_of(facts["told"].removeprefix("onset "))
        case = surveillance.notify(
            surveillance.Notification(
                disease="covid19",
                area=self.wuma,
                evidence=Evidence(declared="suspected", onset_on=onset, diagnosed_on=clock.today()),
                person=PersonDetails(name=facts["whom"], area=self.wuma),
                organisation=self.world.hospital,
            ),
            by,
        )
        self.cases[facts["whom"]] = case.pk
        self.react()
        return {"state": self.case_class(case.pk), "goes home": "", "waiting": ""}

    def names(self, facts, index, by):
        kind, last = facts["told"].split(", last ")
        known = self.people.get(facts["whom"])
        added = tracing.add_contact(
            tracing.NewContact(
                PersonDetails(name=facts["whom"], area=self.wuma),
                tracing.ExposureTold(self.cases[index], kind=kind, last_on=day_of(last)),
                area=self.wuma,
                same_person_as=known.pk if known else None,
            ),
            by,
        )
        self.people[facts["whom"]] = added.contact.person

    def sends_to_the_site(self, facts, by):
        for name in self.everybody(facts["whom"]):
            services.send_to(self.stay(name).pk, self.site.pk, by, notice=facts["told"])

    def takes_in(self, facts, by):
        room = Room.objects.get(site=self.site, name=facts["told"].removeprefix("room "))
        entry = NewEntry(self.stay(facts["whom"]).pk, "arrival", site_id=self.site.pk, room_id=room.pk)
        stay = services.enter(entry, by)
        _link, self.tokens[facts["whom"]] = services.make_link(stay.pk, by, days=21)

    def checks(self, facts, by):
        stays = [self.stay(name).pk for name in self.everybody(facts["whom"])]
        services.check_in_many([NewCheck(pk, float(facts["told"])) for pk in stays], by)

    def checks_until(self, facts, last, by):
        """Twice a day, from the hour of the row on."""
        moment = clock.now()
        while clock.local_day(moment) <= last:
            self.last = moment
            with clock.at(moment):
                self.checks(facts, by)
                self.react()
                assert not selectors.missing(by).filter(person__in=[self.people[name].stands_under_id for name in self.everybody(facts["whom"])]).exists()  # fmt: skip
                shown = self.stands(facts)
            at_eight = timezone.localtime(moment).hour == 8
            moment += timedelta(hours=11 if at_eight else 13)
        return shown

    def checks_by_link(self, facts, _by):
        found = services.check_in_by_link(
            self.tokens[facts["whom"]], NewCheck(temperature=float(facts["told"])), "10.0.0.7"
        )
        self.react()
        self.cases[facts["whom"]] = found.case.pk
        stay = self.stay(facts["whom"])
        shown = {"state": self.case_class(found.case.pk), "waiting": self.waiting(stay.pk)}
        return shown | {"goes home": f"{stay.release_on:%m-%d}"}

    def asks_by_link(self, facts, _by):
        kind, words = facts["told"].split(": ")
        services.ask_by_link(self.tokens[facts["whom"]], NewNeed(kind, words), "10.0.0.7")
        return self.sees_the_need_of(facts, self.actors["coordinator"])

    def sees_the_need_of(self, facts, by):
        (shown,) = [each for each in selectors.needs_of(by, self.stay(facts["whom"]))]
        return {"state": shown.status, "goes home": "", "waiting": self.waiting(shown.need.pk)}

    def answers(self, facts, by):
        services.answer(Need.objects.get(stay=self.stay(facts["whom"])).pk, facts["told"], by, closes=True)
        return self.sees_the_need_of(facts, by)

    def sees_who_comes(self, facts, by):
        version = CaseVersion.objects.visible_to(by).get(case=self.cases[facts["whom"]], superseded_at=None)
        order = WorkOrder.objects.visible_to(by).unfinished().get(subject_id=version.case_id, kind="receive_patient")
        return {"state": version.classification, "goes home": "", "waiting": order.kind}

    def ends(self, facts, by):
        services.end_early(self.stay(facts["whom"]).pk, facts["told"], by)

    def looks_at_room(self, facts, _by):
        room = Room.objects.get(site=self.site, name=facts["whom"])
        return {
            "state": services.room_states([room])[room.pk].status,
            "goes home": "",
            "waiting": self.waiting(room.pk),
        }

    def disinfects_room(self, facts, by):
        room = Room.objects.get(site=self.site, name=facts["whom"])
        move(WorkOrder.objects.unfinished().get(subject_id=room.pk).pk, "complete", by)
        return self.looks_at_room(facts, by)

    def orders(self, facts, by):
        grounds, last = facts["told"].split(", last ")
        stay = services.open_stay(
            NewStay(
                PersonDetails(name=facts["whom"], area=self.wuma),
                "covid19",
                grounds,
                site_id=self.site.pk,
                exposures=(services.NewExposure(day_of(last)),),
            ),
            by,
        )
        self.people[facts["whom"]] = stay.person

    def releases(self, facts, by):
        listed = selectors.release_list(by)
        on_it = self.stay(facts["whom"]).pk in [row.pk for row in listed.today]
        assert on_it == (facts["state"] == "released"), "the list of today holds whom the platform releases"
        services.release(self.stay(facts["whom"]).pk, by)

    def receives_at_home(self, facts, by):
        order = WorkOrder.objects.visible_to(by).unfinished().get(subject_id=self.stay(facts["whom"]).pk)
        move(order.pk, "accept", by)
        move(order.pk, "complete", by)

    def counts(self, facts, by):
        told = selectors.tracked(by, self.county, "covid19")
        assert told.adds_up
        assert f"tracked {told.tracked}" == facts["told"]
        without = Counter(each.reason for each in selectors.without_stay(by, self.county, "covid19"))
        rest = "without a stay: " + ", ".join(f"{why} {n}" for why, n in without.items()) if without else ""
        return {
            "state": ", ".join(f"{status} {n}" for status, n in told.by_status.items() if n),
            "goes home": "",
            "waiting": rest,
        }


@pytest.mark.parametrize("edition", list(STORIES))
def test_the_founding_story(world, edition):
    start = timezone.make_aware(datetime.fromisoformat(f"2020-{STORIES[edition][0][1]['day']}T08:00"))
    with clock.at(start), translation.override("en"):
        story = Story(world)
    for place, facts in STORIES[edition]:
        with translation.override("en"):
            shown = story.play(facts)
        for column, found in shown.items():
            assert found == facts[column], (
                f"{place}: {facts['whom']}, {column}: shown {found!r}, told {facts[column]!r}"
            )
    assert not selectors.unsound()
    assert not PersonalLink.objects.filter(stay__status__in=rules.OPEN, revoked_at=None).exclude(expires_at__lt=start)


def test_the_story_is_told_under_both_editions():
    assert set(STORIES) == {"2", "5"}
