"""What becomes of exposures, contacts, orders and stays when something becomes known of the case that exposed them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django_tasks_db.models import DBTaskResult
from hypothesis import given
from hypothesis import strategies as st

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.events import deliver
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.quarantine import services as quarantine
from lianfang.quarantine.models import Stay
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence, LabResult
from lianfang.surveillance.models import Observation
from lianfang.tracing import rules, selectors, services
from lianfang.tracing.models import Exposure
from lianfang.tracing.rules import Illness
from lianfang.tracing.services import CallTold, ExposureTold, NewContact
from lianfang.workorders.models import WorkOrder

START = datetime(2020, 3, 10, 1, 0, tzinfo=UTC)  # under edition 5: two days before onset
ONSET = date(2020, 3, 6)


def on(day: int, hour: int = 1):
    """The clock at an hour of a day of March."""
    return clock.at(datetime(2020, 3, day, hour, tzinfo=UTC))


def react():
    """Deliver what waits, and what that causes, as the job worker does."""
    while (waiting := DBTaskResult.objects.filter(status="READY").order_by("enqueued_at")).exists():
        jobs = [job for job in waiting if job.task_path.endswith("events.deliver")]
        waiting.delete()
        for job in jobs:
            deliver.func(*job.args_kwargs["args"])


@pytest.fixture
def case(world, notify):
    """A suspected case that fell ill on 6 March, its tracing opened on the 10th."""
    with on(10):
        found = notify(onset_on=ONSET)
        react()
    return found


@pytest.fixture
def meet(world, case):
    """Enter somebody who met the case: meet(day, …) as the contact."""

    def enter(day, name="李建国", of=None, **about):
        told = {"kind": "meal", "first_on": date(2020, 3, day), "last_on": date(2020, 3, day), **about}
        exposure = ExposureTold((of or case).pk, **told)
        with on(10, 2):
            entry = NewContact(PersonDetails(name=name, area=world.area("330302")), exposure, world.area("330302"))
            contact = services.add_contact(entry, world.actor("lucheng")).contact
            react()
        return contact

    return enter


def correct_onset(world, case, onset, day=11):
    """The onset of a case told otherwise, on a day of March."""
    first = Observation.objects.filter(case=case).earliest("recorded_at")
    with on(day):
        evidence = Evidence(declared="suspected", onset_on=onset)
        surveillance.observe(case.pk, first.kind, evidence, world.actor("lucheng"), corrects=first.pk)
        react()


def category(contact):
    [exposure] = selectors.exposures_of([contact.pk])[contact.pk]
    return exposure.category


def open_orders(subject_id):
    return sorted(WorkOrder.objects.filter(subject_id=subject_id, closed_at=None).values_list("kind", flat=True))


DAYS = st.dates(date(2020, 2, 25), date(2020, 3, 20))


@given(
    edition=st.sampled_from(["2", "3", "5", "6", "7"]), onset=st.none() | DAYS, sampled=st.none() | DAYS,
    asymptomatic=st.booleans(), first=st.none() | DAYS, length=st.integers(0, 9), protected=st.booleans(),
    kind=st.sampled_from(["meal", "household", "environment"]), distance=st.none() | st.floats(0, 4),
)  # fmt: skip
def test_a_judgement_follows_from_case_exposure_and_edition_alone(edition, onset, sampled, asymptomatic, first, length, protected, kind, distance):  # fmt: skip
    held = definitions.edition("covid19", edition)
    last = first + timedelta(days=length) if first else None
    told = ExposureTold(None, kind=kind, first_on=first, last_on=last, protected=protected, distance=distance)
    illness = Illness(onset, sampled, asymptomatic)
    found = rules.judge(held, illness, told)
    assert found == rules.judge(held, illness, told)
    assert found.window_from == rules.window_start(held, illness)
    if found.outside:  # for no other reason than the window: whoever met the case on its first day is a contact
        there = ExposureTold(None, kind=kind, last_on=found.window_from, protected=protected, distance=distance)
        assert last < found.window_from
        assert rules.judge(held, illness, there).category
    earlier_onset = Illness(onset and onset - timedelta(days=1), sampled and sampled - timedelta(days=1), asymptomatic)
    if found.category:
        assert rules.judge(held, earlier_onset, told).category, "a window that grows loses nobody"


@pytest.mark.parametrize(
    ("met", "before", "onset", "after", "owed"),
    [
        (4, "close", date(2020, 3, 6), "close", True),
        (4, "close", date(2020, 3, 7), "", False),  # the window begins on the 5th: met the day before
        (4, "close", date(2020, 3, 5), "close", True),
        (3, "", date(2020, 3, 5), "close", True),
        (2, "", date(2020, 3, 5), "", False),
        (3, "", None, "close", True),  # not known any more: every day counts
    ],
)
def test_an_onset_told_otherwise_judges_exposures_anew(world, case, meet, met, before, onset, after, owed):
    contact = meet(met)
    assert category(contact) == before
    correct_onset(world, case, onset)
    assert category(contact) == after
    entries = Exposure.objects.filter(contact=contact).order_by("recorded_at")
    assert len(entries) == 1 + (before != after), "nothing is lost, and nothing is written without a change"
    told = Event.objects.filter(subject_id=contact.pk, kind="exposure.rejudged")
    assert told.count() == (before != after)
    with on(11, 2):
        [line] = selectors.lines(world.actor("lucheng"), [contact])
        assert line.owes is owed
        react()
        services.rejudge(case.pk)
    assert Exposure.objects.filter(contact=contact).count() == len(entries), "harmless when repeated"
    known_before = selectors.exposures_of([contact.pk], datetime(2020, 3, 10, 12, tzinfo=UTC))[contact.pk]
    assert [exposure.category for exposure in known_before] == [before], "as it was known the evening before"


def test_without_symptoms_the_sampling_decides_and_later_symptoms_the_onset(world, notify, meet):
    with on(10):
        sampled = LabResult("pcr", "positive", sampled_on=date(2020, 3, 8))
        evidence = Evidence(declared="asymptomatic", asymptomatic=True, labs=[sampled])
        other = surveillance.notify(
            surveillance.Notification(
                disease="covid19", area=world.area("330302"), evidence=evidence,
                person=PersonDetails(name="赵大海", area=world.area("330302")),
            ),
            world.actor("lucheng"),
        )  # fmt: skip
        react()
    contact = meet(5, of=other)
    assert category(contact) == "", "two days before sampling is the 6th"
    with on(11):
        surveillance.observe(other.pk, "symptoms", Evidence(onset_on=date(2020, 3, 7)), world.actor("lucheng"))
        react()
    assert category(contact) == "close"
    [exposure] = selectors.exposures_of([contact.pk])[contact.pk]
    assert (exposure.window_from, exposure.corrects.window_from) == (date(2020, 3, 5), date(2020, 3, 6))


def test_the_edition_of_an_exposure_stays_the_one_it_was_judged_under(world, notify):
    with clock.at(datetime(2020, 2, 19, 1, tzinfo=UTC)):  # edition 3: from onset
        case = notify(onset_on=date(2020, 2, 17))
        told = ExposureTold(case.pk, kind="meal", first_on=date(2020, 2, 16), last_on=date(2020, 2, 16))
        entry = NewContact(PersonDetails(name="李建国", area=world.area("330302")), told, world.area("330302"))
        contact = services.add_contact(entry, world.actor("lucheng")).contact
    with clock.at(datetime(2020, 2, 22, 1, tzinfo=UTC)):  # edition 5 holds now, and by it the 16th counts
        services.rejudge(case.pk)
        assert category(contact) == ""
        first = Observation.objects.get(case=case)
        evidence = Evidence(declared="suspected", onset_on=date(2020, 2, 16))
        surveillance.observe(case.pk, first.kind, evidence, world.actor("lucheng"), corrects=first.pk)
        services.rejudge(case.pk)
    [exposure] = selectors.exposures_of([contact.pk])[contact.pk]
    assert (exposure.category, exposure.edition, exposure.window_from) == ("close", "3", date(2020, 2, 16))


def test_what_an_investigator_judged_stays_as_judged(world, case, meet):
    contact = meet(4, category="close")
    correct_onset(world, case, date(2020, 3, 9))
    assert category(contact) == "close"
    assert Exposure.objects.count() == 1


def test_whoever_owes_observation_now_or_no_longer_is_called_and_the_list_says_why(world, client, case, meet):
    out, kept = meet(4), meet(8, "钱二")
    me = world.actor("lucheng")
    with on(10, 4):
        for contact in (out, kept):
            services.record_call(contact.pk, CallTold("reached"), me)
            assert open_orders(contact.pk) == []
    correct_onset(world, case, date(2020, 3, 8))
    assert (open_orders(out.pk), open_orders(kept.pk)) == (["follow_contact"], [])
    client.force_login(world.users["lucheng"])
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    with on(11, 3):
        page = client.get(reverse("contact-list")).content.decode()
        assert out.number in page
        assert "judged anew" in page
        page = client.get(reverse("contact", args=[out.pk])).content.decode()
        assert "no observation is owed" in page
        assert "from 2020-03-06, and not from 2020-03-04" in page
        page = client.get(reverse("tracing", args=[case.pk]))
        assert [(row["before"], row["owes"]) for row in page.context["rejudged"]] == [("close contact", False)]
    with on(11, 4):
        services.record_call(out.pk, CallTold("reached"), me)
        assert open_orders(out.pk) == []
        assert selectors.lines(me, [out])[0].rejudged == [], "told"


def test_a_stay_that_is_no_longer_owed_is_offered_its_end_and_does_not_end_by_itself(world, client, case, meet):
    contact = meet(4)
    stay = Stay.objects.get(contact=contact)
    me = world.actor("lucheng")
    with on(10, 5), pytest.raises(Refused) as no:
        quarantine.end_early(stay.pk, "not_owed", me)
    assert no.value.refusals[0].code == "stay.still_owed"
    correct_onset(world, case, date(2020, 3, 8))
    stay.refresh_from_db()
    assert (stay.status, stay.release_on) == ("awaited", None)
    assert "review_stay" in open_orders(stay.pk)
    client.force_login(world.users["lucheng"])
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    with on(11, 5):
        assert "what=not_owed" in client.get(reverse("stay", args=[stay.pk])).content.decode()
        assert (
            'value="not_owed" selected'
            in client.get(reverse("stay-end", args=[stay.pk]) + "?what=not_owed").content.decode()
        )
        quarantine.end_early(stay.pk, "not_owed", me)
    stay.refresh_from_db()
    assert (stay.status, stay.reason) == ("ended", "not_owed")
    correct_onset(world, case, ONSET, day=12)
    again = Stay.objects.open().get(contact=contact)
    assert again.pk != stay.pk, "owed again, observed again"
    assert again.release_on == date(2020, 3, 18)


def test_an_exposure_without_an_end_counts_to_the_day_it_was_told_however_often_it_is_judged(world, case, meet):
    contact = meet(3, last_on=None)
    correct_onset(world, case, date(2020, 3, 5), day=13)
    assert Stay.objects.get(contact=contact).release_on == date(2020, 3, 24), "14 days from the 10th"


def test_days_before_that_nobody_asked_about_are_asked_about(world, client, case, meet):
    meet(4)
    me = world.actor("lucheng")
    client.force_login(world.users["lucheng"])
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    version = surveillance.CaseVersion.objects.get(case=case, superseded_at=None)
    assert selectors.unasked_days(version) is None
    with on(10, 6):
        services.complete_tracing(case.pk, me)
    correct_onset(world, case, date(2020, 3, 7))
    assert open_orders(case.pk).count("trace_contacts") == 0, "a window that grew shorter asks for nothing"
    correct_onset(world, case, date(2020, 3, 3), day=12)
    assert open_orders(case.pk).count("trace_contacts") == 1
    with on(12, 2):
        services.follow_facts(case.pk)
        assert open_orders(case.pk).count("trace_contacts") == 1, "harmless when repeated"
        page = client.get(reverse("tracing", args=[case.pk])).content.decode()
        assert "Not yet asked about: the days 2020-03-01 … 2020-03-03" in page
        before = client.get(reverse("tracing", args=[case.pk]) + "?as_of=2020-03-11").content.decode()
        assert "Not yet asked about" not in before
        services.complete_tracing(case.pk, me)
    with on(12, 3):
        page = client.get(reverse("tracing", args=[case.pk])).content.decode()
        assert "Not yet asked about" not in page


def test_a_window_that_grows_while_contacts_are_listed_is_a_mark_on_the_page(world, case):
    assert open_orders(case.pk).count("trace_contacts") == 1
    correct_onset(world, case, date(2020, 3, 4))
    assert open_orders(case.pk).count("trace_contacts") == 1
    version = surveillance.CaseVersion.objects.get(case=case, superseded_at=None)
    with on(11, 2):
        found = selectors.unasked_days(version)
    assert (found.first, found.last) == (date(2020, 3, 2), date(2020, 3, 3))
