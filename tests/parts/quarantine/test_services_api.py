"""Stays over HTTP: the same rules, the same words."""

import json
from datetime import date

import pytest
from django.utils import translation

from lianfang.kernel import clock, ids, tokens
from lianfang.kernel.models import Event, User
from lianfang.quarantine import services
from lianfang.quarantine.models import CheckIn
from lianfang.workorders.models import WorkOrder
from tests.parts.quarantine.conftest import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(place, client):
    keys = {}

    def ask(name, method, path, body=None):
        if name not in keys:
            keys[name] = tokens.issue(User.objects.get(username=name), "test")
        with translation.override("en"):
            answer = client.generic(
                method, f"/api/v1/stays{path}", json.dumps(body) if body is not None else "",
                content_type="application/json", headers={"Authorization": f"Bearer {keys[name]}", "Accept-Language": "en"},
            )  # fmt: skip
        return answer.status_code, answer.json() if answer.content else None

    return ask


def test_a_site_orders_takes_in_checks_and_is_told_why_nobody_is_released(place, call):
    (room,) = place.rooms("301")
    body = {
        "id": str(ids.new_id()), "disease": "covid19", "site_id": str(place.site.pk), "last_exposure_on": "2020-01-26",
        "home_area_code": "330302001", "person": {"name": "李小明", "phone": "13800000000"},
    }  # fmt: skip
    status, stay = call("lucheng", "POST", "", body)
    assert (status, stay["status"], stay["release_on"], stay["masked_name"]) == (201, "awaited", "2020-02-09", "李**")
    assert call("lucheng", "POST", "", body)[0] == 201
    arrival = {
        "kind": "arrival",
        "site_id": str(place.site.pk),
        "room_id": str(room.pk),
        "happened_at": "2020-01-27T14:00:00+08:00",
    }
    with clock.at(at("2020-01-27", "14:00")):
        status, stay = call("coordinator", "POST", f"/{stay['id']}/entries", arrival)
    assert (status, stay["status"], stay["room"]) == (201, "observed", "301")
    check = {"id": str(ids.new_id()), "observed_at": "2020-01-28T08:00:00+08:00", "temperature": 36.6}
    with clock.at(at("2020-01-28", "08:05")):
        assert call("coordinator", "POST", f"/{stay['id']}/checkins", check)[0] == 201
        assert call("coordinator", "POST", f"/{stay['id']}/checkins", check)[0] == 201
        status, no = call("coordinator", "POST", f"/{stay['id']}/checkins", {**check, "temperature": 39.0})
        assert (status, no["refused"][0]["code"]) == (409, "kernel.id_conflict")
        many = [{**check, "id": str(ids.new_id()), "stay_id": stay["id"], "temperature": 37.4}]
        status, found = call("coordinator", "POST", "/checkins", many)
        assert (status, found[0]["fever"], bool(found[0]["case_id"])) == (201, 37.4, True)
        status, no = call("coordinator", "POST", f"/{stay['id']}/end", {"reason": "completed"})
        assert (status, no["refused"][0]["code"]) == (422, "stay.not_yet")
        assert "2020-02-09" in no["refused"][0]["words"]
        status, need = call("coordinator", "POST", f"/{stay['id']}/needs", {"id": str(ids.new_id()), "kind": "food"})
        assert (status, bool(need["id"])) == (201, True)
    assert CheckIn.objects.count() == 2


def test_lists_show_masked_names_and_only_what_the_post_sees_and_each_look_is_recorded(place, call):
    stay = place.stay(last_on=date(2020, 1, 26))
    status, page = call("coordinator", "GET", "")
    assert (status, [row["masked_name"] for row in page["stays"]], page["next"]) == (200, ["李**"], None)
    assert call("xihu", "GET", "")[1]["stays"] == []
    assert call("xihu", "GET", f"/{stay.pk}")[0] == 404
    assert call("doctor", "GET", "")[0] == 403
    status, one = call("coordinator", "GET", f"/{stay.pk}")
    assert (status, one["identity"]["name"], one["entries"][0]["holds"]) == (200, "李小明", True)
    assert Event.objects.filter(kind="stay.listed").count() == 2
    assert Event.objects.filter(kind="stay.viewed").count() == 1


def test_half_a_request_is_refused_in_words(place, call):
    status, no = call("lucheng", "POST", "", {"disease": "covid19", "site_id": str(place.site.pk)})
    assert (status, no["refused"][0]["code"]) == (422, "stay.person_missing")
    status, no = call("lucheng", "POST", "", {"disease": "covid19", "person": {"name": "某"}, "home_area_code": "999"})
    assert (status, no["refused"][0]["code"]) == (422, "case.unknown_area")
    stay = place.stay(last_on=date(2020, 1, 26))
    one = {
        "id": str(ids.new_id()),
        "stay_id": str(stay.pk),
        "observed_at": "2020-01-27T08:00:00+08:00",
        "temperature": 36.5,
    }
    many = [{**one, "id": str(ids.new_id())} for _ in range(services.MOST_AT_ONCE + 1)]
    assert call("coordinator", "POST", "/checkins", many)[1]["refused"][0]["code"] == "checkin.too_many"


def test_where_no_hospital_is_designated_one_is_named_and_that_closes_the_order(place, call):
    place.world.hospital.designated_for = []
    place.world.hospital.save()
    stay = place.stay(last_on=date(2020, 1, 26))
    services.enter(services.NewEntry(stay.pk, "arrival", site_id=place.site.pk), place.coordinator)
    services.check_in(services.NewCheck(stay.pk, 38), place.coordinator)
    sought = WorkOrder.objects.get(kind="find_hospital")
    named = f"/{stay.pk}/hospital"
    assert call("lucheng", "POST", named, {"hospital_id": str(ids.new_id())})[0] == 404
    assert call("grid", "POST", named, {"hospital_id": str(place.world.hospital.pk)})[0] == 403
    status, no = call("lucheng", "POST", named, {"hospital_id": str(place.organisation.pk)})
    assert (status, no["refused"][0]["code"]) == (422, "place.receives_no_patients")
    assert call("lucheng", "POST", named, {"hospital_id": str(place.world.hospital.pk)})[0] == 200
    sought.refresh_from_db()
    assert sought.status == "done"
    assert WorkOrder.objects.get(kind="receive_patient").organisation_id == place.world.hospital.pk
