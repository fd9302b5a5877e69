"""The pages of observation: what each shows, to whom, and what it writes."""

import re
from datetime import date, datetime

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from lianfang.kernel import clock, ids
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event, User
from lianfang.kernel.typesetting import settable
from lianfang.quarantine import selectors, services
from lianfang.quarantine.certificate import certificate, content
from lianfang.quarantine.forms import FEW_SITES
from lianfang.quarantine.models import CheckIn, Need, Stay
from lianfang.registry import places
from lianfang.registry.models import Site
from lianfang.surveillance.models import Case
from lianfang.workorders.models import WorkOrder


def at(day: str, hour: str = "09:00") -> datetime:
    return timezone.make_aware(datetime.fromisoformat(f"{day}T{hour}"))


def as_(name: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    client.cookies["django_language"] = language
    return client


@pytest.fixture
def guest(place):
    """Somebody at the site since this morning, in room 201."""
    place.rooms("201", "202")
    stay = place.stay(last_on=date(2020, 1, 26))
    room = place.site.rooms.get(name="201")
    return services.enter(
        services.NewEntry(stay.pk, "arrival", site_id=place.site.pk, room_id=room.pk), place.coordinator
    )


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


EVERY = [
    "stay-list", "stay-missed", "stay-releases", "stay-release-many", "need-list", "stay-counts", "stay-new", "isolation-list",
    "doors",
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", EVERY)
def test_every_list_opens_empty_and_full(place, name, language):
    client = as_("lucheng", language)
    assert client.get(reverse(name)).status_code == 200
    place.rooms("201")
    stay = place.stay(last_on=date(2020, 1, 26))
    services.enter(services.NewEntry(stay.pk, "arrival", site_id=place.site.pk), place.coordinator)
    services.ask(services.NewNeed("food", "rice", stay.pk), place.coordinator)
    home = place.stay(place.person("王芳"), last_on=date(2020, 1, 20), at_site=False)
    services.enter(services.NewEntry(home.pk, "arrival"), place.tracer)
    assert client.get(reverse(name)).status_code == 200


def test_a_stay_opens_and_the_look_at_who_it_is_leaves_its_event(place, guest):
    page = text(as_("coordinator").get(reverse("stay", args=[guest.pk])))
    assert "李小明" in page
    assert "2020-02-09" in page
    viewed = Event.objects.get(kind="stay.viewed")
    assert viewed.subject_id == guest.pk
    assert "李小明" not in str(viewed.details)


def test_the_county_list_masks_names(place, guest):
    page = text(as_("lucheng").get(reverse("stay-list")))
    assert "李小明" not in page
    assert "李**" in page


def test_who_has_no_post_there_sees_nothing_of_a_stay(place, guest):
    assert as_("xihu").get(reverse("stay", args=[guest.pk])).status_code == 404
    assert as_("doctor").get(reverse("stay-list")).status_code == 403
    assert as_("xihu").get(reverse("isolation-site", args=[place.site.pk])).status_code == 404


def test_the_site_screen_shows_rooms_guests_needs_and_who_leaves(place, guest):
    services.ask(services.NewNeed("medicine", "insulin", guest.pk), place.coordinator)
    page = text(as_("coordinator").get(reverse("isolation-site", args=[place.site.pk])))
    assert "201" in page
    assert "202" in page
    assert "insulin" in page
    assert "李小明" in page


def test_rooms_are_added_many_at_once(place):
    client = as_("coordinator")
    sent = client.post(reverse("isolation-rooms", args=[place.site.pk]), {"names": "301，302 303", "capacity": 2})
    assert sent.status_code == 302
    assert list(place.site.rooms.order_by("name").values_list("name", "capacity")) == [
        ("301", 2),
        ("302", 2),
        ("303", 2),
    ]
    again = client.post(reverse("isolation-rooms", args=[place.site.pk]), {"names": "304 301", "capacity": 1})
    assert again.status_code == 422
    assert not place.site.rooms.filter(name="304").exists()


def sheet_line(page: str, stay: Stay) -> dict[str, str]:
    prefix = stay.pk.hex[-12:]
    found = re.search(rf'name="{prefix}-id" value="([0-9a-f-]+)"', page)
    return {f"{prefix}-id": found[1]}


def test_a_whole_site_is_entered_in_one_screen_and_empty_lines_stay_as_they_are(place, guest):
    other = place.stay(place.person("王芳"), last_on=date(2020, 1, 26))
    services.enter(services.NewEntry(other.pk, "arrival", site_id=place.site.pk), place.coordinator)
    client, url = as_("coordinator"), reverse("isolation-checkins", args=[place.site.pk])
    page = client.get(url).content.decode()
    data = {**sheet_line(page, guest), **sheet_line(page, other), f"{guest.pk.hex[-12:]}-temperature": "36，6"}
    assert client.post(url, data).status_code == 302
    assert [str(row.temperature) for row in CheckIn.objects.all()] == ["36.6"]
    assert client.post(url, data).status_code == 302  # sent twice
    assert CheckIn.objects.count() == 1


def test_a_wrong_line_is_shown_again_and_the_others_are_recorded(place, guest):
    other = place.stay(place.person("王芳"), last_on=date(2020, 1, 26))
    services.enter(services.NewEntry(other.pk, "arrival", site_id=place.site.pk), place.coordinator)
    client, url = as_("coordinator"), reverse("isolation-checkins", args=[place.site.pk])
    page = client.get(url).content.decode()
    data = {**sheet_line(page, guest), **sheet_line(page, other)}
    data |= {f"{guest.pk.hex[-12:]}-temperature": "365", f"{other.pk.hex[-12:]}-temperature": "36.4"}
    answer = client.post(url, data)
    assert answer.status_code == 422
    assert "365 cannot be right" in text(answer)
    assert list(CheckIn.objects.values_list("stay_id", flat=True)) == [other.pk]


def test_what_is_alarming_in_the_sheet_is_confirmed_first_and_then_causes_everything(place, guest):
    client, url = as_("coordinator"), reverse("isolation-checkins", args=[place.site.pk])
    data = sheet_line(client.get(url).content.decode(), guest) | {f"{guest.pk.hex[-12:]}-temperature": "37.8"}
    asked = client.post(url, data)
    assert asked.status_code == 422
    assert CheckIn.objects.count() == Case.objects.count() == 0
    assert "transfer to hospital is ordered" in text(asked)
    done = client.post(url, {**data, "sure": "1"})
    assert done.status_code == 302
    assert Case.objects.count() == 1
    assert Stay.objects.get(pk=guest.pk).case_id == Case.objects.get().pk


def test_one_tap_for_the_feverish_names_what_follows_and_refuses_what_is_not_alarming(place, guest):
    client, url = as_("coordinator"), reverse("stay-feverish", args=[guest.pk])
    page = client.get(url)
    assert "鹿城区人民医院" in text(page)
    form_id = re.search(r'name="id" value="([0-9a-f-]+)"', page.content.decode())[1]
    assert client.post(url, {"id": form_id, "temperature": "36.5"}).status_code == 422
    assert Case.objects.count() == 0
    assert client.post(url, {"id": form_id, "temperature": "37.3"}).status_code == 302
    assert Case.objects.count() == 1
    assert set(Event.objects.filter(subject_id=guest.pk).values_list("kind", flat=True)) >= {
        "stay.alarm",
        "stay.suspected",
    }


def test_a_check_in_is_corrected_by_another_one(place, guest):
    first = services.check_in(services.NewCheck(guest.pk, 36.9), place.coordinator).checkin
    client = as_("coordinator")
    page = client.get(reverse("stay", args=[guest.pk]), {"correct": str(first.pk)}).content.decode()
    assert f'name="corrects" value="{first.pk}"' in page
    form_id = re.search(r'name="id" value="([0-9a-f-]+)" id="id_id"', page) or re.search(
        r'name="id" value="([0-9a-f-]+)"', page
    )
    data = {"id": form_id[1], "corrects": str(first.pk), "temperature": "36.4", "told_by": "coordinator"}
    assert client.post(reverse("stay-checkin", args=[guest.pk]), data).status_code == 302
    assert CheckIn.objects.get(corrects=first).temperature is not None
    assert CheckIn.objects.count() == 2


def test_a_need_is_answered_and_closed(place, guest):
    need = services.ask(services.NewNeed("food", "rice", guest.pk), place.coordinator)
    client = as_("coordinator")
    assert "rice" in text(client.get(reverse("need-list")))
    back = reverse("isolation-site", args=[place.site.pk])
    sent = client.post(reverse("need-answer", args=[need.pk]), {"words": "on its way", "back": back})
    assert sent.url == back
    assert "rice" in text(client.get(reverse("need-list")))
    client.post(
        reverse("need-answer", args=[need.pk]), {"words": "brought", "closes": "on", "back": "https://evil.example/"}
    )
    assert "rice" not in text(client.get(reverse("need-list")))
    assert "rice" in text(client.get(reverse("need-list"), {"show": "closed"}))


def test_an_answer_never_leads_to_another_site(place, guest):
    need = services.ask(services.NewNeed("food", "rice", guest.pk), place.coordinator)
    sent = as_("coordinator").post(
        reverse("need-answer", args=[need.pk]), {"words": "x", "back": "https://evil.example/"}
    )
    assert sent.url == reverse("need-list")


def test_the_release_list_says_who_goes_and_why_another_may_not(place, guest):
    sick = place.stay(place.person("王芳"), last_on=date(2020, 1, 26))
    services.enter(services.NewEntry(sick.pk, "arrival", site_id=place.site.pk), place.coordinator)
    with clock.at(at("2020-02-09", "08:00")):
        services.check_in(services.NewCheck(guest.pk, 36.5), place.coordinator)
        client = as_("lucheng")
        page = text(client.get(reverse("stay-releases")))
        assert "Release 1 person" in page
        assert "No check-in today" in page
        listed = client.get(reverse("stay-release-many")).content.decode()
        assert str(guest.pk) in listed
        assert str(sick.pk) not in listed
        client.post(reverse("stay-release-many"), {"stay": [str(guest.pk), str(sick.pk)]})
        assert Stay.objects.get(pk=guest.pk).status == "released"
        assert Stay.objects.get(pk=sick.pk).status == "observed"


def test_the_certificate_is_a_pdf_for_the_released_alone(place, guest):
    client = as_("coordinator")
    url = reverse("stay-certificate", args=[guest.pk])
    assert client.get(url).status_code == 422
    with clock.at(at("2020-02-09", "08:00")):
        services.check_in(services.NewCheck(guest.pk, 36.5), place.coordinator)
        client.post(reverse("stay-release", args=[guest.pk]))
        answer = client.get(url)
    assert answer.content[:5] == b"%PDF-"
    assert Event.objects.filter(kind="stay.certified", subject_id=guest.pk).count() == 1


def test_somebody_on_no_list_is_taken_in_with_all_that_is_asked(place):
    place.rooms("201")
    client = as_("lucheng")
    page = client.get(reverse("stay-new"), {"site": str(place.site.pk)}).content.decode()
    form_id = re.search(r'name="id" value="([0-9a-f-]+)"', page)[1]
    room = place.site.rooms.get()
    data = {
        "id": form_id, "disease": "covid19", "name": "新来的", "sex": "F", "home": "330302001", "grounds": "contact",
        "last_on": "2020-01-26", "notice": "鹿疾控〔2020〕7号", "where": str(room.pk),
    }  # fmt: skip
    sent = client.post(reverse("stay-new"), data)
    assert sent.status_code == 302, text(sent)
    stay = Stay.objects.get()
    assert (stay.status, stay.room, stay.release_on, stay.notice) == (
        "observed",
        room,
        date(2020, 2, 9),
        "鹿疾控〔2020〕7号",
    )
    assert client.post(reverse("stay-new"), data).url == sent.url
    assert Stay.objects.count() == 1


def test_a_full_room_is_not_offered_and_a_left_one_waits_for_disinfection(place, guest):
    client = as_("coordinator")
    page = client.get(reverse("stay-move", args=[guest.pk])).content.decode()
    taken, free = place.site.rooms.get(name="201"), place.site.rooms.get(name="202")
    assert str(free.pk) in page
    assert str(taken.pk) not in page
    form_id = re.search(r'name="id" value="([0-9a-f-]+)"', page)[1]
    assert client.post(reverse("stay-move", args=[guest.pk]), {"id": form_id, "where": str(free.pk)}).status_code == 302
    assert str(taken.pk) not in client.get(reverse("stay-move", args=[guest.pk])).content.decode()
    assert client.post(reverse("room-disinfected", args=[taken.pk])).status_code == 302
    assert str(taken.pk) in client.get(reverse("stay-move", args=[guest.pk])).content.decode()


def test_observation_ends_early_for_listed_reasons_alone(place, guest):
    client, url = as_("coordinator"), reverse("stay-end", args=[guest.pk])
    assert client.post(url, {"what": "completed"}).status_code == 422
    assert client.post(url, {"what": "became_case"}).status_code == 422
    assert client.post(url, {"what": "lost"}).status_code == 302
    assert Stay.objects.get(pk=guest.pk).status == "lost"
    assert client.post(url, {"what": "found"}).status_code == 302
    assert client.post(url, {"what": "legally_ended", "words": "court"}).status_code == 302
    assert Stay.objects.get(pk=guest.pk).reason == "legally_ended"


def test_a_grid_worker_sees_the_doors_in_the_order_of_the_addresses_with_telephones(place):
    for name, address in (("甲", "解放路10号"), ("乙", "解放路9号"), ("丙", "解放路9号")):
        stay = place.stay(
            place.person(name, address=address, phone="13800000000"), last_on=date(2020, 1, 26), at_site=False
        )
        services.enter(services.NewEntry(stay.pk, "arrival"), place.tracer)
    page = as_("grid").get(reverse("doors")).content.decode()
    assert page.index("9号") < page.index("10号")
    assert page.count("tel:13800000000") == 3
    assert page.count('class="door"') == 2
    seen = Event.objects.filter(kind="stay.listed").latest("at")
    assert seen.details["names"] == "name, address, telephone"


def test_a_check_in_at_the_door_is_one_tap_and_a_figure(place):
    stay = place.stay(last_on=date(2020, 1, 26), at_site=False)
    services.enter(services.NewEntry(stay.pk, "arrival"), place.tracer)
    client, url = as_("grid"), reverse("door", args=[stay.pk])
    form_id = re.search(r'name="id" value="([0-9a-f-]+)"', client.get(url).content.decode())[1]
    sent = client.post(url, {"id": form_id, "temperature": "36.6"})
    assert sent.url.startswith(reverse("doors"))
    assert CheckIn.objects.get().told_by == "grid_worker"


def test_a_link_is_shown_once_as_a_code_and_taken_back(place, guest):
    client = as_("coordinator")
    page = client.post(reverse("stay-link", args=[guest.pk]), {"told_by": "self"})
    assert "<svg" in text(page)
    address = re.search(r"/c/([\w-]{43})/", text(page))[0]
    assert Client().get(address).status_code == 200
    link = guest.links.get()
    assert str(link.pk) in client.get(reverse("stay", args=[guest.pk])).content.decode()
    client.post(reverse("link-revoke", args=[link.pk]))
    assert Client().get(address).status_code == 404


def test_counts_name_who_does_not_add_up(place, guest):
    page = text(as_("lucheng").get(reverse("stay-counts")))
    assert "Adds up" in page
    with clock.at(at("2020-01-29")):
        before = text(as_("lucheng").get(reverse("stay-counts"), {"as_of": "2020-01-26"}))
    assert "Tracked</dt><dd>0<" in before
    assert Need.objects.count() == 0


def form_id(page) -> str:
    return re.search(r'name="id" value="([0-9a-f-]+)"', page.content.decode())[1]


def test_the_county_sends_a_contact_to_a_site_and_the_coordinator_takes_in_with_the_notice(place):
    place.rooms("201")
    stay = place.stay(last_on=date(2020, 1, 26), at_site=False)
    county, url = as_("lucheng"), reverse("stay-move", args=[stay.pk])
    sent = county.post(url, {"id": form_id(county.get(url)), "where": f"site:{place.site.pk}", "notice": "7号"})
    assert sent.status_code == 302
    coordinator = as_("coordinator")
    assert "Expected" in text(coordinator.get(reverse("isolation-site", args=[place.site.pk])))
    given = {"id": form_id(coordinator.get(url)), "where": str(place.site.rooms.get().pk), "notice": "8号"}
    assert coordinator.post(url, given).status_code == 302
    assert coordinator.post(url, given).status_code == 302  # a second tap
    stay = Stay.objects.get(pk=stay.pk)
    assert (stay.status, stay.site_id, stay.notice) == ("observed", place.site.pk, "8号")


def test_a_further_exposure_puts_the_release_day_off_says_why_and_can_be_taken_back(place, guest):
    client, url = as_("coordinator"), reverse("stay-exposed", args=[guest.pk])
    given = {"id": form_id(client.get(url)), "last_on": "2020-01-27", "words": "a new guest coughed at the door"}
    assert client.post(url, given).status_code == 302
    page = text(client.get(reverse("stay", args=[guest.pk])))
    assert "from 2020-02-09 to 2020-02-10" in page
    assert "a new guest coughed" in page
    entry = guest.entries.filter(kind="exposure").latest("recorded_at", "id")
    assert client.post(reverse("stay-take-back", args=[guest.pk, entry.pk])).status_code == 302
    assert Stay.objects.get(pk=guest.pk).release_on == date(2020, 2, 9)
    assert client.post(reverse("stay-take-back", args=[guest.pk, entry.pk])).status_code == 422


def test_another_place_is_asked_to_take_over(place, guest):
    client, url = as_("coordinator"), reverse("stay-hand-over", args=[guest.pk])
    assert client.post(url, {"area": "330106"}).status_code == 302
    assert Event.objects.filter(kind="stay.handed_over", subject_id=guest.pk).count() == 1
    assert Stay.objects.get(pk=guest.pk).status == "observed"


def test_the_site_of_a_stay_is_a_link_for_those_who_may_open_it(place, guest):
    link, page = f'href="{reverse("isolation-site", args=[place.site.pk])}"', reverse("stay", args=[guest.pk])
    assert link in text(as_("coordinator").get(page))
    shown = text(as_("grid").get(page))
    assert place.site.name in shown
    assert link not in shown


def test_forms_of_a_stay_open_for_those_who_manage_it_alone(place, guest):
    for name in ("stay-exposed", "stay-notice", "stay-hand-over", "stay-end", "stay-move"):
        url = reverse(name, args=[guest.pk])
        assert as_("coordinator").get(url).status_code == 200
        assert as_("grid").get(url).status_code == 403
        assert as_("xihu").get(url).status_code == 404


def test_a_wrong_line_beside_an_alarming_one_is_not_lost(place, guest):
    other = place.stay(place.person("王芳"), last_on=date(2020, 1, 26))
    services.enter(services.NewEntry(other.pk, "arrival", site_id=place.site.pk), place.coordinator)
    client, url = as_("coordinator"), reverse("isolation-checkins", args=[place.site.pk])
    page = client.get(url).content.decode()
    data = {**sheet_line(page, guest), **sheet_line(page, other)}
    data |= {f"{guest.pk.hex[-12:]}-temperature": "38.1", f"{other.pk.hex[-12:]}-temperature": "99"}
    asked = client.post(url, data)
    assert "One more line has a mistake" in text(asked)
    carried = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.content.decode()))
    again = client.post(url, carried)
    assert again.status_code == 422
    assert 'value="99"' in text(again)
    assert list(CheckIn.objects.values_list("stay_id", flat=True)) == [guest.pk]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_certificate_says_who_and_when_in_the_language_in_force(place, guest, language):
    with clock.at(at("2020-02-09", "08:00")):
        services.check_in(services.NewCheck(guest.pk, 36.5), place.coordinator)
        stay = services.release(guest.pk, place.coordinator)
        with translation.override(language), transaction.atomic():
            said = content(stay, selectors.identity(place.coordinator, stay))
    facts = dict(said["facts"])
    assert "李小明" in facts.values()
    words = {
        "en": ("Certificate of release", "9 February 2020", "edition 3"),
        "zh-hans": ("解除医学观察证明", "2020年2月9日", "第3版"),
    }
    for each in words[language]:
        assert each in said["title"] + said["paragraphs"][0]


@pytest.mark.parametrize(("who", "first"), [("coordinator", "isolation-list"), ("grid", "doors")])
def test_whoever_watches_over_people_arrives_there(place, who, first):
    assert as_(who).get(reverse("home")).headers["Location"] == reverse(first)


def test_several_designated_hospitals_are_offered_and_the_one_chosen_receives(place, guest):
    second = places.write_organisation(
        {
            "name": "第二医院",
            "kind": "clinic",
            "area": place.lucheng,
            "phone": "0577-00000122",
            "designated_for": ["covid19"],
        },
        SYSTEM,
    )
    client, url = as_("coordinator"), reverse("stay-feverish", args=[guest.pk])
    page = client.get(url).content.decode()
    assert "0577-00000122" in page
    form_id = re.search(r'name="id" value="([0-9a-f-]+)"', page)[1]
    name = f"hospital-{guest.pk.hex}"
    assert page.count(f'name="{name}"') == 2
    assert client.post(url, {"id": form_id, "temperature": "38", name: str(second.pk)}).status_code == 302
    assert WorkOrder.objects.get(kind="receive_patient").organisation_id == second.pk
    page = text(client.get(reverse("stay", args=[guest.pk])))
    assert "Receiving hospital" in page
    assert "0577-00000122" in page


def test_where_none_is_designated_the_page_says_so_before_and_asks_the_county_after(place, guest):
    place.world.hospital.designated_for = []
    place.world.hospital.save()
    client, url = as_("coordinator"), reverse("stay-feverish", args=[guest.pk])
    page = client.get(url)
    assert "No hospital is designated here" in text(page)
    form_id = re.search(r'name="id" value="([0-9a-f-]+)"', page.content.decode())[1]
    assert client.post(url, {"id": form_id, "temperature": "38"}).status_code == 302
    county, address = as_("lucheng"), reverse("stay-hospital", args=[guest.pk])
    assert "Say which hospital receives" in text(county.get(reverse("stay", args=[guest.pk])))
    sought = WorkOrder.objects.get(kind="find_hospital")
    page = text(county.get(reverse("order", args=[sought.pk])))
    assert "A note does not close this order." in page
    note = {"id": str(ids.new_id()), "note": "人民医院", "finish": "complete"}
    assert county.post(reverse("order-proof", args=[sought.pk]), note).status_code == 422
    assert county.post(reverse("order-move", args=[sought.pk, "complete"])).status_code == 422
    sought.refresh_from_db()
    assert sought.status == "open"
    wrong = county.post(address, {"hospital": "没有的医院"})
    assert wrong.status_code == 422
    assert "None of this name" in text(wrong)
    assert as_("grid").post(address, {"hospital": "鹿城区人民医院"}).status_code == 403
    assert county.post(address, {"hospital": "330302 鹿城区人民医院"}).status_code == 302
    assert WorkOrder.objects.get(kind="receive_patient").organisation_id == place.world.hospital.pk
    assert "Say which hospital receives" not in text(county.get(reverse("stay", args=[guest.pk])))


def test_with_many_sites_one_is_sought_by_name_and_only_its_rooms_are_offered(place, guest):
    for number in range(FEW_SITES):
        site = places.write_site({"name": f"隔离点{number}", "kind": "isolation", "area": place.lucheng}, SYSTEM)
        services.add_room(site.pk, "901", 1, place.tracer)
    client, url = as_("lucheng"), reverse("stay-move", args=[guest.pk])
    page = client.get(url).content.decode()
    assert "<optgroup" not in page
    assert 'list="picked-site-offered"' in page
    offered = client.get(reverse("place-search", args=["site"]), {"kind": "isolation", "site": "隔离点3"})
    assert offered.content.decode().count("<option") == 1
    page = client.get(url, {"site": "330302 隔离点3"}).content.decode()
    assert page.count("<optgroup") == 1
    assert 'value="330302 隔离点11"' in client.get(url, {"site": str(site.pk)}).content.decode()
    room = Site.objects.get(name="隔离点3").rooms.get()
    form_id = re.search(r'name="id" value="([0-9a-f-]+)"', page)[1]
    moved = client.post(f"{url}?site=隔离点3", {"id": form_id, "where": str(room.pk)})
    assert moved.status_code == 302
    assert Stay.objects.get(pk=guest.pk).room == room
    listed = reverse("stay-list")
    assert "李**" in text(client.get(listed, {"site": "隔离点3"}))
    assert "李**" not in text(client.get(listed, {"site": "隔离点4"}))
    assert "None of this name" in text(client.get(listed, {"site": "没有的地方"}))


def test_a_rare_character_is_never_an_empty_box_on_the_certificate(place):
    stay = place.stay(place.person("李㛃𠮷"), last_on=date(2020, 1, 13))
    services.enter(services.NewEntry(stay.pk, "arrival", site_id=place.site.pk), place.coordinator)
    services.check_in(services.NewCheck(stay.pk, 36.5), place.coordinator)
    stay = services.release(stay.pk, place.coordinator)
    with translation.override("zh-hans"), transaction.atomic():
        said = content(stay, selectors.identity(place.coordinator, stay))
    assert "李㛃[U+20BB7]" in dict(said["facts"]).values()
    assert len(said["paragraphs"]) == 2
    assert certificate(stay.pk, place.coordinator).startswith(b"%PDF")


def test_what_the_fonts_hold_stands_as_it_is():
    assert settable("李小明 2020-02-09") == "李小明 2020-02-09"


def test_a_label_of_the_page_of_a_stay_belongs_to_one_field(place, guest):
    there = re.findall(r'\bid="([^"]+)"', text(as_("coordinator").get(reverse("stay", args=[guest.pk]))))
    assert sorted({one for one in there if there.count(one) > 1}) == []


def test_the_last_days_are_shown_and_the_earlier_check_ins_open_below(place, guest):
    for n in range(8):
        with clock.at(at("2020-01-28", f"{10 + n}:00")):
            services.check_in(services.NewCheck(guest.pk, temperature=36.5), place.coordinator)
    with clock.at(at("2020-01-28", "20:00")):
        page = text(as_("coordinator").get(reverse("stay", args=[guest.pk])))
    latest, earlier = page.split("2 earlier check-ins")
    assert latest.count("2020-01-28 1") == 6
    assert "2020-01-28 10:00" in earlier
    assert "2020-01-28 10:00" not in latest


def test_the_difference_between_two_lists_is_told_in_columns_that_have_heads(place, guest):
    page = text(as_("lucheng").get(reverse("stay-counts")))
    for table in re.findall(r"<table.*?</table>", page):
        heads = len(re.findall(r"<th scope=\"col\"", table))
        assert {len(re.findall(r"<t[hd]\b", row)) for row in re.findall(r"<tr.*?</tr>", table)} == {heads}
