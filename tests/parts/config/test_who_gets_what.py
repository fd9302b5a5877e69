"""Every address that names a record, asked as everybody who may not see it: refused, and nothing of the record told."""

import json
import re
from datetime import date, time
from uuid import UUID

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from lianfang.bulletin import services as bulletins
from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event, User
from lianfang.kernel.refusals import Refused
from lianfang.kernel.tokens import issue
from lianfang.quarantine import services as quarantine
from lianfang.quarantine.models import StayEntry
from lianfang.registry.models import PossibleDuplicate, Post, Site
from lianfang.registry.services import PersonDetails, new_person
from lianfang.situation import kept_sources
from lianfang.situation.sources import Line
from lianfang.surveillance import services
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.models import Case, CaseVersion
from lianfang.tracing import services as tracing
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.services import move, plan_round
from tests.parts.exchange.files import received

CONTACT, GUEST = "司马青云", "诸葛慕容"
NAME, PHONE, ID_NUMBER = "欧阳晓红", "13900000001", "330302198003070018"
STRANGERS = ("xihu", "other_doctor", "xihu_admin", "xihu_auditor")  # each of another county
COUNTERS = ("officer", "signatory", "publisher", "auditor")  # of the province, but told no names


def addresses(patterns=None, before=""):
    """(name, arguments, the pattern) of every address that names a record."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            named = f"{before}{entry.namespace}:" if entry.namespace else before
            yield from addresses(entry.url_patterns, named)
        elif isinstance(entry, URLPattern) and any(name.endswith("_id") for name in entry.pattern.converters):
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
        **traced(world, case),
        **observed(world),
        "case_id": case.pk,
        "source_id": kept_source(world).source,
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
        "what": "site",
    }


def kept_source(world):
    """The counts of another source, kept for the county."""
    lines, me = [Line("press", "330302", date(2020, 1, 26), 2)], world.actor("lucheng")
    [made] = kept_sources.keep(world.area("330302"), "covid19", lines, me, cumulative=True)
    return made


def traced(world, case):
    """A contact of the case with an exposure, on the way to another county of the city, and a visit of the case."""
    me, person = world.actor("lucheng"), PersonDetails(name=CONTACT, phone="13711110002", area=world.area("330302"))
    exposure = tracing.ExposureTold(case.pk, "household", first_on=date(2020, 1, 25), last_on=date(2020, 1, 26))
    contact = tracing.add_contact(tracing.NewContact(person, exposure), me)
    call = tracing.record_call(contact.contact.pk, tracing.CallTold("not_reached"), me)
    offer = tracing.hand_over(contact.contact.pk, world.area("330303"), "moved to relatives", me)
    day = date(2020, 1, 25)
    told = tracing.VisitTold(place="五马菜市场", from_at=clock.start_of(day), until_at=clock.start_of(day))
    return {
        "contact_id": contact.contact.pk,
        "exposure_id": contact.exposure.pk,
        "call_id": call.pk,
        "offer_id": offer.pk,
        "visit_id": tracing.record_visit(case.pk, told, me).pk,
    }


def observed(world):
    """Somebody at an isolation site with a need and a personal link."""
    me, area = world.actor("lucheng"), world.area("330302")
    site = Site.objects.create(name="江心酒店", kind="isolation", area=area, path=area.path)
    room = quarantine.add_room(site.pk, "101", 1, me)
    person, keys = new_person(PersonDetails(name=GUEST, phone="13622220003", area=area))
    person.save(force_insert=True)
    last = quarantine.NewExposure(clock.today())
    stay = quarantine.open_stay(
        quarantine.NewStay(person.pk, "covid19", "contact", exposures=(last,), site_id=site.pk), me
    )
    link, _token = quarantine.make_link(stay.pk, me)
    return {
        "site_id": site.pk,
        "place_id": site.pk,
        "room_id": room.pk,
        "stay_id": stay.pk,
        "entry_id": StayEntry.objects.filter(stay=stay).first().pk,
        "need_id": quarantine.ask(quarantine.NewNeed("food", "米和菜", stay_id=stay.pk), me).pk,
        "link_id": link.pk,
    }


def asked(client, url, **headers):
    yield "get", client.get(url, headers=headers)
    body = json.dumps({"kind": "lab_result", "content": {}}) if headers else None
    yield "post", client.post(url, body, content_type="application/json", headers=headers) if body else client.post(url)


def told(response):
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode()


def same(one, other):
    """Whether two answers are the same but for the token of their forms and the ids that were asked for."""
    changing = r'name="csrfmiddlewaretoken" value="\w+"|X-CSRFToken[^}]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d\d:\d\d(:\d\d)?'
    return re.sub(changing, "", one) == re.sub(changing, "", other)


def as_of_nothing(client, name, arguments, held, token, method):
    """What is answered of a record that does not exist: an empty form is refused before anything is looked for."""
    nothing = {**held, **{argument: ids.new_id() for argument in arguments if isinstance(held[argument], UUID)}}
    url = url_of(name, arguments, nothing)
    api = name.startswith("api")
    answers = asked(Client() if api else client, url, **token if api else {})
    return next(told(response) for asked_by, response in answers if asked_by == method)


def url_of(name, arguments, held):
    return reverse(name, kwargs={argument: held[argument] for argument in arguments})


def test_nobody_of_another_county_gets_at_a_record(world, held):
    before = (Event.objects.filter(kind__startswith="case.").count(), CaseVersion.objects.count())
    known, wrong = list(addresses()), []
    assert {argument for _name, arguments in known for argument in arguments} == set(held)
    secrets = (
        NAME,
        CONTACT,
        GUEST,
        PHONE,
        ID_NUMBER,
        Case.objects.get(pk=held["case_id"]).number,
        "王秀英",
        "list.csv",
    )
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
                hidden = response.status_code in (403, 404, 405) or (
                    response.status_code == 422
                    and same(body, as_of_nothing(client, name, arguments, held, token, method))
                )
                if not hidden or any(secret in body for secret in secrets):
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
            if any(secret in body for secret in (NAME, CONTACT, GUEST, PHONE, ID_NUMBER, "王秀英")):
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
