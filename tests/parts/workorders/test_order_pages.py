"""The pages and the API of work orders as people and machines use them."""

import json
import re
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event
from lianfang.kernel.tokens import issue
from lianfang.registry.models import Site
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence
from lianfang.workorders import forms
from lianfang.workorders.about import subjects
from lianfang.workorders.forms import FEW_SITES
from lianfang.workorders.models import OrderEntry, Round, WorkOrder
from lianfang.workorders.rules import kinds
from tests.parts.workorders.desks import picture, raised, staffed


@pytest.fixture
def town(world, settings, tmp_path):
    settings.PHOTOS_DIR = tmp_path / "photos"
    return staffed(world)


@pytest.fixture
def enter(town, client):
    def signed_in(who):
        client.force_login(town.users[who], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


def test_an_order_is_raised_by_hand_once_though_the_form_is_sent_twice(town, enter):
    pk = ids.new_id()
    form = {"id": pk, "kind": "telecom_fault", "area": "330302", "place": "景山", "note": "无信号", "applicant": "陈洁",
            "organisation": town.crew.pk}  # fmt: skip
    for _ in range(2):
        assert enter("supervisor").post("/orders/new/", form).status_code == 302
    order = WorkOrder.objects.get(kind="telecom_fault")
    assert (order.pk, order.subject_kind, order.subject_id, order.organisation) == (pk, "request", pk, town.crew)
    assert order.due_at - order.raised_at == kinds()["telecom_fault"].limit
    page = enter("crew").get(f"/orders/{pk}/").content.decode()
    assert "无信号" in page
    assert "陈洁" in page
    assert Event.objects.filter(kind="order.opened", subject_id=pk, by=town.users["crew"]).exists()


def test_what_is_missing_in_a_request_is_said_beside_its_field(town, enter):
    form = {"id": ids.new_id(), "kind": "telecom_fault", "area": "", "note": ""}
    answer = enter("supervisor").post("/orders/new/", form)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"area", "note"}
    form |= {"area": "330106", "note": "x"}
    assert enter("supervisor").post("/orders/new/", form).status_code == 422  # another county
    assert not WorkOrder.objects.exists()


def test_a_crew_does_its_work_from_the_page_with_a_photo(town, enter):
    order = raised(town, "power_supply", organisation_id=town.crew.pk, note="接电")
    crew = enter("crew")
    assert crew.post(f"/orders/{order.pk}/accept/", {"promised_at": "2099-01-27T20:00"}).status_code == 302
    form = {"id": ids.new_id(), "finish": "report", "reading": "12"}
    answer = crew.post(f"/orders/{order.pk}/proof/", form)
    assert answer.status_code == 422
    assert "photo" in answer.context["proof"].errors
    form["photo"] = SimpleUploadedFile("a.jpg", picture(), "image/jpeg")
    assert crew.post(f"/orders/{order.pk}/proof/", form).status_code == 302
    order.refresh_from_db()
    assert order.status == "reported"
    name = OrderEntry.objects.exclude(photo="").get().photo
    assert f"/orders/{order.pk}/photos/{name}/" in crew.get(f"/orders/{order.pk}/").content.decode()
    assert enter("supervisor").post(f"/orders/{order.pk}/verify/").status_code == 302
    order.refresh_from_db()
    assert order.status == "done"


def test_the_supervisor_assigns_and_hands_over_from_the_page(town, enter):
    order = raised(town, "investigate_case")
    page = enter("supervisor")
    assert page.post(f"/orders/{order.pk}/assign/", {"assignee": ""}).status_code == 422
    assert page.post(f"/orders/{order.pk}/assign/", {"assignee": town.users["second"].pk}).status_code == 302
    assert page.post(f"/orders/{order.pk}/hand-over/", {"organisation": "没有这个单位"}).status_code == 422
    assert page.post(f"/orders/{order.pk}/hand-over/", {"area": "330106"}).status_code == 302
    assert WorkOrder.objects.get(pk=order.pk).status == "offered"
    assert enter("xihu").post(f"/orders/{order.pk}/take_over/").status_code == 302
    assert enter("lucheng").get(f"/orders/{order.pk}/").status_code == 404


def test_every_page_stands_empty_and_full_in_both_languages(town, enter):
    planned = [
        "/orders/",
        *(f"/orders/?view={view}" for view in ("mine", "late", "offered", "escalated", "verify", "closed")),
    ]
    planned += [f"/orders/{page}/?by={by}" for page in ("board", "statistics") for by in ("kind", "area", "desk")]
    planned += ["/orders/rounds/", "/orders/rounds/?stopped=1", "/orders/rounds/new/", "/orders/new/"]
    for filled in (False, True):
        if filled:
            for kind in ("telecom_fault", "power_supply", "review_report"):
                raised(town, kind, "330302001", organisation_id=town.crew.pk)
            raised(town, "disinfect_site", subject_id=town.sites[0].pk)
        for language in ("zh-hans", "en"):
            browser = enter("lucheng")
            browser.cookies["django_language"] = language
            for url in planned:
                with translation.override(language):
                    assert browser.get(url).status_code == 200, url
    assert "五马菜市场" in enter("lucheng").get("/orders/").content.decode()


def test_the_numbers_of_the_board_are_those_of_the_lists_they_lead_to(town, enter):
    for number in range(6):
        raised(
            town, "telecom_fault", "330302001" if number % 2 else "330302", at=clock.now() - timedelta(hours=3 * number)
        )
    page = enter("lucheng").get("/orders/board/?by=area&area=330302")
    for row in page.context["rows"]:
        if row["deeper"]:
            for view, figure in (("desk", "open"), ("late", "late"), ("escalated", "escalated")):
                found = enter("lucheng").get(f"/orders/?view={view}&{row['list']}").context["rows"]
                assert len(found) == row["group"].figures[figure] > 0


def test_a_round_is_planned_and_stopped_from_its_pages(town, enter):
    form = {"kind": "disinfect_site", "name": "市场消毒", "area": "330302", "times": "8:00、14:00", "starts_on": "2020-01-27",
            "sites": [site.pk for site in town.sites]}  # fmt: skip
    assert enter("supervisor").post("/orders/rounds/new/", {**form, "times": "noon"}).status_code == 422
    assert enter("supervisor").post("/orders/rounds/new/", {**form, "sites": []}).status_code == 422
    assert enter("supervisor").post("/orders/rounds/new/", form).status_code == 302
    planned = Round.objects.get()
    assert planned.times == ["08:00", "14:00"]
    assert "五马菜市场" in enter("supervisor").get(f"/orders/rounds/{planned.pk}/").content.decode()
    assert enter("supervisor").post(f"/orders/rounds/{planned.pk}/stop/").status_code == 302
    assert enter("supervisor").get(f"/orders/rounds/{planned.pk}/").status_code == 200


def test_with_many_sites_some_are_sought_and_what_is_ticked_stays(town, enter):
    enter("supervisor").cookies["django_language"] = "en"
    few = enter("supervisor").get("/orders/rounds/new/").content.decode()
    assert 'name="sought"' not in few
    lucheng = town.area("330302")
    some = [Site(name=f"便民市场{n:03}", kind="market", area=lucheng, path=lucheng.path) for n in range(FEW_SITES + 10)]
    Site.objects.bulk_create(some)

    def offered(**given):
        page = enter("supervisor").post("/orders/rounds/new/?find=1", given)
        assert page.status_code == 200
        text = page.content.decode()
        return re.findall(r'name="sites" value="([0-9a-f-]+)"( [^>]*checked)?', text), text

    first = enter("supervisor").get("/orders/rounds/new/").content.decode()
    assert first.count('name="sites"') == FEW_SITES
    assert "more sites were found" in first
    ticked = town.sites[0]
    shown, text = offered(sought="场049", sites=[ticked.pk, some[3].pk], name="市场消毒", times="8:00", kind="air_site")
    assert {pk for pk, _checked in shown} == {str(ticked.pk), str(some[3].pk), str(some[49].pk)}
    assert {pk for pk, checked in shown if checked} == {str(ticked.pk), str(some[3].pk)}
    assert 'value="市场消毒"' in text
    assert 'value="8:00"' in text
    assert "is-invalid" not in text
    assert len(offered(sought="330302")[0]) == FEW_SITES
    assert len(offered(sought="鹿城")[0]) == FEW_SITES
    assert "No site was found." in offered(sought="没有的市场")[1]
    assert len(offered(sites=["no-uuid"])[0]) == FEW_SITES
    elsewhere = town.area("330106")
    foreign = Site.objects.create(name="西湖市场", kind="market", area=elsewhere, path=elsewhere.path)
    assert offered(sought="西湖市场")[0] == offered(sites=[foreign.pk], sought="西湖市场")[0] == []
    form = {"kind": "disinfect_site", "name": "市场消毒", "area": "330302", "times": "8:00", "starts_on": "2020-01-27",
            "sought": "场049", "sites": [ticked.pk, some[49].pk]}  # fmt: skip
    assert enter("supervisor").post("/orders/rounds/new/", form).status_code == 302
    assert set(Round.objects.get().sites.all()) == {ticked, some[49]}


def test_a_machine_lists_raises_moves_and_proves(town, client):
    def ask(who, method, path, body=None):
        key = {"Authorization": f"Bearer {issue(town.users[who], 'test')}"}
        send = getattr(client, method)
        content = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return send(f"/api/v1/orders{path}", headers=key, **content)

    pk = str(ids.new_id())
    body = {
        "id": pk,
        "kind": "telecom_lines",
        "area_code": "330302",
        "note": "开线",
        "organisation_id": str(town.crew.pk),
    }
    for _ in range(2):
        answer = ask("supervisor", "post", "", body)
        assert answer.status_code == 201, answer.content
    assert ask("supervisor", "post", "", {**body, "note": "other"}).status_code == 409
    assert [order["id"] for order in ask("crew", "get", "").json()["orders"]] == [pk]
    assert ask("xihu", "get", "").json()["orders"] == []
    assert ask("crew", "get", "?view=nonsense").status_code == 404
    assert ask("crew", "post", f"/{pk}/moves/accept", {}).json()["status"] == "accepted"
    refused = ask("crew", "post", f"/{pk}/moves/complete", {})
    assert refused.status_code == 422
    assert {entry["about"] for entry in refused.json()["refused"]} == {"reading", "passed"}
    assert ask("crew", "post", f"/{pk}/proof", {"reading": "8"}).status_code == 201
    done = ask("crew", "post", f"/{pk}/moves/complete", {"proof": {"passed": True}})
    assert done.json()["status"] == "done"
    opened = ask("supervisor", "get", f"/{pk}").json()
    assert [entry["move"] for entry in opened["entries"]] == ["accept", "", "complete"]
    key = {"Authorization": f"Bearer {issue(town.users['crew'], 'test')}"}
    sent = client.post(f"/api/v1/orders/{pk}/photo", {"photo": SimpleUploadedFile("a.jpg", picture())}, headers=key)
    assert sent.status_code == 201, sent.content
    got = client.get(f"/api/v1/orders/{pk}/photos/{sent.json()['photo']}", headers=key)
    assert got["Content-Type"] == "image/jpeg"
    assert ask("xihu", "get", f"/{pk}/photos/{sent.json()['photo']}").status_code == 404


def test_every_subject_of_a_kind_is_known_to_some_part():
    """Each part says in its subjects.py how what its orders are about is named; an unknown one is a bare word on the page."""
    assert {"site", "request", "case"} <= subjects().keys()
    unknown = {kind.subject for kind in kinds().values()} - subjects().keys()
    assert not unknown, f"declare in the subjects.py of their part: {sorted(unknown)}"


def test_a_case_is_named_and_linked_for_those_who_may_open_it_alone(town, enter):
    area = town.area("330302")
    case = surveillance.notify(
        surveillance.Notification(
            disease="covid19",
            area=area,
            evidence=Evidence(declared="suspected", onset_on=date(2020, 1, 24)),
            person=PersonDetails(name="王秀英", area=area),
        ),
        town.actor("lucheng"),
    )
    order = WorkOrder.objects.filter(subject_id=case.pk).first()
    page = enter("lucheng").get(f"/orders/{order.pk}/").content.decode()
    assert case.number in page
    assert f"/cases/{case.pk}/" in page
    page = enter("supervisor").get(f"/orders/{order.pk}/").content.decode()  # sees orders, no cases
    assert case.number not in page
    assert f"/cases/{case.pk}/" not in page


@pytest.mark.parametrize("area", ["330302", "330302 鹿城区", "330302 Lucheng District", "鹿城区", "Lucheng, Wenzhou"])
def test_the_list_narrows_to_an_area_by_code_by_name_or_by_what_was_offered(town, enter, area):
    here = raised(town)
    page = enter("lucheng").get("/orders/", {"area": area})
    assert page.status_code == 200
    assert page.context["area"].code == "330302"
    assert f"/orders/{here.pk}/" in page.content.decode()


def test_an_area_that_no_name_or_code_means_is_refused_by_what_was_typed(town, enter):
    answer = enter("lucheng").get("/orders/", {"area": "没有的县"})
    assert answer.status_code == 422
    assert "没有的县" in answer.content.decode()


def test_a_label_of_the_page_of_an_order_belongs_to_one_field(town, enter):
    ids_there = re.findall(r'\bid="([^"]+)"', enter("supervisor").get(f"/orders/{raised(town).pk}/").content.decode())
    assert sorted({one for one in ids_there if ids_there.count(one) > 1}) == []


def test_who_does_the_work_is_no_patient(town, enter):
    with translation.override("zh-hans"):
        assert str(forms.AssignForm(order=raised(town)).fields["assignee"].label) == "人员"
