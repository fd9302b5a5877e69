"""The pages of tracing, as a browser sees them, and the interface for machines."""

import json
import re
from datetime import date, datetime, timedelta

import pytest
from django.urls import reverse

from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event
from lianfang.registry.models import Area, Site
from lianfang.registry.services import PersonDetails
from lianfang.tracing import selectors, services
from lianfang.tracing.models import Contact, Exposure, HandOver, Presence, TransmissionLink, Visit
from lianfang.tracing.services import ExposureTold, NewContact, VisitTold

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(notify, january):
    return notify()


@pytest.fixture
def lucheng(client, world):
    client.force_login(world.users["lucheng"])
    return client


@pytest.fixture
def xihu(world):
    from django.test import Client

    client = Client()
    client.force_login(world.users["xihu"])
    return client


@pytest.fixture
def contact(world, case):
    person = PersonDetails(name="李建国", phone="13800000001", area=world.area("330302"))
    told = ExposureTold(case.pk, kind="meal", first_on=date(2020, 1, 25), last_on=date(2020, 1, 25), note="同桌")
    return services.add_contact(NewContact(person, told, world.area("330302")), world.actor("lucheng")).contact


def filled(case, **more):
    return {
        "id": ids.new_id(),
        "contact_id": ids.new_id(),
        "name": "陈静",
        "sex": "F",
        "phone": "13900000009",
        "area": "鹿城区",
        "kind": "household",
        "relation": "family",
        "first_on": "2020-01-25",
        **more,
    }


def test_the_page_of_a_case_shows_its_contacts_masked_and_the_window_of_the_edition(lucheng, case, contact):
    page = lucheng.get(reverse("tracing", args=[case.pk])).content.decode()
    assert contact.number in page
    assert "李**" in page
    assert "李建国" not in page
    assert "2020-01-24" in page, "the window of edition 2 begins on the day of onset"
    assert Event.objects.filter(kind="contact.listed").exists()


def test_one_contact_is_entered_and_opened(lucheng, case):
    answer = lucheng.post(reverse("contact-new", args=[case.pk]), filled(case))
    contact = Contact.objects.get()
    assert answer.url == reverse("contact", args=[contact.pk])
    page = lucheng.get(answer.url).content.decode()
    assert "陈静" in page
    assert Event.objects.filter(kind="contact.viewed", subject_id=contact.pk).exists()


def test_whom_it_may_be_is_asked_before_anything_is_written(lucheng, case, contact):
    sent = filled(case, name="李建国", phone="13800000001")
    answer = lucheng.post(reverse("contact-new", args=[case.pk]), sent)
    assert answer.status_code == 422
    assert Exposure.objects.count() == 1
    [known] = answer.context["likely"]
    lucheng.post(reverse("contact-new", args=[case.pk]), {**sent, "same_person_as": known.person_id, "checked": "on"})
    assert (Contact.objects.count(), Exposure.objects.count()) == (1, 2)


def test_a_pasted_list_is_shown_first_and_then_entered_and_what_is_left_stays_to_be_corrected(lucheng, case):
    text = "姓名\t性别\t电话\t末次接触时间\n张三\t男\t13800000003\t1月26日\n李四\t女\t13800000004\t坏日子\n\t男\t\t"
    sent = {"text": text, "kind": "workplace", "relation": "colleague"}
    page = lucheng.post(reverse("contact-paste", args=[case.pk]), sent)
    assert Contact.objects.count() == 0
    assert (page.context["count"], len(page.context["refused"])) == (1, 2)
    answer = lucheng.post(reverse("contact-paste", args=[case.pk]), {**sent, "enter": "1"})
    assert "李四" in answer.content.decode()
    exposure = Exposure.objects.get()
    assert (exposure.kind, exposure.relation, exposure.last_on) == ("workplace", "colleague", date(2020, 1, 26))
    lucheng.post(reverse("contact-paste", args=[case.pk]), {**sent, "enter": "1"})
    assert (Contact.objects.count(), Exposure.objects.count()) == (1, 1), "sent twice is entered once"


def test_where_somebody_stays_is_read_only_from_names_that_stand_there_in_full(world, lucheng, case):
    Area.objects.create(
        code="410802", name="解放区", level="county", parent=world.area("CN"), path=world.area("CN").path + "410802/"
    )
    lines = ["甲一\t解放街2号", "乙二\t鹿城区五马街道解放街2号", "丙三\t西湖区文三路", "丁四\t火星", "戊五\t浙江省"]
    sent = {"text": "\n".join(["姓名\t现住址", *lines]), "kind": "meal"}
    rows = lucheng.post(reverse("contact-paste", args=[case.pk]), sent).context["rows"]
    assert [each.area.code for each, _words in rows] == ["330302", "330302001", "330106", "330302", "330302"]
    unread, offered = ["roster.place_not_read"], ["roster.offered_there"]
    assert [[doubt.code for doubt in each.doubts] for each, _words in rows] == [unread, [], offered, unread, unread]


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "\x00\x01", "<script>alert(1)</script>\t\n", "姓名\t姓名\t姓名\n" + "甲\t" * 500, "\"unclosed\tquote\nx", "，，，", "\ufeff"],
)  # fmt: skip
def test_whatever_is_pasted_is_answered_in_words(lucheng, case, text):
    sent = {"text": text, "kind": "other"}
    for more in ({}, {"enter": "1"}):
        answer = lucheng.post(reverse("contact-paste", args=[case.pk]), {**sent, **more})
        assert answer.status_code in (200, 302, 422)
        assert "<script>alert" not in answer.content.decode()


def test_a_call_is_recorded_and_its_refusal_shown_at_the_field(lucheng, contact):
    url = reverse("contact-call", args=[contact.pk])
    answer = lucheng.post(url, {"id": ids.new_id(), "outcome": "reached", "call_again_on": "2019-01-01"})
    assert answer.status_code == 422
    assert lucheng.post(url, {"id": ids.new_id(), "outcome": "reached", "temperature": "37.8"}).status_code == 302
    page = lucheng.get(reverse("contact", args=[contact.pk]))
    assert page.context["unwell"]
    assert page.context["notify_form"] is not None


def test_a_feverish_contact_is_notified_through_the_door_of_every_notification(lucheng, world, contact):
    url = reverse("contact-notify", args=[contact.pk])
    sent = {"id": ids.new_id(), "declared": "suspected", "onset_on": "2020-01-27", "symptoms": ["fever"]}
    assert lucheng.post(url, sent).status_code == 302
    [version] = selectors.cases_of([contact])[contact.pk]
    assert version.classification == "suspected"
    assert selectors.standings([contact])[contact.pk].code == "case"


def test_exposures_are_corrected_and_taken_back_on_the_page(lucheng, case, contact):
    exposure = Exposure.objects.get()
    url = reverse("contact-expose", args=[contact.pk])
    sent = {"id": ids.new_id(), "kind": "vehicle", "first_on": "2020-01-26", "last_on": "2020-01-26"}
    assert lucheng.get(reverse("contact", args=[contact.pk]) + f"?correct={exposure.pk}").status_code == 200
    assert lucheng.post(url, {**sent, "corrects": exposure.pk}).status_code == 302
    [standing] = selectors.exposures_of([contact.pk])[contact.pk]
    assert standing.kind == "vehicle"
    assert lucheng.post(url, {"corrects": standing.pk, "retract": "1"}).status_code == 302
    assert selectors.exposures_of([contact.pk])[contact.pk] == []
    assert lucheng.post(url, {**sent, "id": ids.new_id(), "case": case.number}).status_code == 302
    assert lucheng.post(url, {**sent, "id": ids.new_id(), "case": "ZZZZZ-ZZZZZ"}).status_code == 422


def test_a_hand_over_is_asked_answered_and_shown_on_both_sides(lucheng, xihu, world, contact):
    sent = {"area": "西湖区", "reason": "已回杭州"}
    assert lucheng.post(reverse("contact-hand-over", args=[contact.pk]), sent).status_code == 302
    offer = HandOver.objects.get()
    page = xihu.get(reverse("contact-offers")).content.decode()
    assert "李**" in page
    assert contact.number in page
    assert "李建国" in xihu.get(reverse("contact", args=[contact.pk])).content.decode(), "whom they are asked to take"
    answer = reverse("contact-offer-answer", args=[offer.pk])
    assert xihu.post(answer, {"move": "send_back", "note": ""}).status_code == 422
    assert lucheng.post(answer, {"move": "accept"}).status_code == 403
    assert xihu.post(answer, {"move": "accept"}).status_code == 302
    contact.refresh_from_db()
    assert contact.path == world.area("330106").path
    page = lucheng.get(reverse("contact", args=[contact.pk])).content.decode()
    assert "李建国" not in page


def test_visits_are_recorded_corrected_and_compared_with_lists(lucheng, world, case):
    site = Site.objects.create(
        name="MF8315", kind="transport", area=world.area("330302"), path=world.area("330302").path
    )
    hours = {"from_at": "2020-01-25T08:00", "until_at": "2020-01-25T10:00"}
    sent = {"id": ids.new_id(), "site": site.pk, "vehicle": "aircraft", "row": 12, **hours}
    assert lucheng.post(reverse("visit-record", args=[case.pk]), sent).status_code == 302
    listed = {"site": site.pk, "kind": "seats", "title": "MF8315 1月25日", "vehicle": "aircraft", **hours}
    lines = "姓名\t座位\t电话\n赵一\t13A\t13800000011\n钱二\t16C\t13800000012\n孙三\t12F\t13800000013"
    answer = lucheng.post(reverse("presence-new") + f"?case={case.pk}", {**listed, "lines": lines})
    assert answer.url == reverse("contact-found", args=[case.pk])
    page = lucheng.get(answer.url)
    assert len(page.context["found"]) == 3, "edition 2 states no rule on seats: time alone decides"
    with clock.at(datetime.fromisoformat("2020-02-10T10:00+08:00")):
        near = lucheng.get(answer.url).context["found"]
        assert [found.presence.said["name"] for found in near] == ["赵一", "孙三"], "three rows before and after"
        chosen = [found.presence.pk for found in near]
        assert lucheng.post(answer.url, {"line": chosen}).status_code == 302
        assert lucheng.post(answer.url, {"line": chosen}).status_code == 302
    assert Contact.objects.count() == 2
    assert {exposure.kind for exposure in Exposure.objects.all()} == {"vehicle"}
    assert services.forget_presence(clock.now() + timedelta(days=30)) == 1
    assert Presence.objects.count() == 2
    visit = Visit.objects.get()
    assert lucheng.get(reverse("tracing", args=[case.pk]) + f"?correct={visit.pk}").status_code == 200
    retract = reverse("visit-retract", args=[case.pk, visit.pk])
    assert lucheng.post(retract).status_code == 302
    assert selectors.visits_of(case.pk) == []


def test_two_cases_at_one_place_are_shown_to_each_other_and_linked(lucheng, world, notify, case):
    other = notify("赵大海", onset_on=date(2020, 1, 26))
    site = Site.objects.create(name="麻将馆", kind="public", area=world.area("330302"), path=world.area("330302").path)
    me = world.actor("lucheng")
    start = datetime.fromisoformat("2020-01-25T14:00+08:00")
    for subject in (case, other):
        services.record_visit(subject.pk, VisitTold(start, start + timedelta(hours=3), site_id=site.pk), me)
    page = lucheng.get(reverse("tracing", args=[other.pk]))
    assert [entry.version.case_id for entry, _words, _exposures in page.context["backward"]] == [case.pk]
    sent = {"way": "backward", "other": case.pk, "certainty": "probable"}
    assert lucheng.post(reverse("link-state", args=[other.pk]), sent).status_code == 302
    link = TransmissionLink.objects.get()
    assert (link.infector_id, link.infectee_id, link.certainty) == (case.pk, other.pk, "probable")
    sent = {"way": "forward", "number": other.number, "certainty": "excluded"}
    assert lucheng.post(reverse("link-state", args=[case.pk]), sent).status_code == 302
    assert lucheng.post(reverse("link-state", args=[case.pk]), {**sent, "certainty": "proposed"}).status_code == 422


def test_lists_search_and_export(lucheng, contact):
    assert contact.number in lucheng.get(reverse("contact-list")).content.decode()
    assert contact.number in lucheng.get(reverse("contact-list") + "?view=all&area=330302").content.decode()
    before = lucheng.get(reverse("contact-list") + "?view=all&as_of=2020-01-20").content.decode()
    assert contact.number not in before
    for text in (contact.number, "李建国", "13800000001"):
        assert lucheng.post(reverse("contact-search"), {"q": text}).url == reverse("contact", args=[contact.pk])
    written = b"".join(lucheng.get(reverse("contact-export")).streaming_content).decode()
    assert str(contact.pk) in written
    assert "李" not in written


@pytest.mark.parametrize("name", ["tracing", "contact-new", "contact-paste", "contact-found"])
def test_pages_of_another_countys_case_are_not_there(xihu, case, contact, name):
    assert xihu.get(reverse(name, args=[case.pk])).status_code == 404


def test_another_county_reaches_nothing_by_address_or_interface(xihu, case, contact):
    exposure = Exposure.objects.get()
    assert xihu.get(reverse("contact", args=[contact.pk])).status_code == 404
    for name in ("contact-call", "contact-expose", "contact-hand-over", "contact-notify"):
        assert xihu.post(reverse(name, args=[contact.pk]), {}).status_code == 404
    for name in ("visit-record", "tracing-done", "link-state"):
        sent = {"way": "backward", "other": ids.new_id(), "certainty": "probable"} if name == "link-state" else {}
        assert xihu.post(reverse(name, args=[case.pk]), sent).status_code == 404
    assert xihu.get(f"/api/v1/contacts/{contact.pk}").status_code == 404
    assert xihu.get("/api/v1/contacts").json()["contacts"] == []
    told = {"case_id": str(case.pk), "kind": "meal"}
    for url, body in (
        ("/api/v1/contacts", {"person": {"name": "x"}, "exposure": told, "area_code": "330302"}),
        (f"/api/v1/contacts/{contact.pk}/exposures", told),
        (f"/api/v1/contacts/{contact.pk}/calls", {"outcome": "reached"}),
        (f"/api/v1/contacts/exposures/{exposure.pk}/retract", {}),
        ("/api/v1/visits", {"case_id": str(case.pk), "place": "x", "from_at": "2020-01-25T08:00+08:00",
                            "until_at": "2020-01-25T09:00+08:00"}),
    ):  # fmt: skip
        assert xihu.post(url, json.dumps(body), content_type="application/json").status_code == 404, url
    assert xihu.get(f"/api/v1/visits?case_id={case.pk}").status_code == 404
    assert Exposure.objects.count() == 1


def test_those_who_may_not_identify_see_masked_names_only(client, world, contact):
    from lianfang.registry.models import Post

    user = world.users["officer"]
    Post.objects.create(user=user, role="supervisor", area=world.area("330300"))
    client.force_login(user)
    for url in (reverse("contact", args=[contact.pk]), reverse("contact-list") + "?view=all"):
        page = client.get(url).content.decode()
        assert "李**" in page
        assert "李建国" not in page
        assert "13800000001" not in page
        assert "同桌" not in page
    assert Event.objects.filter(kind="contact.opened", subject_id=contact.pk).exists()
    told = client.get(f"/api/v1/contacts/{contact.pk}").json()
    assert told["identity"] is None
    assert "李建国" not in json.dumps(told, ensure_ascii=False)


def test_the_interface_enters_corrects_calls_and_reads_as_known(lucheng, world, case):
    pk, exposure_id = str(ids.new_id()), str(ids.new_id())
    body = {
        "id": pk,
        "area_code": "330302",
        "person": {"name": "周强", "phone": "13700000001"},
        "exposure": {"id": exposure_id, "case_id": str(case.pk), "kind": "meal", "last_on": "2020-01-25"},
    }

    def send(url, body):
        return lucheng.post(url, json.dumps(body), content_type="application/json")

    first = send("/api/v1/contacts", body)
    assert first.status_code == 201, first.content
    assert first.json()["id"] == pk
    assert send("/api/v1/contacts", body).status_code == 201
    assert Contact.objects.count() == 1
    assert send(f"/api/v1/contacts/{pk}/calls", {"outcome": "reached", "temperature": 36.5}).status_code == 201
    assert send(f"/api/v1/contacts/{pk}/calls", {"outcome": "reached", "temperature": 99}).status_code == 422
    corrected = {"case_id": str(case.pk), "kind": "vehicle", "last_on": "2020-01-26", "corrects": exposure_id}
    assert send(f"/api/v1/contacts/{pk}/exposures", corrected).status_code == 201
    told = lucheng.get(f"/api/v1/contacts/{pk}").json()
    assert [entry["kind"] for entry in told["exposures"]] == ["vehicle"]
    assert told["standing"] == "reached"
    assert lucheng.get("/api/v1/contacts?area=330302").json()["contacts"][0]["id"] == pk
    visit = {"case_id": str(case.pk), "place": "超市", "from_at": "2020-01-25T08:00:00+08:00",
             "until_at": "2020-01-25T09:00:00+08:00"}  # fmt: skip
    assert send("/api/v1/visits", visit).status_code == 201
    assert send("/api/v1/visits", {**visit, "until_at": "2020-01-24T09:00:00+08:00"}).status_code == 422
    assert [entry["place"] for entry in lucheng.get(f"/api/v1/visits?case_id={case.pk}").json()] == ["超市"]


def test_the_list_narrows_to_an_area_as_it_was_offered(lucheng, contact):
    page = lucheng.get(reverse("contact-list"), {"view": "all", "area": "330302 鹿城区"})
    assert page.status_code == 200
    assert contact.number in page.content.decode()
    assert lucheng.get(reverse("contact-list"), {"area": "没有的县"}).status_code == 422


def test_a_label_of_the_page_of_a_contact_belongs_to_one_field(lucheng, contact):
    there = re.findall(r'\bid="([^"]+)"', lucheng.get(reverse("contact", args=[contact.pk])).content.decode())
    assert sorted({one for one in there if there.count(one) > 1}) == []
