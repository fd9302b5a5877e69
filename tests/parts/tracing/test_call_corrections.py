"""Calls corrected and taken back: appended with a reason, and the orders follow what stands."""

import json
from datetime import date, timedelta

import pytest
from django.urls import reverse

from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry.services import PersonDetails
from lianfang.tracing import selectors, services
from lianfang.tracing.models import ContactCall
from lianfang.tracing.services import CallTold, ExposureTold, NewContact
from lianfang.workorders.models import WorkOrder


@pytest.fixture
def contact(world, notify, january):
    told = ExposureTold(notify().pk, kind="meal", first_on=date(2020, 1, 25), last_on=date(2020, 1, 26))
    details = PersonDetails(name="李建国", phone="13800000001", area=world.area("330302"))
    return services.add_contact(NewContact(details, told, world.area("330302")), world.actor("lucheng")).contact


@pytest.fixture
def called(world, contact):
    """Record calls, an hour apart: called("reached", …) gives the last one."""

    def record(*outcomes, **about):
        made = None
        for outcome in outcomes:
            made = services.record_call(contact.pk, CallTold(outcome, **about), world.actor("lucheng"))
        return made

    return record


def open_orders(contact):
    return sorted(WorkOrder.objects.filter(subject_id=contact.pk, closed_at=None).values_list("kind", flat=True))


def state_of(contact):
    return selectors.standings([contact])[contact.pk].code


@pytest.mark.parametrize(
    ("first", "then", "standing", "orders"),
    [
        ("reached", "not_reached", "tried", ["follow_contact"]),
        ("not_reached", "reached", "reached", []),
        ("refused", "reached", "reached", []),
        ("refused", "not_reached", "tried", ["follow_contact"]),
        ("reached", "refused", "refused", ["visit_contact"]),
        ("wrong_number", "not_reached", "tried", ["follow_contact"]),
        ("moved", "wrong_number", "tried", ["follow_contact", "visit_contact"]),
        ("reached", None, "new", ["follow_contact"]),  # taken back
        ("refused", None, "new", ["follow_contact"]),
    ],
)
def test_orders_follow_what_a_call_really_was(world, contact, called, first, then, standing, orders):
    before = called(first)
    me = world.actor("lucheng")
    if then is None:
        services.retract_call(before.pk, "打错人了", me)
    else:
        services.record_call(contact.pk, CallTold(then, reason="点错了"), me, corrects=before.pk)
    assert (state_of(contact), open_orders(contact)) == (standing, orders)
    assert ContactCall.objects.count() == 2, "both stay on record"


def test_a_day_to_call_again_that_was_wrong_is_not_called_on(world, contact, called):
    before = called("reached", call_again_on=clock.today() + timedelta(days=3))
    services.record_call(contact.pk, CallTold("reached", reason="改日期"), world.actor("lucheng"), corrects=before.pk)
    assert open_orders(contact) == []


def test_an_older_call_corrected_leaves_what_was_asked_for_since(world, contact, called):
    old = called("not_reached", called_at=clock.now() - timedelta(hours=3))
    called("reached", call_again_on=clock.today() + timedelta(days=2))
    assert open_orders(contact) == ["follow_contact"]
    services.record_call(contact.pk, CallTold("reached", reason="其实打通了"), world.actor("lucheng"), corrects=old.pk)
    assert open_orders(contact) == ["follow_contact"]
    assert ContactCall.objects.get(corrects=old).called_at == old.called_at, "the hour is kept unless it was wrong"


def test_a_correction_needs_its_reason_and_is_made_once(world, contact, called):
    me, before = world.actor("lucheng"), called("reached")
    for told in (CallTold("refused"), CallTold("refused", reason="  ")):
        with pytest.raises(Refused) as no:
            services.record_call(contact.pk, told, me, corrects=before.pk)
        assert no.value.refusals[0].code == "call.reason_missing"
    with pytest.raises(Refused):
        services.retract_call(before.pk, "", me)
    told = CallTold("refused", reason="点错了")
    one = services.record_call(contact.pk, told, me, corrects=before.pk)
    assert services.record_call(contact.pk, told, me, corrects=before.pk) == one, "sent again"
    for again in (lambda: services.record_call(contact.pk, CallTold("reached", reason="x"), me, corrects=before.pk),
                  lambda: services.retract_call(before.pk, "x", me)):  # fmt: skip
        with pytest.raises(Refused) as no:
            again()
        assert no.value.refusals[0].code == "call.corrected_before"
    kinds = Event.objects.filter(subject_id=contact.pk, kind__startswith="contact.call").order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == ["contact.called", "contact.call_corrected"]


def test_calls_are_corrected_and_taken_back_on_the_page(client, world, contact, called):
    client.force_login(world.users["lucheng"])
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    before, url = called("reached"), reverse("contact-call", args=[contact.pk])
    page = client.get(reverse("contact", args=[contact.pk]) + f"?correct_call={before.pk}")
    assert "Why the earlier entry was wrong" in page.content.decode()
    sent = {"id": ids.new_id(), "outcome": "not_reached", "corrects": before.pk}
    answer = client.post(url, sent)
    assert answer.status_code == 422
    assert "Say why the earlier entry was wrong." in answer.content.decode()
    assert client.post(url, {**sent, "reason": "点错了"}).status_code == 302
    page = client.get(reverse("contact", args=[contact.pk])).content.decode()
    assert "correction" in page
    assert "点错了" in page
    standing = ContactCall.objects.get(corrects=before)
    taken = {**sent, "id": ids.new_id(), "corrects": standing.pk, "reason": "打给了别人", "retract": "1"}
    assert client.post(url, taken).status_code == 302
    page = client.get(reverse("contact", args=[contact.pk])).content.decode()
    assert "打给了别人" in page
    assert client.post(url, {**taken, "id": ids.new_id()}).status_code == 422, "it was taken back already"
    assert state_of(contact) == "new"


def test_calls_are_corrected_over_the_interface(client, world, contact, called):
    client.force_login(world.users["lucheng"])
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    before = called("reached")

    def send(url, body):
        return client.post(url, json.dumps(body), content_type="application/json")

    url, wrong = f"/api/v1/contacts/{contact.pk}/calls", {"outcome": "refused", "corrects": str(before.pk)}
    assert send(url, wrong).status_code == 422
    assert send(url, {**wrong, "reason": "点错了"}).json()["standing"] == "refused"
    [call] = client.get(f"/api/v1/contacts/{contact.pk}").json()["calls"]
    assert call["corrects"] == str(before.pk)
    assert send(f"/api/v1/contacts/calls/{call['id']}/retract", {"reason": "打错人了"}).json()["standing"] == "new"
    client.force_login(world.users["xihu"])
    assert send(f"/api/v1/contacts/calls/{call['id']}/retract", {"reason": "x"}).status_code == 404
