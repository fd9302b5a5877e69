"""Contacts, exposures, calls and hand-overs through their services."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from django_tasks_db.models import DBTaskResult

from lianfang.kernel import clock, ids
from lianfang.kernel.events import deliver
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry import services as registry
from lianfang.registry.models import Person, PersonKey, PossibleDuplicate
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.tracing import selectors, services
from lianfang.tracing.models import Contact, Exposure, HandOver, TransmissionLink
from lianfang.tracing.services import CallTold, ExposureTold, NewContact
from lianfang.workorders.models import WorkOrder


def somebody(world, case, name="李建国", area="330302", first=date(2020, 1, 25), last=date(2020, 1, 26), **about):
    person = {key: about.pop(key) for key in ("id_number", "phone", "birth_date") if key in about}
    choice = {key: about.pop(key) for key in ("same_person_as", "id", "a_new_person") if key in about}
    exposure = ExposureTold(case.pk, **{"kind": "meal", "first_on": first, "last_on": last, **about})
    details = PersonDetails(name=name, area=world.area(area), **person)
    return NewContact(details, exposure, world.area(area), **choice)


def kinds_of(subject_id):
    return list(Event.objects.filter(subject_id=subject_id).order_by("id").values_list("kind", flat=True))


def orders(subject_id):
    rows = WorkOrder.objects.filter(subject_id=subject_id).order_by("kind", "raised_at")
    return [(order.kind, order.status, order.path) for order in rows]


def react():
    """Deliver what waits, as the job worker does."""
    for job in DBTaskResult.objects.filter(status="READY").order_by("enqueued_at"):
        if job.task_path.endswith("events.deliver"):
            deliver.func(*job.args_kwargs["args"])
    DBTaskResult.objects.all().delete()


def test_a_contact_is_followed_where_it_lives_and_is_to_be_called_within_the_limit(world, notify, january):
    case = notify()
    added = services.add_contact(somebody(world, case), world.actor("lucheng"))
    contact = Contact.objects.get()
    assert (contact.path, added.known_before, added.exposure.category) == (world.area("330302").path, False, "close")
    assert orders(contact.pk) == [("follow_contact", "open", contact.path)]
    order = WorkOrder.objects.get(subject_id=contact.pk)
    assert order.due_at - order.raised_at == timedelta(hours=24)
    assert kinds_of(contact.pk) == ["contact.added", "exposure.recorded"]
    assert selectors.standings([contact])[contact.pk].code == "new"


@pytest.mark.parametrize(
    ("moment", "edition", "last", "category"),
    [
        ("january", "2", date(2020, 1, 24), "close"),  # the day of onset
        ("january", "2", date(2020, 1, 23), ""),  # edition 2 counts from onset
        ("march", "5", date(2020, 1, 22), "close"),  # edition 5 from two days before
        ("march", "5", date(2020, 1, 21), ""),
    ],
)
def test_which_days_count_is_the_edition_of_the_day(world, notify, request, moment, edition, last, category):
    request.getfixturevalue(moment)
    case = notify(onset_on=date(2020, 1, 24))
    exposure = services.add_contact(
        somebody(world, case, first=last - timedelta(days=1), last=last), world.actor("lucheng")
    ).exposure
    assert (exposure.edition, exposure.category, exposure.judged) == (edition, category, False)


def test_what_the_investigator_judges_stands_as_judged(world, notify, january):
    told = somebody(world, notify(), first=date(2020, 1, 20), last=date(2020, 1, 20), category="close")
    exposure = services.add_contact(told, world.actor("lucheng")).exposure
    assert (exposure.category, exposure.judged) == ("close", True)


def test_one_person_is_one_contact_of_many_cases(world, notify, january):
    first, second = notify(), notify("赵大海")
    me = world.actor("lucheng")
    one = services.add_contact(somebody(world, first, id_number="330302198001011239", phone="13800000001"), me)
    two = services.add_contact(somebody(world, second, id_number="330302198001011239", phone="13800000001"), me)
    assert two.known_before
    assert two.contact.pk == one.contact.pk
    assert Contact.objects.count() == 1
    assert {entry.case_id for entry in selectors.exposures_of([one.contact.pk])[one.contact.pk]} == {
        first.pk,
        second.pk,
    }
    assert Person.objects.filter(contacts__isnull=False).count() == 1
    assert len(orders(one.contact.pk)) == 1, "called once, however many cases there are"


def test_twice_in_one_list_is_one_contact_with_two_exposures(world, notify, january):
    case, me = notify(), world.actor("lucheng")
    same = {"id_number": "330302198001011239"}
    added = services.add_contacts([somebody(world, case, **same), somebody(world, case, kind="vehicle", **same)], me)
    assert added[0].contact.pk == added[1].contact.pk
    assert (Contact.objects.count(), Exposure.objects.count()) == (1, 2)


def test_somebody_who_is_only_likely_the_same_is_laid_before_a_person_to_decide(world, notify, january):
    case, me = notify(), world.actor("lucheng")
    services.add_contact(somebody(world, case), me)
    services.add_contact(somebody(world, case), me)
    assert Contact.objects.count() == 2
    pair = PossibleDuplicate.objects.get()
    registry.merge(pair.person_id, pair.other_id, me)
    contacts = list(Contact.objects.all())
    for contact in contacts:
        assert len(selectors.exposures_of([contact.pk])[contact.pk]) == 2, "merged, both know of both"
    counted = selectors.counted(me, world.area("330302").path)
    assert counted == {"new": 1}, "people are counted, not records"


def test_whoever_enters_may_choose_who_it_is_and_may_say_it_is_somebody_new(world, notify, january):
    case, me = notify(), world.actor("lucheng")
    first = services.add_contact(somebody(world, case, phone="13800000001"), me)
    chosen = services.add_contact(
        somebody(world, case, name="李建", phone="13800000002", same_person_as=first.contact.person_id), me
    )
    assert chosen.contact.pk == first.contact.pk
    assert PersonKey.objects.filter(kind="phone").count() == 2, "what was said this time is kept"
    number = {"id_number": "330302198001011239"}
    services.add_contact(somebody(world, case, name="王芳", **number), me)
    new = services.add_contact(somebody(world, case, name="王芳", a_new_person=True, **number), me)
    assert not new.known_before


def test_nobody_is_chosen_whom_the_actor_may_not_see(world, notify, january):
    here, there = notify(), notify("周小梅", area="330106", by="xihu")
    hidden = services.add_contact(somebody(world, there, area="330106"), world.actor("xihu"))
    with pytest.raises(Refused):
        services.add_contact(
            somebody(world, here, name="另一人", same_person_as=hidden.contact.person_id), world.actor("lucheng")
        )
    assert Contact.objects.count() == 1


def test_sending_again_is_success_and_other_content_a_conflict(world, notify, january):
    me = world.actor("lucheng")
    told = somebody(world, notify())
    services.add_contact(told, me)
    assert services.add_contact(told, me).contact.pk == told.id
    assert (Contact.objects.count(), Exposure.objects.count()) == (1, 1)
    other = NewContact(told.person, ExposureTold(told.exposure.case_id, kind="visit", id=told.exposure.id), told.area)
    with pytest.raises(Refused) as no:
        services.add_contact(other, me)
    assert no.value.refusals[0].code == "kernel.id_conflict"


def test_a_list_is_written_whole_or_not_at_all_and_every_reason_is_told(world, notify, january):
    case, me = notify(), world.actor("lucheng")
    entries = [
        somebody(world, case),
        somebody(world, case, name="", last=date(2020, 2, 1)),
        somebody(world, case, kind="telepathy", relation="twin", distance=-1.0, category="far"),
    ]
    told = [[refusal.code for refusal in found] for found in services.refusals(entries, me)]
    assert told == [
        [],
        ["exposure.future_day", "contact.nobody"],
        [
            "exposure.unknown_kind",
            "exposure.unknown_relation",
            "exposure.unknown_category",
            "exposure.impossible_distance",
        ],
    ]
    with pytest.raises(Refused):
        services.add_contacts(entries, me)
    assert Contact.objects.count() == 0


def test_corrections_append_and_every_evening_shows_what_was_known(world, notify, january):
    case, me = notify(), world.actor("lucheng")
    exposure = services.add_contact(somebody(world, case), me).exposure
    with clock.at(january + timedelta(days=1)):
        told = ExposureTold(case.pk, kind="meal", first_on=date(2020, 1, 25), last_on=date(2020, 1, 27))
        second = services.correct_exposure(exposure.pk, told, me)
    with clock.at(january + timedelta(days=2)):
        services.retract_exposure(second.pk, me)

    def last_days(moment):
        return [entry.last_on for entry in selectors.exposures_of([exposure.contact_id], moment)[exposure.contact_id]]

    assert last_days(january) == [date(2020, 1, 26)]
    assert last_days(january + timedelta(days=1, hours=1)) == [date(2020, 1, 27)]
    assert last_days(None) == []
    contact = exposure.contact
    assert selectors.standings([contact])[contact.pk].code == "none"
    assert selectors.standings([contact], january)[contact.pk].code == "new"
    assert Exposure.objects.count() == 3
    with pytest.raises(Refused, match="already corrected|已被订正"):
        services.correct_exposure(exposure.pk, told, me)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Exposure.objects.update(kind="forged")


def test_calls_keep_the_contact_on_the_list_until_somebody_answers(world, notify, january):
    me = world.actor("lucheng")
    contact = services.add_contact(somebody(world, notify()), me).contact
    for hour in range(3):
        with clock.at(january + timedelta(hours=hour)):
            services.record_call(contact.pk, CallTold("not_reached"), me)
    line = selectors.call_list(me)[0]
    assert (line.standing.code, line.standing.attempts, line.standing.needs_visit) == ("tried", 3, True)
    assert {kind for kind, status, _ in orders(contact.pk) if status == "open"} == {"follow_contact", "visit_contact"}
    with clock.at(january + timedelta(hours=4)):
        services.record_call(contact.pk, CallTold("reached", temperature=Decimal("36.5")), me)
    assert selectors.call_list(me) == []
    assert {status for _, status, _ in orders(contact.pk)} == {"done"}
    standing = selectors.standings([contact])[contact.pk]
    assert (standing.code, standing.attempts) == ("reached", 0)


def test_a_day_to_call_again_brings_the_contact_back_on_that_day(world, notify, january):
    me = world.actor("lucheng")
    contact = services.add_contact(somebody(world, notify()), me).contact
    services.record_call(contact.pk, CallTold("reached", call_again_on=date(2020, 1, 29)), me)
    assert selectors.call_list(me) == []
    assert [line.contact for line in selectors.call_list(me, day=date(2020, 1, 29))] == [contact]


def test_a_refusal_leads_to_a_visit(world, notify, january):
    me = world.actor("lucheng")
    contact = services.add_contact(somebody(world, notify()), me).contact
    services.record_call(contact.pk, CallTold("refused", note="不配合"), me)
    assert [kind for kind, status, _ in orders(contact.pk) if status == "open"] == ["visit_contact"]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"outcome": "shouted_at"}, "call.unknown_outcome"),
        ({"outcome": "reached", "temperature": Decimal("57.0")}, "call.impossible_temperature"),
        ({"outcome": "reached", "symptoms": ["gloom"]}, "call.unknown_symptom"),
        ({"outcome": "reached", "call_again_on": date(2020, 1, 20)}, "call.again_in_the_past"),
    ],
)
def test_a_call_that_cannot_be_is_refused(world, notify, january, told, code):
    me = world.actor("lucheng")
    contact = services.add_contact(somebody(world, notify()), me).contact
    with pytest.raises(Refused) as no:
        services.record_call(contact.pk, CallTold(**told), me)
    assert no.value.refusals[0].code == code


# --- hand-overs ---------------------------------------------------------------------------------------------------


def test_until_it_is_accepted_the_giver_stays_responsible(world, notify, january):
    lucheng, xihu = world.actor("lucheng"), world.actor("xihu")
    contact = services.add_contact(somebody(world, notify()), lucheng).contact
    offer = services.hand_over(contact.pk, world.area("330106"), "回西湖区家中", lucheng)
    assert [line.contact for line in selectors.call_list(lucheng)] == [contact]
    assert selectors.call_list(xihu) == []
    assert list(Contact.objects.visible_to(xihu)) == [contact], "the asked area reads whom it is asked to take"
    with pytest.raises(Refused):
        services.record_call(contact.pk, CallTold("reached"), xihu)
    services.answer(offer.pk, "accept", xihu)
    contact.refresh_from_db()
    assert (contact.path, contact.offered_path) == (world.area("330106").path, "")
    assert selectors.call_list(lucheng) == []
    assert [line.contact for line in selectors.call_list(xihu)] == [contact]
    assert selectors.areas_at([contact], january - timedelta(seconds=1))[contact.pk].code == "330302"
    assert selectors.contact(lucheng, contact.pk).pk == contact.pk, "whoever traced it still sees it, masked"
    with transaction.atomic():
        assert selectors.identity(lucheng, contact) is None
    with pytest.raises(Refused):
        services.record_call(contact.pk, CallTold("reached"), lucheng)
    assert ("take_in", "done", world.area("330106").path) in orders(contact.pk)


def test_sending_back_needs_a_reason_and_leaves_the_contact_where_it_was(world, notify, january):
    lucheng, xihu = world.actor("lucheng"), world.actor("xihu")
    contact = services.add_contact(somebody(world, notify()), lucheng).contact
    offer = services.hand_over(contact.pk, world.area("330106"), "据称已回杭州", lucheng)
    with pytest.raises(Refused, match="Say why|请说明"):
        services.answer(offer.pk, "send_back", xihu)
    services.answer(offer.pk, "send_back", xihu, note="查无此人")
    contact.refresh_from_db()
    assert (contact.path, contact.offered_path) == (world.area("330302").path, "")
    assert not Contact.objects.visible_to(xihu).exists()
    with pytest.raises(Refused):
        services.answer(offer.pk, "accept", xihu)
    assert HandOver.objects.get().answer == "查无此人"


def test_one_offer_at_a_time_and_only_the_giver_withdraws_it(world, notify, january):
    lucheng, xihu = world.actor("lucheng"), world.actor("xihu")
    contact = services.add_contact(somebody(world, notify()), lucheng).contact
    offer = services.hand_over(contact.pk, world.area("330106"), "迁居", lucheng)
    with pytest.raises(Refused, match="already|已"):
        services.hand_over(contact.pk, world.area("330303"), "迁居", lucheng)
    with pytest.raises(Refused):
        services.answer(offer.pk, "withdraw", xihu)
    with pytest.raises(Refused):
        services.answer(offer.pk, "accept", lucheng)
    services.answer(offer.pk, "withdraw", lucheng)
    assert ("take_in", "cancelled", world.area("330106").path) in orders(contact.pk)


def test_whoever_lives_elsewhere_is_offered_there_at_once(world, notify, january):
    contact = services.add_contact(somebody(world, notify(), area="330106"), world.actor("lucheng")).contact
    assert contact.path == world.area("330302").path
    assert [offer.contact for offer in selectors.offers(world.actor("xihu"))["to_us"]] == [contact]
    assert [offer.contact for offer in selectors.offers(world.actor("lucheng"))["from_us"]] == [contact]


# --- the investigation opens by itself ------------------------------------------------------------------------------


def test_a_case_of_a_traced_class_opens_its_tracing_once(world, notify, january):
    case = notify()
    react()
    assert ("trace_contacts", "open", world.area("330302").path) in orders(case.pk)
    services.open_tracing(case.pk)
    assert [kind for kind, _, _ in orders(case.pk)].count("trace_contacts") == 1
    services.complete_tracing(case.pk, world.actor("lucheng"))
    with pytest.raises(Refused):
        services.complete_tracing(case.pk, world.actor("lucheng"))


def test_an_unclassified_case_opens_tracing_when_it_is_confirmed(world, notify, january):
    case = notify(declared=None)
    react()
    assert "trace_contacts" not in [kind for kind, _, _ in orders(case.pk)]
    surveillance.observe(case.pk, "statement", {"declared": "confirmed"}, world.actor("lucheng"))
    react()
    assert "trace_contacts" in [kind for kind, _, _ in orders(case.pk)]


def test_what_an_import_brings_from_the_past_opens_nothing(world, january):
    case = surveillance.notify(
        surveillance.Notification(
            disease="covid19",
            area=world.area("330302"),
            evidence=surveillance.read_evidence({"declared": "confirmed"}),
            person=PersonDetails(name="旧案", area=world.area("330302")),
            starts_clocks=False,
        ),
        world.actor("lucheng"),
    )
    react()
    assert orders(case.pk) == []


def test_a_contact_that_falls_ill_is_both_and_its_infector_is_proposed(world, notify, january):
    first, me = notify(), world.actor("lucheng")
    contact = services.add_contact(somebody(world, first, id_number="330302198001011239"), me).contact
    with clock.at(january + timedelta(days=6)):
        details = PersonDetails(name="李建国", id_number="330302198001011239", area=world.area("330302"))
        second = surveillance.notify(
            surveillance.Notification(
                disease="covid19",
                area=world.area("330302"),
                evidence=surveillance.read_evidence({"declared": "suspected", "onset_on": "2020-02-02"}),
                person=details,
                same_person_as=contact.person_id,
            ),
            me,
        )
        react()
        react()
        services.note_case(second.pk)
    link = TransmissionLink.objects.get()
    assert (link.infector_id, link.infectee_id, link.certainty) == (first.pk, second.pk, "proposed")
    assert kinds_of(contact.pk).count("contact.became_case") == 1
    assert selectors.standings([contact])[contact.pk].code == "case"
    assert selectors.standings([contact], january)[contact.pk].code == "new"
    assert selectors.call_list(me) == []
    forward = selectors.forward(me, surveillance_version(first))
    assert [told.version.case_id for told in forward] == [second.pk]
    assert forward[0].link == link
    assert len(forward[0].exposures) == 1
    assert [told.version.case_id for told in selectors.backward(me, surveillance_version(second))] == [first.pk]
    stated = services.state_link(first.pk, second.pk, "probable", me, relation="同事")
    assert stated.certainty == "probable"
    assert list(selectors.links(me)) == [stated]
    services.state_link(first.pk, second.pk, "excluded", me)
    assert list(selectors.links(me)) == []
    assert selectors.links(me, excluded=True).count() == 1
    services.note_case(second.pk)
    assert TransmissionLink.objects.filter(retracted_at=None).count() == 1, "what was ruled out is not proposed again"


def surveillance_version(case):
    return case.versions.select_related("case__person").get(superseded_at=None)


def test_a_case_that_was_excluded_is_a_contact_to_be_called_again(world, notify, january):
    first, me = notify(), world.actor("lucheng")
    contact = services.add_contact(somebody(world, first), me).contact
    second = surveillance.notify(
        surveillance.Notification(
            disease="covid19",
            area=world.area("330302"),
            evidence=surveillance.read_evidence({"declared": "suspected"}),
            person=PersonDetails(name="李建国", area=world.area("330302")),
            same_person_as=contact.person_id,
        ),
        me,
    )
    react()
    react()
    assert selectors.call_list(me) == []
    negative = {"test": "pcr", "result": "negative"}
    labs = [{**negative, "sampled_on": f"2020-01-{day}", "resulted_on": f"2020-01-{day}"} for day in (24, 26)]
    surveillance.observe(second.pk, "lab_result", {"labs": labs}, me)
    react()
    assert surveillance_version(second).classification == "excluded"
    assert selectors.standings([contact])[contact.pk].code == "new"
    assert [line.contact for line in selectors.call_list(me)] == [contact]


# --- who may see what ------------------------------------------------------------------------------------------------


def test_contacts_of_another_county_do_not_exist_for_this_one(world, notify, january):
    case = notify()
    exposure = services.add_contact(somebody(world, case), world.actor("lucheng")).exposure
    xihu = world.actor("xihu")
    for attempt in (
        lambda: selectors.contact(xihu, exposure.contact_id),
        lambda: services.add_contact(somebody(world, case), xihu),
        lambda: services.record_call(exposure.contact_id, CallTold("reached"), xihu),
        lambda: services.correct_exposure(exposure.pk, ExposureTold(case.pk), xihu),
        lambda: services.retract_exposure(exposure.pk, xihu),
        lambda: services.hand_over(exposure.contact_id, world.area("330106"), "x", xihu),
        lambda: services.complete_tracing(case.pk, xihu),
        lambda: services.add_exposure(exposure.contact_id, ExposureTold(case.pk), xihu),
        lambda: services.answer(ids.new_id(), "accept", xihu),
        lambda: selectors.contact(xihu, UUID(int=1)),
    ):
        with pytest.raises(Refused) as no:
            attempt()
        assert no.value.refusals[0].code == "kernel.not_found"
    assert selectors.contacts_of_case(xihu, case.pk) == []
    assert not Exposure.objects.visible_to(xihu).exists()


def test_an_exposure_belongs_to_a_case_of_the_same_disease_that_the_actor_may_trace(world, notify, january):
    mine, theirs = notify(), notify("周小梅", area="330106", by="xihu")
    me = world.actor("lucheng")
    contact = services.add_contact(somebody(world, mine), me).contact
    with pytest.raises(Refused):
        services.add_exposure(contact.pk, ExposureTold(theirs.pk, kind="meal"), me)
