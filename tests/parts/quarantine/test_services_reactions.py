"""What tracing and surveillance learn reaches the stays: exposures, their corrections, cases confirmed and excluded."""

from datetime import date

import pytest
from django_tasks_db.models import DBTaskResult

from lianfang.kernel import clock
from lianfang.kernel.events import deliver
from lianfang.quarantine import selectors, services
from lianfang.quarantine.models import Stay, StayEntry
from lianfang.quarantine.services import NewCheck, NewEntry
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence
from lianfang.tracing import services as tracing
from lianfang.workorders.models import WorkOrder
from tests.parts.quarantine.conftest import at

pytestmark = pytest.mark.django_db


def react(times=1):
    for job in list(DBTaskResult.objects.filter(status="READY").order_by("enqueued_at")):
        if job.task_path.endswith("events.deliver"):
            for _ in range(times):
                deliver.func(*job.args_kwargs["args"])
        job.delete()


@pytest.fixture
def index(place):
    case = surveillance.notify(
        surveillance.Notification(
            disease="covid19",
            area=place.wuma,
            evidence=Evidence(declared="suspected", onset_on=date(2020, 1, 25)),
            person=PersonDetails(name="周国强", area=place.wuma),
            organisation=place.world.hospital,
        ),
        place.world.actor("doctor"),
    )
    react()
    return case


def contact(place, index, name="李小明", last_on=date(2020, 1, 26), **about):
    told = tracing.ExposureTold(index.pk, "meal", last_on=last_on, **about)
    added = tracing.add_contact(
        tracing.NewContact(PersonDetails(name=name, area=place.wuma), told, place.wuma), place.tracer
    )
    react(times=2)
    return added


def test_a_contact_who_owes_observation_has_a_stay_and_only_one(place, index):
    added = contact(place, index)
    stay = Stay.objects.get()
    assert (stay.person_id, stay.contact_id, stay.status, stay.release_on, stay.path) == (
        added.contact.person_id, added.contact.pk, "awaited", date(2020, 2, 9), added.contact.path,
    )  # fmt: skip
    assert StayEntry.objects.filter(kind="exposure").get().pk == added.exposure.pk
    assert WorkOrder.objects.unfinished().filter(subject_id=stay.pk, kind="take_in_guest").count() == 1


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"last_on": date(2020, 1, 24)}, "owes_none"),  # before the onset, which edition 2 does not count
        ({"protected": True}, "owes_none"),
    ],
)
def test_a_contact_who_owes_none_has_no_stay_and_is_listed_with_the_reason(place, index, about, why):
    contact(place, index, **about)
    assert not Stay.objects.exists()
    told = selectors.tracked(place.tracer, place.lucheng, "covid19")
    assert (told.tracked, told.missing, told.adds_up) == (1, 1, True)
    assert [each.reason for each in selectors.without_stay(place.tracer, place.lucheng, "covid19")] == [why]


def test_corrected_and_retracted_exposures_move_the_day_of_release(place, index):
    added = contact(place, index)
    with clock.at(at("2020-01-29")):
        told = tracing.ExposureTold(index.pk, "meal", last_on=date(2020, 1, 28))
        second = tracing.add_exposure(added.contact.pk, told, place.tracer)
        react(times=2)
        assert Stay.objects.get().release_on == date(2020, 2, 11)
        corrected = tracing.correct_exposure(
            second.pk, tracing.ExposureTold(index.pk, "meal", last_on=date(2020, 1, 27)), place.tracer
        )
        react()
        assert Stay.objects.get().release_on == date(2020, 2, 10)
        tracing.retract_exposure(corrected.pk, place.tracer)
        react(times=2)
        assert Stay.objects.get().release_on == date(2020, 2, 9)
        tracing.retract_exposure(added.exposure.pk, place.tracer)
        react()
    stay = Stay.objects.get()
    assert stay.release_on is None
    assert WorkOrder.objects.unfinished().filter(subject_id=stay.pk, kind="review_stay").exists()
    assert not selectors.unsound()


def test_whoever_is_confirmed_is_no_longer_observed(place, index):
    contact(place, index)
    stay = Stay.objects.get()
    services.enter(NewEntry(stay.pk, "arrival", area=place.wuma), place.tracer)
    with clock.at(at("2020-01-30")):
        found = services.check_in(NewCheck(stay.pk, 38.0), place.tracer)
        react(times=2)
        assert Stay.objects.get().status == "observed"
        labs = [{"test": "pcr", "result": "positive", "sampled_on": "2020-01-30"}]
        surveillance.observe(found.case.pk, "lab_result", {"labs": labs, "declared": "confirmed"}, place.tracer)
        react(times=2)
    stay = Stay.objects.get()
    assert (stay.status, stay.reason, stay.case_id) == ("ended", "became_case", found.case.pk)
    assert stay.entries.filter(kind="end").count() == 1


def test_when_the_index_case_is_excluded_the_stay_is_reviewed_and_may_end(place, index):
    contact(place, index)
    stay = Stay.objects.get()
    services.enter(NewEntry(stay.pk, "arrival", area=place.wuma), place.tracer)
    with clock.at(at("2020-01-30")):
        labs = [{"test": "pcr", "result": "negative", "sampled_on": f"2020-01-{day}"} for day in (27, 29)]
        surveillance.observe(index.pk, "lab_result", {"labs": labs}, place.tracer)
        react(times=2)
        assert WorkOrder.objects.unfinished().filter(subject_id=stay.pk, kind="review_stay").count() == 1
        assert services.end_early(stay.pk, "index_excluded", place.tracer).reason == "index_excluded"
