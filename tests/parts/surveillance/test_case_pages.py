"""The pages of cases, as a person at a browser without script meets them."""

import re
from datetime import date

import pytest

from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event
from lianfang.registry import services as registry
from lianfang.registry.models import PossibleDuplicate
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services
from lianfang.surveillance.evidence import Evidence, LabResult
from lianfang.surveillance.models import Case, CaseVersion, Observation

NAME, ID_NUMBER, PHONE = "欧阳晓红", "330302198003070018", "13900000001"


@pytest.fixture
def browse(world, client):
    """Sign in by name; gives the test client."""

    def signed_in(name: str):
        client.force_login(world.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


def noted(world, by="lucheng", area="330302", **evidence) -> Case:
    details = PersonDetails(name=NAME, id_number=ID_NUMBER, phone=PHONE, sex="F", area=world.area(area))
    told = Evidence(**{"declared": "suspected", "onset_on": date(2020, 1, 24), **evidence})
    return services.notify(
        services.Notification(disease="covid19", area=world.area(area), evidence=told, person=details), world.actor(by)
    )


def card(**answers):
    return {
        "id": str(ids.new_id()),
        "disease": "covid19",
        "disease_was": "covid19",
        "declared": "suspected",
        "sex": "F",
        "area": "330302",
        "onset_on": "2020-01-24",
        **answers,
    }


def current(case: Case) -> CaseVersion:
    return case.versions.get(superseded_at=None)


def test_a_report_card_becomes_a_case(world, browse):
    answers = card(name=NAME, id_number=ID_NUMBER, phone=PHONE, symptoms=["fever"], exposures=["cluster"])
    response = browse("lucheng").post("/cases/new/", answers)
    case = Case.objects.get()
    assert response["Location"] == f"/cases/{case.pk}/"
    assert current(case).classification == "suspected"
    assert Observation.objects.get(case=case).content["symptoms"] == {"fever": True}


def test_a_card_sent_twice_is_one_case(world, browse):
    answers = card(name=NAME, checked="on")
    for _ in range(2):
        assert browse("lucheng").post("/cases/new/", answers).status_code == 302
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"area": ""}, "area"),
        ({"area": "无此地"}, "无此地"),
        ({"onset_on": "2199-01-01"}, "2199-01-01"),
        ({"onset_on": "yesterday"}, "yesterday"),
        ({"age": "400"}, "400"),
        ({"area": "330106"}, "西湖区"),
    ],
)
def test_a_card_with_something_wrong_is_shown_again_with_the_reason_and_nothing_is_written(
    world, browse, answer, words
):
    response = browse("lucheng").post("/cases/new/", card(name=NAME, **answer))
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Case.objects.exists()


def test_somebody_alike_is_offered_before_anything_is_written(world, browse):
    noted(world)
    answers = card(name="欧阳晓宏", id_number=ID_NUMBER, phone=PHONE)
    offered = browse("lucheng").post("/cases/new/", answers)
    assert offered.status_code == 422
    assert Case.objects.count() == 1
    chosen = re.search(r'name="same_person_as" value="([0-9a-f-]{36})"', offered.content.decode())[1]
    assert (
        browse("lucheng").post("/cases/new/", {**answers, "checked": "on", "same_person_as": chosen}).status_code == 302
    )
    people = [case.person for case in Case.objects.order_by("recorded_at")]
    assert [str(person.merged_into_id or person.pk) for person in people] == [chosen, chosen]


def test_the_list_masks_names_and_the_case_shows_them_and_says_so_in_the_record(world, browse):
    case = noted(world)
    listed = browse("lucheng").get("/cases/").content.decode()
    assert "欧***" in listed
    assert NAME not in listed
    shown = browse("lucheng").get(f"/cases/{case.pk}/").content.decode()
    assert NAME in shown
    assert ID_NUMBER in shown
    assert Event.objects.filter(kind="case.viewed", subject_id=case.pk, by=world.users["lucheng"]).exists()


def test_an_officer_sees_the_case_but_not_who_it_is(world, browse):
    case = noted(world)
    shown = browse("officer").get(f"/cases/{case.pk}/").content.decode()
    assert case.number in shown
    assert Event.objects.filter(kind="case.opened", subject_id=case.pk, by=world.users["officer"]).exists()
    assert NAME not in shown
    assert ID_NUMBER not in shown


@pytest.mark.parametrize("who", ["xihu", "other_doctor", "signatory", "auditor"])
def test_another_countys_case_is_not_there(world, browse, who):
    case = noted(world)
    client = browse(who)
    for address in (f"/cases/{case.pk}/", f"/cases/{case.pk}/investigation/"):
        assert client.get(address).status_code in (403, 404)
    for step in ("review/", "duplicate/", "evidence/lab_result/"):
        assert client.post(f"/cases/{case.pk}/{step}", {"id": str(ids.new_id())}).status_code in (403, 404)
    assert case.number not in client.get("/cases/").content.decode()
    assert current(case).recorded_at == case.recorded_at


def test_an_exact_name_phone_or_number_finds_the_case_and_leaves_no_name_in_an_address(world, browse):
    case = noted(world)
    for text in (NAME, PHONE, ID_NUMBER, case.number, case.number.lower()):
        found = browse("lucheng").post("/cases/search/", {"q": text})
        assert found["Location"] == f"/cases/{case.pk}/", text
    assert browse("lucheng").get("/cases/search/", {"q": NAME}).status_code == 405
    assert "欧***" not in browse("xihu").post("/cases/search/", {"q": NAME}).content.decode()


def test_a_result_added_on_the_page_confirms(world, browse):
    case = noted(world)
    answers = {
        "id": str(ids.new_id()),
        "lab_0_test": "pcr",
        "lab_0_result": "positive",
        "lab_0_resulted_on": "2020-01-28",
    }
    assert browse("lucheng").post(f"/cases/{case.pk}/evidence/lab_result/", answers).status_code == 302
    assert current(case).classification == "confirmed"


def test_findings_with_what_was_denied_reach_the_criteria(world, browse):
    case = noted(world, declared=None)
    answers = {
        "id": str(ids.new_id()),
        "symptoms": ["cough"],
        "symptoms_denied": ["fever"],
        "signs": ["pneumonia"],
        "exposure_0_kind": "cluster",
        "exposure_0_last_on": "2020-01-20",
    }
    assert browse("lucheng").post(f"/cases/{case.pk}/evidence/findings/", answers).status_code == 302
    judgement = current(case).judgement
    assert {"imaging", "cluster"} <= set(judgement["held"])
    entry = Observation.objects.get(case=case, kind="findings")
    assert entry.content["symptoms"] == {"cough": True, "fever": False}
    assert entry.content["exposures"] == [{"kind": "cluster", "last_on": "2020-01-20"}]


def test_half_a_result_is_refused_at_its_field(world, browse):
    case = noted(world)
    answers = {"id": str(ids.new_id()), "lab_0_test": "pcr"}
    response = browse("lucheng").post(f"/cases/{case.pk}/evidence/lab_result/", answers)
    assert response.status_code == 422
    assert Observation.objects.filter(case=case).count() == 1
    empty = browse("lucheng").post(f"/cases/{case.pk}/evidence/course/", {"id": str(ids.new_id())})
    assert empty.status_code == 422


def test_an_entry_is_corrected_by_a_form_filled_with_it_and_keeps_what_the_form_does_not_ask(world, browse):
    labs = [LabResult("pcr", "positive", "sputum", date(2020, 1, 25), date(2020, 1, 26))]
    case = noted(world, reported_on=date(2020, 1, 26), symptoms={"fever": True}, labs=labs)
    assert current(case).classification == "confirmed"
    first = Observation.objects.get(case=case)
    page = browse("lucheng").get(f"/cases/{case.pk}/", {"correct": str(first.pk)}).content.decode()
    assert str(first.pk) in page
    answers = {
        "id": str(ids.new_id()),
        "corrects": str(first.pk),
        "declared": "suspected",
        "onset_on": "2020-01-23",
        "symptoms": ["fever"],
        "lab_0_test": "pcr",
        "lab_0_result": "negative",
        "lab_0_resulted_on": "2020-01-26",
    }
    assert browse("lucheng").post(f"/cases/{case.pk}/evidence/report/", answers).status_code == 302
    version = current(case)
    assert (version.classification, version.onset_on, version.reported_on) == (
        "suspected",
        date(2020, 1, 23),
        date(2020, 1, 26),
    )
    again = browse("lucheng").post(f"/cases/{case.pk}/evidence/report/", {**answers, "id": str(ids.new_id())})
    assert again.status_code == 422, "an entry is corrected once; the correction is what can be corrected next"


def test_a_case_found_to_be_a_duplicate_leaves_the_counts_and_comes_back(world, browse):
    case = noted(world)
    client = browse("lucheng")
    client.post(f"/cases/{case.pk}/duplicate/")
    assert not current(case).counted
    client.post(f"/cases/{case.pk}/duplicate/", {"undo": "1"})
    assert current(case).counted


def test_the_investigation_is_recorded_closes_its_order_and_is_shown(world, browse):
    case = noted(world)
    client = browse("lucheng")
    assert client.post(f"/cases/{case.pk}/investigation/", {}).status_code == 422
    answers = {
        "care_sought": "1月25日到鹿城区人民医院就诊",
        "first_symptoms": ["fever"],
        "travelled": "no",
        "contact_with_case": "unknown",
        "investigated_on": "2020-01-28",
        "investigator": "陈敏",
    }
    assert client.post(f"/cases/{case.pk}/investigation/", answers).status_code == 302
    assert "1月25日到鹿城区人民医院就诊" in client.get(f"/cases/{case.pk}/").content.decode()


def test_what_is_typed_is_never_markup(world, browse):
    attack = "<img src=x onerror=alert(1)>'; DROP TABLE surveillance_case; --"
    client = browse("lucheng")
    client.post("/cases/new/", card(name=attack, phone=attack[:40], address=attack, remark=attack, workplace=attack))
    case = Case.objects.get()
    shown = client.get(f"/cases/{case.pk}/").content.decode() + client.get("/cases/").content.decode()
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown


def test_the_export_holds_no_names_and_no_formulas(world, browse):
    details = PersonDetails(name=NAME, area=world.area("330302"))
    services.notify(
        services.Notification(
            disease="covid19",
            area=world.area("330302"),
            evidence=Evidence(declared="suspected"),
            person=details,
            source="=cmd|' /C calc'!A0",
            local_id="@SUM(1)",
        ),
        world.actor("lucheng"),
    )
    response = browse("lucheng").get("/cases/export.csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert NAME not in text
    assert "'=cmd" in text
    assert "'@SUM(1)" in text
    assert Event.objects.filter(kind="case.exported").exists()


def test_as_known_on_an_evening_nothing_can_be_changed(world, browse):
    case = noted(world)
    yesterday = clock.today().replace(year=clock.today().year - 1)
    assert browse("lucheng").get(f"/cases/{case.pk}/", {"as_of": yesterday.isoformat()}).status_code == 404


def test_who_a_case_is_can_be_corrected_found_and_undone(world, browse):
    case = noted(world)
    client = browse("lucheng")
    answers = {"name": "欧阳晓宏", "id_number": ID_NUMBER, "phone": "13900000002", "sex": "F"}
    assert client.post(f"/cases/{case.pk}/person/", answers).status_code == 302
    shown = client.get(f"/cases/{case.pk}/").content.decode()
    assert "欧阳晓宏" in shown
    assert NAME not in shown
    for text in (NAME, "欧阳晓宏", "13900000002", PHONE):
        assert client.post("/cases/search/", {"q": text})["Location"] == f"/cases/{case.pk}/", text
    assert client.post(f"/cases/{case.pk}/person/", answers).status_code == 422, "nothing differs any more"
    told = [event.details for event in Event.objects.filter(kind="person.corrected")]
    assert told == [{"changed": ["name", "phone"]}]
    registry.undo(PossibleDuplicate.objects.get(decision="same").pk, world.actor("lucheng"))
    assert NAME in client.get(f"/cases/{case.pk}/").content.decode()


@pytest.mark.parametrize("who", ["xihu", "officer", "other_doctor"])
def test_who_a_case_is_stays_as_it_was_for_others(world, browse, who):
    case = noted(world)
    assert browse(who).post(f"/cases/{case.pk}/person/", {"name": "某某", "sex": "F"}).status_code in (403, 404)
    assert not Event.objects.filter(kind="person.corrected").exists()


def test_a_long_list_tells_how_many_cases_it_holds_from_the_tallies_or_as_a_bound(world, browse, monkeypatch):
    from lianfang.kernel.access import SYSTEM
    from lianfang.surveillance import selectors, tally

    monkeypatch.setattr(selectors, "PAGE", 2)
    for n in range(4):
        browse("lucheng").post("/cases/new/", card(name=f"丁{n}", checked="on", onset_on="2020-01-24"))
    assert Case.objects.count() == 4
    tally.tally_batch(2)  # some stand in the tallies, the others do not yet
    client = browse("lucheng")
    client.cookies["django_language"] = "en"
    assert "4 cases" in client.get("/cases/").content.decode()
    assert "4 cases" in client.get("/cases/?disease=covid19&class=suspected").content.decode()
    monkeypatch.setattr(selectors, "COUNTED_UP_TO", 3)
    assert "more than 3 cases" in client.get("/cases/?onset=2020-01-24").content.decode(), "no tally tells of that"
    assert selectors.how_many(SYSTEM, selectors.CaseFilter(), None) == (3, False)
    actor = world.actor("lucheng")
    assert selectors.how_many(actor, selectors.CaseFilter(), None) == (4, True)
    assert selectors.how_many(actor, selectors.CaseFilter(classification="confirmed"), None) == (0, True)
