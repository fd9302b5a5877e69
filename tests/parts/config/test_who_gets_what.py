"""Every address that names a record, asked as everybody who may not see it: refused, and nothing of the record told."""

import json
from datetime import date, time

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from lianfang.bulletin import services as bulletins
from lianfang.kernel import ids
from lianfang.kernel.models import Event, User
from lianfang.kernel.refusals import Refused
from lianfang.kernel.tokens import issue
from lianfang.registry.models import PossibleDuplicate, Post, Site
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.models import Case, CaseVersion
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.services import move, plan_round
from tests.parts.exchange.files import received

NAME, PHONE, ID_NUMBER = "欧阳晓红", "13900000001", "330302198003070018"
STRANGERS = ("xihu", "other_doctor", "xihu_admin", "xihu_auditor")  # each of another county
COUNTERS = ("officer", "signatory", "publisher", "auditor")  # of the province, but told no names


def addresses(patterns=None, before=""):
    """(name, arguments, the pattern) of every address that names a record."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            named = f"{before}{entry.namespace}:" if entry.namespace else before
            yield from addresses(entry.url_patterns, named)
        elif isinstance(entry, URLPattern) and set(entry.pattern.converters) & {
            "case_id", "run_id", "order_id", "round_id", "pair_id", "bulletin_id", "user_id"
        }:  # fmt: skip
            yield before + (entry.name or ""), tuple(entry.pattern.converters)


def noted(world, by="lucheng", **about):
    area = world.area("330302")
    person = PersonDetails(name=NAME, phone=PHONE, id_number=ID_NUMBER, area=area)
    told = Evidence(declared="suspected", onset_on=date(2020, 1, 24))
    return services.notify(
        services.Notification(disease="covid19", area=area, evidence=told, person=person, **about), world.actor(by)
    )


def planned_round(world):
    area = world.area("330302")
    market = Site.objects.create(name="五马菜市场", kind="market", area=area, path=area.path)
    return plan_round(
        "disinfect_site",
        "市场消毒",
        [market],
        [time(8)],
        world.actor("lucheng"),
        area=area,
        starts_on=date(2020, 1, 27),
    )


@pytest.fixture
def held(world):
    """A record of each kind in Lucheng, and accounts of all roles in Xihu."""
    for name, role in (("xihu_admin", "administrator"), ("xihu_auditor", "auditor")):
        world.users[name] = User.objects.create(username=name, display_name=name)
        Post.objects.create(user=world.users[name], role=role, area=world.area("330106"))
    case = noted(world)
    noted(world)
    made = bulletins.prepare(world.area("330302"), "covid19", date(2020, 2, 6), world.actor("lucheng"))
    return {
        "case_id": case.pk,
        "run_id": received(world.actor("lucheng")).pk,
        "order_id": WorkOrder.objects.filter(subject_id=case.pk).first().pk,
        "round_id": planned_round(world).pk,
        "pair_id": PossibleDuplicate.objects.get().pk,
        "bulletin_id": made.pk,
        "user_id": world.users["lucheng"].pk,
        "post_id": world.users["lucheng"].posts.get().pk,
        "token_id": 1,
        "kind": "lab_result",
        "name": "accept",
    }


def asked(client, url, **headers):
    yield "get", client.get(url, headers=headers)
    body = json.dumps({"kind": "lab_result", "content": {}}) if headers else None
    yield "post", client.post(url, body, content_type="application/json", headers=headers) if body else client.post(url)


def told(response):
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode()


def url_of(name, arguments, held):
    return reverse(name, kwargs={argument: held[argument] for argument in arguments})


def test_nobody_of_another_county_gets_at_a_record(world, held):
    before = (Event.objects.filter(kind__startswith="case.").count(), CaseVersion.objects.count())
    known, wrong = list(addresses()), []
    assert {argument for _name, arguments in known for argument in arguments} == set(held)
    secrets = (NAME, PHONE, ID_NUMBER, Case.objects.get(pk=held["case_id"]).number, "王秀英", "list.csv")
    for who in STRANGERS:
        client = Client()
        client.force_login(world.users[who], backend="django.contrib.auth.backends.ModelBackend")
        token = {"Authorization": f"Bearer {issue(world.users[who], 'test')}"}
        for name, arguments in known:
            api = name.startswith("api")
            for method, response in asked(
                Client() if api else client, url_of(name, arguments, held), **token if api else {}
            ):
                body = told(response)
                if response.status_code not in (403, 404, 405) or any(secret in body for secret in secrets):
                    wrong.append(f"{who} {method} {name}: {response.status_code}")
    assert not wrong, "\n".join(wrong)
    assert before == (Event.objects.filter(kind__startswith="case.").count(), CaseVersion.objects.count())


def test_those_who_only_count_are_told_no_name_and_nobody_is_shown_anything_without_signing_in(world, held):
    wrong = []
    for who in (*COUNTERS, None):
        client = Client()
        if who:
            client.force_login(world.users[who], backend="django.contrib.auth.backends.ModelBackend")
        for name, arguments in addresses():
            response = client.get(url_of(name, arguments, held))
            body = told(response)
            if any(secret in body for secret in (NAME, PHONE, ID_NUMBER, "王秀英")):
                wrong.append(f"{who} {name}: {response.status_code}")
            if who is None and response.status_code not in (302, 401, 405):
                wrong.append(f"nobody {name}: {response.status_code}")
    assert not wrong, "\n".join(wrong)


def test_a_post_elsewhere_gives_nothing_here(world, held):
    """Reading one county and working in another: the right to do belongs to the place where it was given."""
    both = world.users["both"] = User.objects.create(username="both", display_name="Both")
    Post.objects.create(user=both, role="epidemiologist", area=world.area("330106"))
    Post.objects.create(user=both, role="situation_officer", area=world.area("330302"))
    with pytest.raises(Refused) as no:
        move(held["order_id"], "complete", world.actor("both"))
    assert no.value.refusals[0].code == "kernel.not_permitted"
    assert WorkOrder.objects.get(pk=held["order_id"]).status == "open"
    client = Client()
    client.force_login(both, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("case", args=[held["case_id"]]))
    assert page.status_code == 200
    assert str(held["pair_id"]) not in told(page)
    assert client.get(reverse("case-investigate", args=[held["case_id"]])).status_code == 404


def test_nobody_reports_in_the_name_of_another_countys_hospital(world):
    with pytest.raises(Refused):
        noted(world, organisation=world.other_hospital)
    body = {
        "id": str(ids.new_id()), "disease": "covid19", "area_code": "330302", "person": {"name": NAME},
        "evidence": {"declared": "suspected"}, "organisation_id": str(world.other_hospital.pk),
    }  # fmt: skip
    answer = Client().post(
        "/api/v1/cases", json.dumps(body), content_type="application/json",
        headers={"Authorization": f"Bearer {issue(world.users['lucheng'], 'test')}"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert not Case.objects.exists()


def test_a_list_read_by_a_machine_is_recorded_like_one_read_by_a_person(world, held):
    token = {"Authorization": f"Bearer {issue(world.users['lucheng'], 'test')}"}
    assert Client().get("/api/v1/cases", headers=token).status_code == 200
    look = Event.objects.get(kind="case.listed")
    assert (look.by, look.channel, look.details["rows"]) == (world.users["lucheng"], "api", 2)


def test_pages_are_kept_by_no_browser(world, held):
    client = Client()
    client.force_login(world.users["lucheng"], backend="django.contrib.auth.backends.ModelBackend")
    for url in ("/cases/", reverse("case", args=[held["case_id"]]), reverse("import", args=[held["run_id"]])):
        assert client.get(url)["Cache-Control"] == "private, no-store"
    assert "no-store" not in client.get("/bulletins/")["Cache-Control"]
