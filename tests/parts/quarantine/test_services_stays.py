"""Stays through their services: taken in, checked, moved, ended, and what follows each time."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, ids
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.quarantine import selectors, services
from lianfang.quarantine.jobs import chase_missed
from lianfang.quarantine.models import CheckIn, Need, PersonalLink, Stay, StayEntry, StayVersion
from lianfang.quarantine.services import NewCheck, NewEntry, NewExposure, NewNeed
from lianfang.registry import places
from lianfang.registry.models import Organisation
from lianfang.surveillance.models import CaseVersion
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.services import Proof, prove
from lianfang.workorders.services import move as move_order
from tests.parts.quarantine.conftest import at

pytestmark = pytest.mark.django_db


def arrive(place, stay, room=None, day="2020-01-27"):
    with clock.at(at(day, "12:00")):
        return services.enter(
            NewEntry(stay.pk, "arrival", site_id=place.site.pk, room_id=room and room.pk), place.coordinator
        )


def waiting(subject, kind=""):
    rows = WorkOrder.objects.unfinished().filter(subject_id=subject.pk)
    return sorted(rows.filter(kind=kind) if kind else rows, key=lambda order: order.kind)


def codes(no):
    return [refusal.code for refusal in no.value.refusals]


def test_a_stay_is_ordered_then_taken_in_and_has_a_day_of_release(place):
    (room,) = place.rooms("301")
    stay = place.stay(last_on=date(2020, 1, 26))
    assert (stay.status, stay.release_on) == ("awaited", date(2020, 2, 9))
    assert [order.kind for order in waiting(stay)] == ["take_in_guest"]
    stay = arrive(place, stay, room)
    assert (stay.status, stay.room_id, stay.path) == ("observed", room.pk, place.site.path)
    assert not waiting(stay)
    assert stay.next_due_at == at("2020-01-27", "20:00")
    assert not selectors.unsound()


def test_the_same_stay_again_is_success_and_another_under_its_id_a_conflict(place):
    person, pk = place.person(), ids.new_id()
    first = place.stay(person, last_on=date(2020, 1, 26), id=pk)
    assert place.stay(person, last_on=date(2020, 1, 26), id=pk).pk == first.pk
    assert Stay.objects.count() == 1
    with pytest.raises(Refused) as no:
        place.stay(place.person("王芳"), last_on=date(2020, 1, 26), id=pk)
    assert codes(no) == ["kernel.id_conflict"]
    with pytest.raises(Refused) as no:
        place.stay(person, last_on=date(2020, 1, 26))
    assert codes(no) == ["stay.already_open"]


def test_entries_and_check_ins_only_grow(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    services.check_in(NewCheck(stay.pk, 36.5), place.coordinator)
    link, _token = services.make_link(stay.pk, place.coordinator)
    for change in (
        lambda: StayEntry.objects.update(reason="x"),
        lambda: StayEntry.objects.filter(stay=stay)[:1].get().delete(),
        lambda: CheckIn.objects.update(temperature=36),
        lambda: PersonalLink.objects.filter(pk=link.pk).update(told_by="family"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_new_exposure_puts_the_release_off_and_says_which(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    with clock.at(at("2020-01-31")):
        later = services.exposure_entry(stay.pk, NewExposure(date(2020, 1, 30), words="与301房客人同车"))
        stay = services.enter(later, place.tracer)
        assert stay.release_on == date(2020, 2, 13)
        (extension,) = selectors.history(stay).standing.extensions
        assert (extension.before, extension.after, extension.entry_id) == (
            date(2020, 2, 9),
            date(2020, 2, 13),
            later.id,
        )
        protected = services.exposure_entry(stay.pk, NewExposure(date(2020, 1, 31), owes=False))
        assert services.enter(protected, place.tracer).release_on == date(2020, 2, 13)
        taken_back = NewEntry(stay.pk, "exposure", last_on=date(2020, 1, 30), corrects=later.id, retracted=True)
        assert services.enter(taken_back, place.tracer).release_on == date(2020, 2, 9)
    assert Event.objects.filter(kind="stay.extended", subject_id=stay.pk).count() == 1


def test_a_room_left_waits_for_disinfection_and_nobody_is_put_into_it(place):
    first, second = place.rooms("301", "302")
    guest = arrive(place, place.stay(last_on=date(2020, 1, 26)), first)
    newcomer = place.stay(place.person("王芳"), last_on=date(2020, 1, 27))
    with pytest.raises(Refused) as no:
        arrive(place, newcomer, first)
    assert codes(no) == ["stay.room_full"]
    with clock.at(at("2020-01-27", "13:00")):
        services.enter(NewEntry(guest.pk, "move", site_id=place.site.pk, room_id=second.pk), place.coordinator)
    with pytest.raises(Refused) as no:
        arrive(place, newcomer, first)
    assert codes(no) == ["stay.room_undisinfected"]
    figures = dict((site.pk, told) for site, told in selectors.sites(place.coordinator))[place.site.pk]
    assert figures == {"rooms": 2, "beds": 2, "occupied": 1, "free": 0, "undisinfected": 1}
    (order,) = waiting(first, "disinfect_room")
    assert order.organisation_id == place.organisation.pk
    from lianfang.workorders.services import move

    move(order.pk, "complete", place.coordinator)
    assert arrive(place, newcomer, first).room_id == first.pk


def test_a_room_holds_what_its_beds_allow_and_closes_only_when_empty(place):
    room = services.add_room(place.site.pk, "大房间", 2, place.coordinator)
    arrive(place, place.stay(last_on=date(2020, 1, 26)), room)
    arrive(place, place.stay(place.person("王芳"), last_on=date(2020, 1, 26)), room)
    with pytest.raises(Refused) as no:
        arrive(place, place.stay(place.person("张伟"), last_on=date(2020, 1, 26)), room)
    assert codes(no) == ["stay.room_full"]
    with pytest.raises(Refused) as no:
        services.close_room(room.pk, place.coordinator)
    assert codes(no) == ["room.occupied"]
    with pytest.raises(Refused) as no:
        services.add_room(place.site.pk, "大房间", 1, place.coordinator)
    assert codes(no) == ["room.exists"]


def test_a_check_in_again_is_success_with_other_content_a_conflict_and_a_correction_is_another_entry(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    with clock.at(at("2020-01-28", "08:30")):
        told = NewCheck(stay.pk, 36.5, words="睡得好", told_by="self", observed_at=at("2020-01-28", "08:00"))
        first = services.check_in(told, place.coordinator)
        again = services.check_in(told, place.coordinator)
        assert first.checkin.pk == again.checkin.pk
        assert CheckIn.objects.count() == 1
        with pytest.raises(Refused) as no:
            services.check_in(NewCheck(stay.pk, 38.0, id=told.id, told_by="self"), place.coordinator)
        assert codes(no) == ["kernel.id_conflict"]
        services.check_in(
            NewCheck(stay.pk, 36.8, observed_at=at("2020-01-28", "08:00"), corrects=told.id), place.coordinator
        )
        history = selectors.history(Stay.objects.get(pk=stay.pk))
        assert [row.temperature for row in history.checkins if row.pk not in history.replaced] == [Decimal("36.8")]
        assert history.replaced == {told.id}
    with pytest.raises(Refused) as no:
        services.check_in(NewCheck(stay.pk, 36.8, corrects=ids.new_id()), place.coordinator)
    assert codes(no) == ["stay.corrects_nothing"]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (NewCheck(temperature=12), "checkin.impossible_temperature"),
        (NewCheck(symptoms=("wings",)), "case.unknown_term"),
        (NewCheck(), "checkin.empty"),
        (NewCheck(temperature=36.5, told_by="a stranger"), "checkin.unknown_teller"),
        (NewCheck(temperature=36.5, observed_at=at("2020-01-29")), "stay.in_the_future"),
    ],
)
def test_what_cannot_be_is_refused_in_words(place, told, code):
    from dataclasses import replace

    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    with pytest.raises(Refused) as no:
        services.check_in(replace(told, stay_id=stay.pk), place.coordinator)
    assert codes(no) == [code]
    assert not CheckIn.objects.exists()


def test_all_check_ins_of_a_screen_are_written_or_none(place):
    stays = [arrive(place, place.stay(place.person(name), last_on=date(2020, 1, 26))) for name in ("王芳", "张伟")]
    with pytest.raises(Refused):
        services.check_in_many([NewCheck(stays[0].pk, 36.6), NewCheck(stays[1].pk, 99)], place.coordinator)
    assert not CheckIn.objects.exists()
    services.check_in_many([NewCheck(stay.pk, 36.6) for stay in stays], place.coordinator)
    assert CheckIn.objects.count() == 2


def test_many_check_ins_take_no_more_queries_than_few(place, django_assert_max_num_queries):
    stays = [arrive(place, place.stay(place.person(f"客人{n}"), last_on=date(2020, 1, 26))) for n in range(12)]
    with clock.at(at("2020-01-28", "08:00")), django_assert_max_num_queries(28):
        services.check_in_many([NewCheck(stay.pk, 36.6) for stay in stays], place.coordinator)


def test_fever_raises_alert_transfer_reception_and_notification_in_one_tap(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    with clock.at(at("2020-02-01", "08:00")):
        found = services.check_in(NewCheck(stay.pk, 37.3, symptoms=("cough",)), place.coordinator)
    assert (found.alarm.fever, found.alarm.symptoms) == (37.3, ("cough",))
    stay.refresh_from_db()
    assert stay.case_id == found.case.pk
    version = CaseVersion.objects.get(case=found.case, superseded_at=None)
    assert (version.classification, version.onset_on, version.organisation_id) == (
        "suspected", date(2020, 2, 1), place.world.hospital.pk,
    )  # fmt: skip
    assert version.case.person.stands_under_id == stay.person_id
    assert [order.kind for order in waiting(stay)] == ["see_alarm", "transfer_patient"]
    (reception,) = waiting(found.case, "receive_patient")
    assert reception.organisation_id == place.world.hospital.pk
    clocks = WorkOrder.objects.filter(subject_id=found.case.pk).values_list("kind", flat=True)
    assert {"report_directly", "review_report", "investigate_case"} <= set(clocks)
    with clock.at(at("2020-02-01", "19:00")):
        again = services.check_in(NewCheck(stay.pk, 38.1), place.coordinator)
    assert again.case == found.case
    assert CaseVersion.objects.count() == 1
    assert len(waiting(stay)) == 2


def hospital(place, name, area="330302", **about):
    said = {"name": name, "name_en": "", "kind": "hospital", "area": place.world.area(area), **about}
    return places.write_organisation(said, SYSTEM)


def test_the_designated_hospital_of_the_smallest_area_receives(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    near = place.world.hospital
    assert services.receiving_hospitals(stay) == [near]
    for about in ({"designated_for": ["measles"]}, {"designated_for": []}, {"designated_for": ["all"], "designated_from": date(2020, 1, 28)}, {"designated_for": ["all"], "designated_until": date(2020, 1, 27)}):  # fmt: skip
        hospital(place, f"医院{len(Organisation.objects.all())}", **about)
    assert services.receiving_hospitals(stay) == [near]  # another disease, none, not yet, no longer
    near.designated_for = []
    near.save()
    assert services.receiving_hospitals(stay) == []
    next_door = hospital(place, "龙湾医院", "330303", designated_for=["covid19"])
    assert services.receiving_hospitals(stay) == [next_door]  # of the city, since the county has none
    here = hospital(place, "五马医院", "330302", designated_for=["covid19"], designated_from=date(2020, 1, 27))
    assert services.receiving_hospitals(stay) == [here]


def test_of_several_designated_hospitals_the_one_chosen_receives_and_else_the_one_designated_longest(place):
    second = hospital(place, "第二医院", designated_for=["covid19"], designated_from=date(2020, 1, 20))
    stays = [arrive(place, place.stay(place.person(name), last_on=date(2020, 1, 26))) for name in ("甲", "乙", "丙")]
    with clock.at(at("2020-02-01", "08:00")):
        chosen = services.check_in(NewCheck(stays[0].pk, 38, hospital_id=second.pk), place.coordinator)
        silent = services.check_in(NewCheck(stays[1].pk, 38), place.coordinator)
        with pytest.raises(Refused) as no:
            services.check_in(NewCheck(stays[2].pk, 38, hospital_id=place.world.other_hospital.pk), place.coordinator)
    assert codes(no) == ["stay.hospital_not_designated"]
    for checked, wanted in ((chosen, second), (silent, place.world.hospital)):
        (order,) = waiting(checked.case, "receive_patient")
        assert order.organisation_id == wanted.pk
        assert CaseVersion.objects.get(case=checked.case, superseded_at=None).organisation_id == wanted.pk
    stays[0].refresh_from_db()
    assert services.receiving_hospitals(stays[0]) == [second]  # asked already
    assert not CheckIn.objects.filter(stay=stays[2]).exists()


def test_where_no_hospital_is_designated_the_county_is_asked_to_name_one(place):
    place.world.hospital.designated_for = []
    place.world.hospital.save()
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    with clock.at(at("2020-02-01", "08:00")):
        found = services.check_in(NewCheck(stay.pk, 38), place.coordinator)
        (sought,) = waiting(stay, "find_hospital")
        assert (sought.organisation_id, sought.path) == (None, place.lucheng.path)
        assert not waiting(found.case, "receive_patient")
        assert CaseVersion.objects.get(case=found.case, superseded_at=None).organisation_id is None
        doctor = place.world.actor("doctor")
        assert not CaseVersion.objects.visible_to(doctor, "case.update").filter(case=found.case).exists()
        for channel in (place.tracer, place.world.actor("zhejiang")):
            with pytest.raises(Refused) as no:
                move_order(sought.pk, "complete", channel, "人民医院，已电话联系")
            assert codes(no) == ["order.closed_by_record"]
        prove(sought.pk, Proof(note="正在联系"), place.tracer)  # kept, and closes nothing
        assert waiting(stay, "find_hospital") == [sought]
        with pytest.raises(Refused) as no:
            services.name_hospital(stay.pk, place.organisation, place.tracer)
        assert codes(no) == ["place.receives_no_patients"]
        services.name_hospital(stay.pk, place.world.hospital, place.tracer)
        assert not waiting(stay, "find_hospital")
        (order,) = waiting(found.case, "receive_patient")
        assert order.organisation_id == place.world.hospital.pk
        assert CaseVersion.objects.visible_to(doctor, "case.update").filter(case=found.case).exists()
        with pytest.raises(Refused) as no:
            services.name_hospital(stay.pk, place.world.hospital, place.tracer)
        assert codes(no) == ["stay.hospital_not_sought"]
        services.check_in(NewCheck(stay.pk, 38.5), place.coordinator)
        assert not waiting(stay, "find_hospital")  # asked already


def test_orders_say_whom_to_ring(place):
    place.site.phone = "0577-00000101"
    place.site.save()
    stay = arrive(place, place.stay(last_on=date(2020, 1, 20)))
    with clock.at(at("2020-02-01", "08:00")):
        found = services.check_in(NewCheck(stay.pk, 38), place.coordinator)
    (transfer,), (reception,) = waiting(stay, "transfer_patient"), waiting(found.case, "receive_patient")
    assert transfer.note == "鹿城区人民医院 0577-00000120"
    assert reception.note == "江心酒店 0577-00000101"
    healthy = arrive(place, place.stay(place.person("王芳"), last_on=date(2020, 1, 20)))
    with clock.at(at("2020-02-03", "11:00")):
        chase_missed()
        (call,) = waiting(healthy, "call_missed_checkin")
        assert call.note == "江心酒店 0577-00000101"
        services.check_in(NewCheck(healthy.pk, 36.5), place.coordinator)
        services.release(healthy.pk, place.coordinator)
        (home,) = waiting(healthy, "receive_home")
        assert home.note == "江心酒店 0577-00000101"


def test_a_page_of_needs_costs_the_same_however_many_there_are(place, django_assert_num_queries):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    moments = [at("2020-01-28", f"{hour:02d}:00") for hour in (9, 8, 10)]
    asked = []
    for moment in moments:
        with clock.at(moment):
            asked.append(services.ask(NewNeed("medicine", "", stay.pk), place.coordinator))
    with clock.at(at("2020-01-28", "09:30")):
        late = services.ask(NewNeed("food", "", stay.pk), place.coordinator)  # four hours, not two
    with django_assert_num_queries(1):
        in_order = list(selectors.open_needs(place.coordinator)[:3])
    assert in_order == [asked[1], asked[0], asked[2]]
    assert list(selectors.open_needs(place.coordinator)[3:]) == [late]
    services.answer(asked[1].pk, "已送", place.coordinator, closes=True)
    assert list(selectors.open_needs(place.coordinator)[:1]) == [asked[0]]
    assert list(selectors.closed_needs(place.coordinator)) == [asked[1]]


def test_the_edition_says_for_which_reasons_a_stay_may_end_early(place, monkeypatch):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    real = definitions.observation_on
    monkeypatch.setattr(definitions, "observation_on", lambda disease, day: replace(real(disease, day), early_end=("died",)))  # fmt: skip
    with pytest.raises(Refused) as no:
        services.end_early(stay.pk, "legally_ended", place.coordinator)
    assert codes(no) == ["stay.reason_not_allowed"]
    assert services.end_early(stay.pk, "died", place.coordinator).reason == "died"


def test_a_listed_symptom_without_fever_is_an_alarm_and_another_symptom_is_not(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    assert services.check_in(NewCheck(stay.pk, 36.4, symptoms=("insomnia",)), place.coordinator).alarm is None
    assert services.check_in(NewCheck(stay.pk, 37.2), place.coordinator).alarm is None
    assert services.check_in(NewCheck(stay.pk, 36.4, symptoms=("dyspnoea",)), place.coordinator).case is not None


def test_nothing_of_an_alarm_is_written_when_one_part_of_it_fails(place, monkeypatch):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))

    def broken(*_args):
        raise RuntimeError("the lights went out")

    before = Event.objects.count()
    monkeypatch.setattr(services, "raise_orders", broken)
    with pytest.raises(RuntimeError):
        services.check_in(NewCheck(stay.pk, 39.0), place.coordinator)
    assert not CheckIn.objects.exists()
    assert not CaseVersion.objects.exists()
    assert Event.objects.count() == before


def check_every_day(place, stay, first, last, temperature=36.5):
    day = first
    while day <= last:
        for hour in ("08:00", "19:00"):
            with clock.at(at(day.isoformat(), hour)):
                services.check_in(NewCheck(stay.pk, temperature), place.coordinator)
        day += timedelta(days=1)


def test_released_on_the_day_not_before_and_not_unchecked(place):
    (room,) = place.rooms("301")
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)), room)
    check_every_day(place, stay, date(2020, 1, 28), date(2020, 2, 8))
    with clock.at(at("2020-02-08", "20:00")):
        with pytest.raises(Refused) as no:
            services.release(stay.pk, place.coordinator)
        assert codes(no) == ["stay.not_yet"]
        assert [row.pk for row in selectors.release_list(place.coordinator).tomorrow] == [stay.pk]
    with clock.at(at("2020-02-09", "09:00")):
        (held,) = selectors.release_list(place.coordinator).held_back
        assert [refusal.code for refusal in held.refusals] == ["stay.unchecked_today"]
        services.check_in(NewCheck(stay.pk, 36.4), place.coordinator)
        assert [row.pk for row in selectors.release_list(place.coordinator).today] == [stay.pk]
        stay = services.release(stay.pk, place.coordinator)
    assert (stay.status, stay.reason, stay.next_due_at, stay.room_id) == ("released", "completed", None, None)
    (home,) = waiting(stay)
    assert (home.kind, home.path) == ("receive_home", place.wuma.path)
    assert waiting(room, "disinfect_room")
    assert not selectors.unsound()
    with pytest.raises(Refused) as no, clock.at(at("2020-02-10")):
        services.check_in(NewCheck(stay.pk, 36.4), place.coordinator)
    assert codes(no) == ["stay.ended_already"]


def test_a_suspected_case_is_released_only_after_it_is_excluded(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    with clock.at(at("2020-02-01", "08:00")):
        found = services.check_in(NewCheck(stay.pk, 38.0), place.coordinator)
    with clock.at(at("2020-02-10", "08:00")):
        services.check_in(NewCheck(stay.pk, 36.5), place.coordinator)
        with pytest.raises(Refused) as no:
            services.release(stay.pk, place.coordinator)
        assert codes(no) == ["stay.suspected_case_open"]
        from lianfang.surveillance import services as surveillance

        labs = [{"test": "pcr", "result": "negative", "sampled_on": day} for day in ("2020-02-03", "2020-02-05")]
        surveillance.observe(found.case.pk, "lab_result", {"labs": labs}, place.tracer)
        assert services.release(stay.pk, place.coordinator).status == "released"


def test_fever_on_the_last_day_holds_somebody_back(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    with clock.at(at("2020-02-09", "08:00")):
        services.check_in(NewCheck(stay.pk, 36.9, symptoms=("cough",)), place.coordinator)
        (held,) = selectors.release_list(place.coordinator).held_back
        assert "stay.suspected_case_open" in [refusal.code for refusal in held.refusals]
        assert all("stay." not in str(refusal) for refusal in held.refusals)


def test_an_early_end_needs_an_allowed_reason_and_what_it_rests_on(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    for reason, code in [
        ("tired_of_it", "stay.reason_not_allowed"),
        ("completed", "stay.reason_not_allowed"),
        ("became_case", "stay.no_case"),
        ("moved_accepted", "stay.not_accepted_elsewhere"),
    ]:
        with pytest.raises(Refused) as no:
            services.end_early(stay.pk, reason, place.coordinator)
        assert codes(no) == [code]
    services.hand_over(stay.pk, place.world.area("330303"), place.coordinator)
    (order,) = waiting(stay, "take_over_stay")
    assert order.path == place.world.area("330303").path
    from lianfang.workorders.services import move

    move(order.pk, "accept", place.account("longwan", "epidemiologist", area=place.world.area("330303")))
    stay = services.end_early(stay.pk, "moved_accepted", place.coordinator, words="龙湾区已接收")
    assert (stay.status, stay.reason) == ("ended", "moved_accepted")
    assert set(definitions.vocabulary("stay_end_reasons")) >= {"died", "legally_ended", "transferred_to_hospital"}


def test_somebody_lost_is_looked_for_and_found_again(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    with clock.at(at("2020-01-29")):
        stay = services.enter(NewEntry(stay.pk, "lost"), place.coordinator)
        assert (stay.status, stay.next_due_at) == ("lost", None)
        assert [order.kind for order in waiting(stay)] == ["find_lost_person"]
    with clock.at(at("2020-01-30")):
        stay = services.enter(NewEntry(stay.pk, "found"), place.coordinator)
    assert stay.status == "observed"
    assert not waiting(stay, "find_lost_person")


def test_a_need_is_routed_answered_and_closed_and_stays_open_when_shifts_change(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    food = services.ask(NewNeed("food", "孩子要奶粉", stay.pk), place.coordinator)
    family = services.ask(NewNeed("family", "老母亲独自在家", stay.pk), place.coordinator)
    (at_site,), (at_home,) = waiting(food), waiting(family)
    assert (at_site.kind, at_site.organisation_id) == ("bring_food", place.organisation.pk)
    assert (at_home.kind, at_home.organisation_id, at_home.path) == ("help_family", None, place.wuma.path)
    night_shift = place.account("night", "site_coordinator", organisation=place.organisation)
    services.answer(food.pk, "已联系超市", place.coordinator)
    assert [(shown.need.pk, shown.status) for shown in selectors.shown_needs(selectors.open_needs(night_shift))] == [
        (food.pk, "answered"), (family.pk, "open"),
    ]  # fmt: skip
    services.answer(food.pk, "奶粉已送到", night_shift, closes=True)
    assert [need.pk for need in selectors.open_needs(night_shift)] == [family.pk]
    assert not waiting(food)
    services.answer(family.pk, "网格员每天上门", place.grid, closes=True)
    assert not selectors.open_needs(night_shift)
    with pytest.raises(Refused) as no:
        services.ask(NewNeed("a holiday", "", stay.pk), place.coordinator)
    assert codes(no) == ["need.unknown_kind"]
    assert Need.objects.count() == 2


def test_what_waits_for_a_guest_goes_along_when_the_guest_is_moved(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    food, family = (services.ask(NewNeed(kind, "", stay.pk), place.coordinator) for kind in ("food", "family"))
    (order,) = waiting(food)
    move_order(order.pk, "accept", place.coordinator)
    run_by = Organisation.objects.create(name="第二隔离点", kind="other", area=place.lucheng, path=place.lucheng.path)
    said = {"name": "望江酒店", "kind": "isolation", "area": place.lucheng, "organisation": run_by}
    other = places.write_site(said, SYSTEM)
    with clock.at(at("2020-01-28", "10:30")):
        chase_missed()
    moved = NewEntry(stay.pk, "move", site_id=other.pk)
    with clock.at(at("2020-01-28", "12:00")):
        services.enter(moved, place.tracer)
        for kind, subject in (("bring_food", food), ("call_missed_checkin", stay)):
            (now,) = waiting(subject, kind)
            assert (now.organisation_id, now.status, now.assignee_id) == (run_by.pk, "open", None)
        assert WorkOrder.objects.get(pk=order.pk).due_at == order.due_at
        (at_home,) = waiting(family)
        assert (at_home.organisation_id, at_home.path) == (None, place.wuma.path)
        assert Event.objects.filter(kind="order.rerouted").count() == 2
        there = place.account("there", "site_coordinator", organisation=run_by)
        services.answer(food.pk, "已送到", there, closes=True)
        taken_back = NewEntry(stay.pk, "move", corrects=moved.id, retracted=True)
        services.enter(taken_back, place.tracer)
        (now,) = waiting(stay, "call_missed_checkin")
        assert now.organisation_id == place.organisation.pk


def test_each_sees_and_writes_only_where_the_post_is(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 26)))
    elsewhere = place.world.actor("xihu")
    for attempt in (
        lambda: selectors.stay(elsewhere, stay.pk),
        lambda: services.check_in(NewCheck(stay.pk, 36.5), elsewhere),
        lambda: services.release(stay.pk, elsewhere),
        lambda: services.make_link(stay.pk, elsewhere),
        lambda: services.check_in(NewCheck(stay.pk, 36.5), place.world.actor("doctor")),
        lambda: services.end_early(stay.pk, "died", place.grid),
    ):
        with pytest.raises(Refused):
            attempt()
    assert selectors.stay(place.grid, stay.pk).pk == stay.pk  # the person lives in the grid worker's township
    with pytest.raises(Refused):
        services.check_in(NewCheck(stay.pk, 36.5), place.grid)  # but is not there now
    with transaction.atomic():
        assert selectors.identity(place.coordinator, stay)["name"] == "李小明"
        assert selectors.identity(place.account("boss", "supervisor", area=place.lucheng), stay) is None
    assert Event.objects.filter(kind="stay.viewed", subject_id=stay.pk).count() == 1
    assert Event.objects.filter(kind="stay.opened", subject_id=stay.pk).count() == 1


def test_what_was_known_on_each_evening_is_counted_by_area(place):
    stay = arrive(place, place.stay(last_on=date(2020, 1, 20)))
    awaited = place.stay(place.person("王芳"), last_on=date(2020, 1, 26))
    with clock.at(at("2020-02-03", "08:00")):
        services.check_in(NewCheck(stay.pk, 36.5), place.coordinator)
        services.release(stay.pk, place.coordinator)
    with clock.at(at("2020-02-04", "08:00")):
        services.enter(NewEntry(awaited.pk, "lost"), place.tracer)
        evenings = {day: selectors.by_area(place.tracer, [place.lucheng], "covid19", date(2020, 2, day))["330302"] for day in (2, 3)}  # fmt: skip
        now = selectors.tracked(place.tracer, place.lucheng, "covid19")
    assert (evenings[2]["observed"], evenings[2]["awaited"], evenings[2]["released"]) == (1, 1, 0)
    assert (evenings[3]["observed"], evenings[3]["awaited"], evenings[3]["released"]) == (0, 1, 1)
    assert now.by_status == {"awaited": 0, "observed": 0, "lost": 1, "released": 1, "ended": 0}
    assert now.adds_up
    assert now.tracked == 2
    assert StayVersion.objects.filter(superseded_at=None).count() == 2


def test_a_disease_without_observation_has_no_stays(place):
    with pytest.raises(Refused) as no:
        services.open_stay(services.NewStay(place.person().pk, "cholera", "contact", place.wuma), place.tracer)
    assert codes(no) == ["stay.no_observation"]
