from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import selectors, services, tally
from lianfang.surveillance.evidence import Evidence, Exposure, LabResult
from lianfang.surveillance.models import Case, CaseTally, CaseVersion, Observation
from lianfang.workorders.models import WorkOrder

MORNING = datetime(2020, 1, 27, 1, 0, tzinfo=UTC)
SUSPECTED = Evidence(
    declared="suspected",
    onset_on=date(2020, 1, 24),
    diagnosed_on=date(2020, 1, 27),
    symptoms={"fever": True, "cough": True},
)
POSITIVE = {"labs": [{"test": "pcr", "result": "positive", "specimen": "throat_swab", "resulted_on": "2020-01-28"}]}


def notification(world, evidence=SUSPECTED, area="330302", name="王秀英", **about):
    return services.Notification(
        disease="covid19",
        area=world.area(area),
        evidence=evidence,
        person=PersonDetails(name=name, phone="13900000001", sex="F", area=world.area(area)),
        **about,
    )


@pytest.fixture
def case(world):
    with clock.at(MORNING):
        return services.notify(notification(world), world.actor("lucheng"))


def current(case):
    return case.versions.get(superseded_at=None)


def test_a_notification_leaves_a_case_its_evidence_a_version_its_clocks_and_an_event(world, case):
    version = current(case)
    assert (version.classification, version.edition, version.onset_on) == ("suspected", "2", date(2020, 1, 24))
    assert Observation.objects.get(case=case).content["symptoms"] == {"fever": True, "cough": True}
    assert set(WorkOrder.objects.filter(subject_id=case.pk).values_list("kind", flat=True)) == {
        "review_report",
        "investigate_case",
    }
    assert [event.kind for event in Event.objects.filter(subject_id=case.pk)] == ["case.notified"]


def test_the_direct_report_is_late_after_two_hours(world):
    with clock.at(MORNING):
        case = services.notify(notification(world, diagnosed_at=MORNING - timedelta(hours=3)), world.actor("lucheng"))
    order = WorkOrder.objects.get(subject_id=case.pk, kind="report_directly")
    assert order.closed_at - order.due_at == timedelta(hours=1)


def test_a_positive_result_confirms_and_the_case_is_shown_as_it_was_known_before(world, case):
    with clock.at(MORNING + timedelta(days=1)):
        services.observe(case.pk, "lab_result", POSITIVE, world.actor("lucheng"))
    assert current(case).classification == "confirmed"
    assert current(case).confirmed_on == date(2020, 1, 28)
    before = selectors.case(world.actor("lucheng"), case.pk, known_on=date(2020, 1, 27))
    assert before.classification == "suspected"
    kinds = list(Event.objects.filter(subject_id=case.pk).order_by("id").values_list("kind", flat=True))
    assert kinds == ["case.notified", "case.observed", "case.classified", "case.confirmed"]


def test_a_correction_takes_the_place_of_what_it_corrects_and_both_stay_on_record(world, case):
    first = Observation.objects.get(case=case)
    content = {**first.content, "onset_on": "2020-01-20"}
    with clock.at(MORNING + timedelta(hours=1)):
        version = services.observe(case.pk, "report", content, world.actor("lucheng"), corrects=first.pk)
    assert version.onset_on == date(2020, 1, 20)
    assert Observation.objects.filter(case=case).count() == 2
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Observation.objects.filter(pk=first.pk).update(kind="forged")


def test_sending_the_same_again_is_success_and_other_content_under_the_same_id_is_a_conflict(world):
    me, pk = world.actor("lucheng"), ids.new_id()
    with clock.at(MORNING):
        services.notify(notification(world, id=pk), me)
        services.notify(notification(world, id=pk), me)
        with pytest.raises(Refused, match="already used|已用于"):
            services.notify(notification(world, Evidence(declared="confirmed"), id=pk), me)
    assert Case.objects.count() == 1
    observation = ids.new_id()
    with clock.at(MORNING + timedelta(days=1)):
        for _ in range(2):
            services.observe(pk, "lab_result", POSITIVE, me, id=observation)
        with pytest.raises(Refused):
            services.observe(pk, "lab_result", {"labs": []}, me, id=observation)
    assert Observation.objects.filter(case_id=pk).count() == 2


@pytest.mark.parametrize("who", ["xihu", "other_doctor", "doctor", "officer", "auditor"])
def test_a_case_of_another_area_can_be_neither_changed_nor_named(world, case, who):
    with pytest.raises(Refused), clock.at(MORNING):
        services.observe(case.pk, "lab_result", POSITIVE, world.actor(who))
    assert CaseVersion.objects.visible_to(world.actor(who), "case.identify").count() == 0


def test_a_hospital_sees_the_case_it_reported_wherever_the_patient_lives(world):
    with clock.at(MORNING):
        services.notify(notification(world, area="330106", organisation=world.hospital), world.actor("doctor"))
    for who, seen in [("doctor", 1), ("other_doctor", 0), ("xihu", 1), ("lucheng", 1), ("zhejiang", 1)]:
        assert CaseVersion.objects.visible_to(world.actor(who)).count() == seen, who


def test_opening_an_identity_is_recorded_and_refused_to_those_who_only_count(world, case):
    with transaction.atomic():
        shown = selectors.identity(world.actor("lucheng"), current(case))
        assert selectors.identity(world.actor("officer"), current(case)) is None
    assert shown["name"] == "王秀英"
    looks = Event.objects.filter(kind="case.viewed")
    assert [look.by.username for look in looks] == ["lucheng"]
    assert "王秀英" not in str(looks[0].details)


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        (Evidence(declared="suspected", onset_on=date(2020, 2, 1)), "case.future_date"),
        (Evidence(declared="imagined"), "case.unknown_class"),
        (Evidence(declared="suspected", symptoms={"third_eye": True}), "case.unknown_term"),
        (
            Evidence(declared="suspected", onset_on=date(2020, 1, 20), outcome="died", outcome_on=date(2020, 1, 10)),
            "case.outcome_before_onset",
        ),
    ],
)
def test_evidence_that_cannot_be_is_refused_in_words_and_leaves_nothing(world, evidence, code):
    with clock.at(MORNING), pytest.raises(Refused) as no:
        services.notify(notification(world, evidence), world.actor("lucheng"))
    assert code in [refusal.code for refusal in no.value.refusals]
    assert str(no.value)
    assert not Case.objects.exists()
    assert not Event.objects.exists()


def test_counts_are_the_same_before_and_after_tallying_and_as_known_on_each_day(world):
    me = world.actor("lucheng")
    with clock.at(MORNING):
        cases = [services.notify(notification(world, name=f"王{n}", area="330302001"), me) for n in "甲乙丙"]
    tally.tally_all()
    with clock.at(MORNING + timedelta(days=1)):
        services.observe(cases[0].pk, "lab_result", POSITIVE, me)
    days = {None: (2, 1), date(2020, 1, 27): (3, 0), date(2020, 1, 28): (2, 1), date(2020, 1, 26): (0, 0)}

    def counted(area):
        found = {}
        for day in days:
            sums = selectors.counts(world.actor("zhejiang"), world.area(area), "covid19", day)
            found[day] = (sums.total("reported", classes=["suspected"]), sums.total("reported", classes=["confirmed"]))
        return found

    for area in ("CN", "330000", "330300", "330302", "330302001"):
        if area != "CN":
            assert counted(area) == days, area
    tally.tally_all()
    for area in ("330000", "330300", "330302", "330302001"):
        assert counted(area) == days, area
    assert not CaseVersion.objects.filter(tallied=False).exists()
    assert CaseTally.objects.filter(area_code="330303").count() == 0


def test_a_duplicate_is_no_longer_counted_and_can_be_counted_again(world, case):
    me = world.actor("lucheng")
    with clock.at(MORNING + timedelta(hours=2)):
        services.mark_duplicate(case.pk, me)
    assert selectors.counts(me, world.area("330302"), "covid19").total("reported") == 0
    with clock.at(MORNING + timedelta(hours=3)):
        services.mark_duplicate(case.pk, me, duplicate=False)
    assert selectors.counts(me, world.area("330302"), "covid19").total("reported") == 1


def test_exposure_and_laboratory_entries_add_up(world, case):
    me = world.actor("lucheng")
    with clock.at(MORNING + timedelta(days=1)):
        services.observe(
            case.pk, "exposure", {"exposures": [{"kind": "contact_with_case", "first_on": "2020-01-20"}]}, me
        )
        services.observe(case.pk, "lab_result", POSITIVE | {}, me)
    evidence = services.evidence_of(case)
    assert evidence.exposures == [Exposure("contact_with_case", date(2020, 1, 20))]
    assert evidence.labs == [LabResult("pcr", "positive", "throat_swab", resulted_on=date(2020, 1, 28))]


@pytest.mark.parametrize(
    ("born", "told", "age"),
    [
        (date(1959, 1, 25), {}, (60, 61)),  # the birthday is the day after onset
        (date(1959, 1, 24), {}, (61, 62)),
        (date(2019, 7, 30), {}, (5 / 12, 6 / 12)),  # an infant's in months
        (date(1959, 1, 24), {"age_low": 58, "age_high": 59}, (58, 59)),  # what was told stands
        (None, {}, (None, None)),
    ],
)
def test_the_age_follows_from_the_date_of_birth_and_stays_when_more_is_learnt(world, born, told, age):
    who = PersonDetails(name="王秀英", birth_date=born, area=world.area("330302"))
    card = notification(world, Evidence(declared="suspected", onset_on=date(2020, 1, 24), **told))
    with clock.at(MORNING):
        case = services.notify(replace(card, person=who), world.actor("lucheng"))
        assert (current(case).age_low, current(case).age_high) == age
        services.observe(case.pk, "course", {"severity": "severe"}, world.actor("lucheng"))
    assert (current(case).age_low, current(case).age_high, current(case).severity) == (*age, "severe")


def test_the_age_follows_a_date_of_birth_that_is_corrected_unless_an_age_was_told(world, case):
    def corrected(born):
        said = PersonDetails(name="王秀英", sex="F", birth_date=born, area=world.area("330302"))
        services.correct_person(case.pk, said, world.actor("lucheng"))

    with clock.at(MORNING):
        corrected(date(1950, 6, 1))
        assert (current(case).age_low, current(case).age_high) == (69, 70)
        services.observe(case.pk, "course", {"age_low": 50, "age_high": 51}, world.actor("lucheng"))
        corrected(date(1940, 6, 1))
    assert (current(case).age_low, current(case).age_high) == (50, 51)
    assert case.versions.count() == 3
