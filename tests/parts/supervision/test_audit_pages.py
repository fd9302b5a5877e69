"""Who did and saw what, asked by an auditor of the province and by one of a county."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from lianfang.kernel import audit, clock, events
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry import services as registry
from lianfang.registry.models import PossibleDuplicate
from lianfang.registry.services import PersonDetails
from lianfang.supervision import in_words, selectors, services
from lianfang.supervision.models import Verification
from lianfang.supervision.words import LOOKS
from lianfang.surveillance import services as cases
from lianfang.surveillance.evidence import Evidence
from lianfang.tracing.services import NewLink, link_many
from lianfang.workorders import services as orders
from lianfang.workorders.models import WorkOrder

MORNING = datetime(2020, 1, 27, 1, 0, tzinfo=UTC)
NAME, PHONE, ID_NUMBER, ADDRESS = "司马相如", "13900000001", "330302198001010011", "学院路甲乙丙号"
POSITIVE = {"labs": [{"test": "pcr", "result": "positive", "specimen": "throat_swab", "resulted_on": "2020-01-27"}]}


def notified(world, area="330302", who="lucheng", hour=MORNING, **about):
    person = PersonDetails(name=NAME, phone=PHONE, id_number=ID_NUMBER, address=ADDRESS, sex="M", area=world.area(area))
    with clock.at(hour):
        return cases.notify(
            cases.Notification(
                disease="covid19",
                area=world.area(area),
                evidence=Evidence(declared="suspected", onset_on=date(2020, 1, 24), diagnosed_on=date(2020, 1, 27)),
                person=person,
                **about,
            ),
            world.actor(who),
        )


@pytest.fixture
def case(world):
    return notified(world)


@pytest.fixture
def signed_in(client, world):
    def sign_in(who):
        client.force_login(world.users[who], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def kinds_of(world, who, case):
    return list(selectors.of_case(world.actor(who), case).values_list("kind", flat=True))


def test_the_record_of_a_case_holds_what_was_done_and_seen_newest_first(world, case, signed_in):
    with clock.at(MORNING + timedelta(hours=1)):
        order = WorkOrder.objects.get(subject_id=case.pk, kind="review_report")
        orders.move(order.pk, "accept", world.actor("lucheng"))
    with clock.at(MORNING + timedelta(days=1)):
        cases.observe(case.pk, "lab_result", POSITIVE, world.actor("wenzhou"))
    signed_in("wenzhou").get(reverse("case", args=[case.pk]))
    assert kinds_of(world, "auditor", case) == [
        "case.viewed", "case.confirmed", "case.classified", "case.observed", "order.accepted", "case.notified",
    ]  # fmt: skip
    page = signed_in("auditor").get(reverse("audit-case", args=[case.pk]), headers={"accept-language": "en"})
    assert page.status_code == 200
    for shown in (case.number, "evidence added", "work order accepted", "case opened, identity shown", "Wenzhou"):
        assert shown in page.content.decode(), shown
    assert kinds_of(world, "auditor", case)[0] == "audit.case_read"


def test_a_merge_of_its_person_an_import_and_a_link_belong_to_the_record_of_a_case(world, case):
    me = world.actor("lucheng")
    run = Event(id=case.pk).id  # any id will do for an import that no table here knows
    other = notified(world, import_id=run, source="list", local_id="7", channel="import")
    third = notified(world, source="list", local_id="8")
    with clock.at(MORNING + timedelta(hours=1)):
        registry.merge(case.person_id, other.person_id, me)
        assert link_many([NewLink("8", "7")], "list", me)
        events_of_import(run, world)
    kinds = kinds_of(world, "auditor", other)
    assert {"person.merged", "link.stated", "import.started", "case.notified"} <= set(kinds)
    assert "person.merged" in kinds_of(world, "auditor", case)
    assert "link.stated" in kinds_of(world, "auditor", third)
    assert "person.merged" not in kinds_of(world, "auditor", third)


def events_of_import(run, world):
    from django.db import transaction

    with transaction.atomic():
        events.record("import.started", world.actor("lucheng"), subject=("import", run), path=world.area("330302").path)


def test_lists_over_the_area_and_searches_that_found_it_are_shown_apart(world, case, signed_in):
    signed_in("wenzhou").get(reverse("case-list"), {"area": "330300"})
    signed_in("xihu").get(reverse("case-list"))
    client = signed_in("lucheng")
    client.get(reverse("case-list"))
    from lianfang.surveillance.selectors import search

    search(world.actor("lucheng"), case.number)
    search(world.actor("lucheng"), "nobody")
    version = selectors.audited_case(world.actor("auditor"), case.pk)
    found = selectors.lists_over(world.actor("auditor"), version)
    assert sorted((event.kind, event.by.username) for event in found) == [
        ("case.listed", "lucheng"), ("case.listed", "wenzhou"), ("case.searched", "lucheng"),
    ]  # fmt: skip
    page = signed_in("auditor").get(reverse("audit-case", args=[case.pk]), {"view": "lists"})
    assert page.status_code == 200
    assert len(page.context["entries"]) == 3


def test_an_auditor_of_one_county_sees_nothing_of_another(world, case, signed_in):
    elsewhere = notified(world, area="330106", who="xihu")
    signed_in("xihu").get(reverse("case", args=[elsewhere.pk]))
    client = signed_in("lucheng_auditor")
    mine = world.actor("lucheng_auditor")
    assert {event.path for event in selectors.recorded(mine) if event.path} == {world.area("330302").path}
    assert not selectors.recorded(mine).filter(by=world.users["xihu"]).exists()
    assert client.get(reverse("audit-case", args=[case.pk])).status_code == 200
    assert client.get(reverse("audit-case", args=[elsewhere.pk])).status_code == 404
    assert client.get(reverse("audit-user", args=[world.users["lucheng"].pk])).status_code == 200
    assert client.get(reverse("audit-user", args=[world.users["xihu"].pk])).status_code == 404
    page = client.get(reverse("audit"), {"case": elsewhere.number})
    assert page.status_code == 200
    assert elsewhere.number not in [entry.about for entry in page.context["entries"]]
    for query in ({"user": "xihu"}, {"area": "330106"}):
        assert client.get(reverse("audit"), query).context["entries"] == []
    exported = b"".join(client.get(reverse("audit-export")).streaming_content).decode()
    assert str(elsewhere.pk) not in exported
    assert "Xihu" not in exported
    assert str(case.pk) in exported


def test_what_somebody_did_without_a_place_is_seen_where_that_person_works(world, signed_in):
    from lianfang.surveillance.selectors import search

    search(world.actor("doctor"), "nobody")
    search(world.actor("xihu"), "nobody")
    seen = selectors.recorded(world.actor("lucheng_auditor")).filter(kind="case.searched")
    assert [event.by.username for event in seen] == ["doctor"]


@pytest.mark.parametrize("who", ["lucheng", "doctor", "officer", "publisher"])
def test_nobody_else_audits(world, case, signed_in, who):
    client = signed_in(who)
    for address in (
        reverse("audit"),
        reverse("audit-export"),
        reverse("audit-case", args=[case.pk]),
        reverse("audit-chain"),
    ):
        assert client.get(address).status_code == 403
    assert client.post(reverse("audit-verify")).status_code == 403
    assert not Verification.objects.exists()


def test_the_record_narrows_by_user_kind_area_and_days(world, case, signed_in):
    with clock.at(MORNING + timedelta(days=2)):
        cases.observe(case.pk, "lab_result", POSITIVE, world.actor("wenzhou"))
    notified(world, area="330106", who="xihu")
    client = signed_in("auditor")

    def shown(**query):
        return sorted({(entry.event.kind) for entry in client.get(reverse("audit"), query).context["entries"]})

    assert shown(user="wenzhou") == ["case.classified", "case.confirmed", "case.observed"]
    assert shown(user="Xihu", kind="case.notified") == ["case.notified"]
    assert shown(kind="looks") == ["audit.listed"]
    assert "audit.listed" not in shown(kind="deeds")
    assert shown(area="西湖区") == shown(area="330106") == ["case.notified"]
    assert shown(**{"from": "2020-01-29", "until": "2020-01-29"}) == [
        "case.classified",
        "case.confirmed",
        "case.observed",
    ]
    assert client.get(reverse("audit"), {"case": case.number}).headers["Location"] == reverse(
        "audit-case", args=[case.pk]
    )
    for wrong in ({"from": "yesterday"}, {"area": "Atlantis"}, {"after": "x"}):
        assert client.get(reverse("audit"), wrong).status_code == 422


def test_the_record_is_paged_by_key_and_every_event_is_shown_once(world, signed_in):
    from django.db import transaction

    for minute in range(6):
        with clock.at(MORNING + timedelta(minutes=minute // 3)), transaction.atomic():
            events.write(events.made("areas.loaded", world.actor("lucheng"), path="CN/330000/") for _ in range(25))
    wanted, after, seen = selectors.AuditFilter(kind="areas.loaded"), None, []
    while True:
        page, after = selectors.page_of(selectors.entries(world.actor("auditor"), wanted), after)
        seen += page
        if after is None:
            break
        after = selectors.read_place(selectors.write_place(after))
    assert len(seen) == len({event.pk for event in seen}) == 150
    assert [event.at for event in seen] == sorted((event.at for event in seen), reverse=True)


def answers():
    """Whatever the form asks for, with a name and a telephone number in every text."""
    from lianfang.definitions import selectors as definitions

    given = {"text": f"{NAME} {PHONE}", "yes_no": "yes", "date": "2020-01-20", "number": 37}
    found = {}
    for section in definitions.form("case_investigation").sections:
        for question in section.questions:
            if question.required:
                found[question.code] = given.get(question.kind) or next(iter(question.choices or ["fever"]))
    return found


def test_no_name_number_or_address_of_anybody_is_ever_in_an_event(world, case, signed_in):
    """Everything a person can do with a case in the console, then every event, every column."""
    client = signed_in("lucheng")
    client.get(reverse("case", args=[case.pk]))
    for text in (NAME, PHONE, ID_NUMBER):
        from lianfang.surveillance.selectors import search

        assert search(world.actor("lucheng"), text)
    client.get(reverse("case-list"))
    b"".join(client.get(reverse("case-export")).streaming_content)
    with clock.at(MORNING + timedelta(hours=3)):
        cases.observe(case.pk, "lab_result", POSITIVE, world.actor("lucheng"))
        cases.review(case.pk, world.actor("lucheng"))
        cases.investigate(case.pk, "case_investigation", answers(), world.actor("lucheng"))
        other = notified(world)
        registry.merge(case.person_id, other.person_id, world.actor("lucheng"))
        pair = PossibleDuplicate.objects.get(person=other.person_id, other=case.person_id)
        registry.undo(pair.pk, world.actor("lucheng"))
    auditor = signed_in("auditor")
    auditor.get(reverse("audit"), {"case": NAME})
    auditor.get(reverse("audit"), {"user": PHONE})
    auditor.get(reverse("audit-case", args=[case.pk]))
    assert Event.objects.count() > 15
    for row in Event.objects.values_list():
        for secret in (NAME, PHONE, ID_NUMBER, ADDRESS):
            assert secret not in str(row), row


def test_late_and_back_dated_entries_are_visible(world, case, signed_in):
    with clock.at(MORNING + timedelta(days=9)):
        cases.observe(case.pk, "lab_result", POSITIVE, world.actor("lucheng"), observed_at=MORNING + timedelta(days=1))
        audit.seal_all()
    with clock.at(MORNING + timedelta(days=2)):
        cases.review(case.pk, world.actor("lucheng"))
    with clock.at(MORNING + timedelta(days=10)):
        audit.seal_all()
    shown = {entry.event.kind: entry for entry in in_words.entries(selectors.of_case(world.actor("auditor"), case))}
    assert "8" in shown["case.observed"].late
    assert shown["case.notified"].late == ""
    assert {kind for kind, entry in shown.items() if entry.back_dated} == {"case.reviewed", "order.done"} & set(shown)
    assert shown["case.reviewed"].back_dated


def test_the_exported_record_is_safe_to_open_in_a_spreadsheet(world, signed_in):
    from django.db import transaction

    world.users["lucheng"].display_name = "=cmd|' /C calc'!A0"
    world.users["lucheng"].save()
    with transaction.atomic():
        events.record("areas.loaded", world.actor("lucheng"), path="CN/330000/", details={"count": "=1+1"})
    response = signed_in("auditor").get(reverse("audit-export"))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["kind"] for row in rows} >= {"areas.loaded", "audit.exported"}
    for row in rows:
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values()), row


def test_a_walk_ordered_in_the_console_runs_as_a_job_and_agrees_with_the_library(world, case, signed_in):
    audit.seal_all()
    client = signed_in("auditor")
    assert client.post(reverse("audit-verify")).status_code == 302
    ordered = Verification.objects.get()
    assert ordered.finished_at is None
    page = client.get(reverse("audit-chain"), headers={"hx-request": "true"})
    assert page.context["running"] == ordered
    with pytest.raises(Refused):
        services.order_verification(world.actor("auditor"))
    from lianfang.supervision.jobs import walk

    walk.func(str(ordered.pk))
    ordered.refresh_from_db()
    assert ordered.whole
    assert list(audit.verify()) == []
    page = client.get(reverse("audit-chain"))
    assert page.status_code == 200
    assert page.context["last"] == ordered
    verified = Event.objects.get(kind="audit.verified")
    assert (verified.by.username, verified.details["findings"]) == ("auditor", 0)


def test_a_finding_is_named_to_those_whose_area_it_lies_in_and_counted_for_others(world, case, signed_in):
    with clock.at(MORNING + timedelta(days=5)):
        audit.seal_all()
    notified(world, area="330106", who="xihu")  # dated five days before the seal that left nothing behind
    found = services.verify(SYSTEM)
    assert found.counts == {"back_dated": 1}
    assert not found.whole
    for who, named, elsewhere in (("auditor", 1, 0), ("lucheng_auditor", 0, 1)):
        shown, others = selectors.findings_for(world.actor(who), found.findings)
        assert (len(shown), others) == (named, elsewhere), who
    assert signed_in("lucheng_auditor").get(reverse("audit-chain")).status_code == 200


def test_a_walk_that_breaks_says_so_and_another_may_be_ordered(world, signed_in, monkeypatch):
    ordered = services.order_verification(world.actor("auditor"))
    from lianfang.supervision import jobs

    def broken(*_args, **_kwargs):
        raise OSError("disk")

    monkeypatch.setattr(audit, "verify", broken)
    with pytest.raises(OSError, match="disk"):
        jobs.walk.func(str(ordered.pk))
    ordered.refresh_from_db()
    assert ordered.failed
    assert not ordered.whole
    assert services.running() is None


def test_every_kind_of_event_has_its_details_in_words(world, case):
    """No page shows the name of a column: each name under which a part keeps details has words."""
    from lianfang.supervision.words import DETAILS

    with clock.at(MORNING + timedelta(hours=3)):
        cases.observe(case.pk, "lab_result", POSITIVE, world.actor("lucheng"))
        cases.review(case.pk, world.actor("lucheng"))
        cases.mark_duplicate(case.pk, world.actor("lucheng"))
        services.verify(world.actor("auditor"))
    used = {name for details in Event.objects.values_list("details", flat=True) for name in details}
    assert used <= DETAILS.keys()


def test_whatever_only_looked_counts_as_a_look():
    verbs = (
        "listed",
        "opened",
        "viewed",
        "searched",
        "exported",
        "previewed",
        "case_read",
        "user_read",
        "refused_read",
    )
    looks = {kind for kind in events.kinds() if kind.rpartition(".")[2] in verbs} - {"tracing.opened"}  # which is begun
    assert looks - set(LOOKS) == set()
