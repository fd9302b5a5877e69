"""Finding the likely same person, merging, undoing, and what is shown to whom."""

import re
from contextlib import contextmanager
from datetime import date
from threading import Barrier, Thread

import pytest
from django.db import connection, connections, transaction
from django.utils import translation

from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.registry import selectors, services
from lianfang.registry.models import Person, PersonKey, PossibleDuplicate
from lianfang.registry.services import PersonDetails

ID_NUMBER, PHONE = "330302198005060013", "13957700001"
BORN = {"sex": "M", "birth_date": date(1980, 5, 6)}


@pytest.fixture
def browse(world, client):
    def signed_in(name: str):
        client.force_login(world.users[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


def wrote(*described: PersonDetails) -> list[Person]:
    """People written down the way a batch of notifications does it, with the pairs it offers."""
    likely = services.likely_same(described)
    people, keys, pairs = [], [], []
    for details in described:
        person, own = services.new_person(details)
        people.append(person)
        keys += own
        pairs += services.offered(person, likely.get(person.pk, ()))
    Person.objects.bulk_create(people)
    PersonKey.objects.bulk_create(keys)
    PossibleDuplicate.objects.bulk_create(pairs)
    return people


def said(world, name="张伟", area="330302", **about) -> PersonDetails:
    return PersonDetails(name=name, area=world.area(area), **{**BORN, **about})


def standing() -> dict[str, set[frozenset]]:
    """Who is one person with whom, as sets of records."""
    groups: dict = {}
    for person in Person.objects.all():
        groups.setdefault(person.stands_under_id, set()).add(person.pk)
    return {frozenset(group) for group in groups.values()}


@contextmanager
def refused(code: str):
    with pytest.raises(Refused) as no:
        yield
    assert [refusal.code for refusal in no.value.refusals] == [code]


def events_of(kind: str) -> list[Event]:
    return list(Event.objects.filter(kind=kind).order_by("id"))


# ---------------------------------------------------------------------------------------------------------- finding


def test_somebody_known_is_found_under_a_wrong_character(world):
    [known] = wrote(said(world, "章伟", phone=PHONE))
    described = said(world, "张伟", phone=PHONE)
    [likeness] = services.likely_same([described])[described.id]
    assert likeness.person == known
    assert likeness.match.verdict in ("certain", "likely")


def test_two_rows_of_one_batch_find_one_another(world):
    first, second = wrote(said(world, phone=PHONE), said(world, "章伟", phone=PHONE))
    [pair] = PossibleDuplicate.objects.all()
    assert (pair.person, pair.other) == (second, first)


def test_an_age_that_is_known_as_a_year_is_kept_and_weighed(world):
    [known] = wrote(said(world, "王秀英", birth_date=None, birth_year=1980))
    assert Person.objects.get().birth_year == 1980
    same, other = (said(world, "王秀瑛", birth_date=None, birth_year=year) for year in (1981, 1950))
    found = services.likely_same([same, other])
    assert [likeness.person for likeness in found[same.id]][-1:] == [known]
    assert known not in [likeness.person for likeness in found.get(other.id, [])]


def test_a_merged_record_still_leads_to_its_person(world):
    old, new = wrote(said(world, phone=PHONE), said(world, "章伟", phone="13900000009"))
    services.merge(new.pk, old.pk, world.actor("lucheng"))
    described = PersonDetails(name="张伟", phone=PHONE, area=world.area("330302"))
    [likeness] = services.likely_same([described])[described.id]
    assert likeness.person == new


def test_a_likely_same_search_takes_the_same_few_queries_for_one_and_for_many(world, django_assert_max_num_queries):
    wrote(*(said(world, f"王小{c}", phone=f"1395770{n:04d}") for n, c in enumerate("一二三四五六七八九十百千")))
    described = [said(world, f"王小{c}", phone=f"1395770{n:04d}") for n, c in enumerate("一二三四五六七八九十百千")]
    with django_assert_max_num_queries(2):
        found = services.likely_same(described)
    assert len(found) == len(described)


def test_search_by_name_finds_all_records_of_the_person_but_only_those_in_scope(world):
    here, there = wrote(said(world, phone=PHONE), said(world, "章伟", "330106", phone=PHONE))
    services.merge(here.pk, there.pk, world.actor("zhejiang"))
    assert set(selectors.people_called(world.actor("zhejiang"), "章伟")) == {here.pk, there.pk}
    assert selectors.people_called(world.actor("xihu"), "张伟") == []
    assert selectors.people_called(world.actor("lucheng"), "张伟") == [here.pk]
    assert selectors.people_called(world.actor("officer"), "张伟") == []


# ------------------------------------------------------------------------------------------------ merging and undoing


def pair_of(one: Person, other: Person) -> PossibleDuplicate:
    return PossibleDuplicate.objects.get(person__in=[one, other], other__in=[one, other])


def three(world) -> list[Person]:
    """Three records of whom each two are offered as a pair."""
    found = wrote(*(said(world, name, phone=PHONE) for name in ("张伟", "章伟", "张玮")))
    assert PossibleDuplicate.objects.count() == 3
    return found


def test_a_merge_leaves_an_event_and_the_records_as_they_were(world):
    one, other = wrote(said(world, phone=PHONE), said(world, "章伟", phone=PHONE))
    services.merge(one.pk, other.pk, world.actor("lucheng"))
    other.refresh_from_db()
    assert (other.merged_into_id, other.name) == (one.pk, "章伟")
    assert pair_of(one, other).decision == "same"
    [event] = events_of("person.merged")
    assert (event.by_id, event.subject_id, event.details["merged"]) == (
        world.users["lucheng"].pk,
        one.pk,
        [str(other.pk)],
    )


def test_undoing_a_merge_gives_back_what_was_and_leaves_an_event(world):
    one, other = wrote(said(world, phone=PHONE), said(world, "章伟", phone=PHONE))
    services.merge(one.pk, other.pk, world.actor("lucheng"))
    services.undo(pair_of(one, other).pk, world.actor("lucheng"))
    assert standing() == {frozenset({one.pk}), frozenset({other.pk})}
    assert pair_of(one, other).decision == ""
    assert len(events_of("person.unmerged")) == 1
    services.merge(other.pk, one.pk, world.actor("lucheng"))  # and the other way round after that
    one.refresh_from_db()
    assert one.merged_into_id == other.pk


def test_later_merges_leave_one_record_that_stands_for_all(world):
    a, b, c = three(world)
    services.merge(b.pk, a.pk, world.actor("lucheng"))
    services.merge(c.pk, b.pk, world.actor("lucheng"))
    assert {person.merged_into_id for person in Person.objects.exclude(pk=c.pk)} == {c.pk}
    assert selectors.possible_duplicates(world.actor("lucheng")).count() == 0  # a and c follow from the other two
    with refused("person.already_merged"):
        services.merge(a.pk, c.pk, world.actor("lucheng"))


@pytest.mark.parametrize(
    ("undone", "left"),
    [((0, 1), [{0}, {1, 2}]), ((1, 2), [{0, 1}, {2}])],
    ids=["the first decision", "the second"],
)
def test_taking_one_decision_of_a_chain_back_leaves_what_the_others_say(world, undone, left):
    people = three(world)
    a, b, c = people
    services.merge(b.pk, a.pk, world.actor("lucheng"))
    services.merge(c.pk, b.pk, world.actor("lucheng"))
    services.undo(pair_of(people[undone[0]], people[undone[1]]).pk, world.actor("lucheng"))
    assert standing() == {frozenset(people[at].pk for at in group) for group in left}
    assert not Person.objects.filter(merged_into__merged_into__isnull=False).exists()


def test_a_merge_by_one_decision_survives_the_undoing_of_another_by_way_of_a_third(world):
    """a was found to be b, then a to be c. Taking back a = b leaves a = c, though c had been joined to b's person."""
    a, b, c = three(world)
    services.merge(b.pk, a.pk, world.actor("lucheng"))
    services.merge(a.pk, c.pk, world.actor("lucheng"))
    services.undo(pair_of(a, b).pk, world.actor("lucheng"))
    assert standing() == {frozenset({a.pk, c.pk}), frozenset({b.pk})}


def test_who_was_told_apart_is_not_merged_by_way_of_a_third(world):
    a, b, c = three(world)
    services.decide_different(pair_of(a, c).pk, world.actor("lucheng"))
    services.merge(b.pk, a.pk, world.actor("lucheng"))
    with refused("person.told_apart_before"):
        services.merge(c.pk, b.pk, world.actor("lucheng"))
    services.undo(pair_of(a, c).pk, world.actor("lucheng"))
    services.merge(c.pk, b.pk, world.actor("lucheng"))
    assert [event.kind for event in Event.objects.filter(kind__startswith="person.").order_by("id")] == [
        "person.told_apart",
        "person.merged",
        "person.reconsidered",
        "person.merged",
    ]


@pytest.mark.parametrize("again", ["same", "different", "itself", "undo nothing"])
def test_refusals(world, again):
    one, other = wrote(said(world, phone=PHONE), said(world, "章伟", phone=PHONE))
    actor, pair = world.actor("lucheng"), pair_of(one, other)
    if again == "undo nothing":
        with refused("person.nothing_to_undo"):
            services.undo(pair.pk, actor)
        return
    if again == "itself":
        with refused("person.merge_with_itself"):
            services.merge(one.pk, one.pk, actor)
        return
    services.merge(one.pk, other.pk, actor)
    with refused("person.already_merged" if again == "same" else "person.already_decided"):
        services.merge(one.pk, other.pk, actor) if again == "same" else services.decide_different(pair.pk, actor)
    assert len(events_of("person.merged")) == 1


@pytest.mark.parametrize("who", ["lucheng", "xihu", "doctor", "officer", "auditor"])
def test_only_who_may_merge_both_records_sees_or_decides_a_pair(world, who):
    here, there = wrote(said(world, phone=PHONE), said(world, "章伟", "330106", phone=PHONE))
    actor, pair = world.actor(who), PossibleDuplicate.objects.get()
    assert not selectors.possible_duplicates(actor).exists()
    for attempt in (
        lambda: services.merge(here.pk, there.pk, actor),
        lambda: services.decide_different(pair.pk, actor),
        lambda: services.undo(pair.pk, actor),
    ):
        with refused("kernel.not_found"):
            attempt()
    assert not Event.objects.filter(kind__startswith="person.").exists()
    assert selectors.possible_duplicates(world.actor("zhejiang")).count() == 1


def test_the_open_pairs_of_a_person(world):
    a, b, c = three(world)
    assert len(services.pairs_of(a.pk, world.actor("lucheng"))) == 2
    assert services.pairs_of(a.pk, world.actor("xihu")) == []
    services.merge(b.pk, a.pk, world.actor("lucheng"))
    assert {(pair.person_id, pair.other_id) for pair in services.pairs_of(b.pk, world.actor("lucheng"))} == {
        (c.pk, a.pk),
        (c.pk, b.pk),
    }
    services.decide_different(pair_of(a, c).pk, world.actor("lucheng"))
    services.decide_different(pair_of(b, c).pk, world.actor("lucheng"))
    assert services.pairs_of(a.pk, world.actor("lucheng")) == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="tests on SQLite share one connection in memory")
@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_one_wins_and_the_other_is_told(world):
    """One merges a into b, the other b into a, and a third tells them apart: exactly one is done."""
    a, b = wrote(said(world, phone=PHONE), said(world, "章伟", phone=PHONE))
    pair, actor, start, done = pair_of(a, b), world.actor("lucheng"), Barrier(3), []

    def attempt(decide):
        try:
            start.wait(10)
            decide()
            done.append("done")
        except Refused:
            done.append("refused")
        finally:
            connections.close_all()

    decisions = [
        lambda: services.merge(a.pk, b.pk, actor),
        lambda: services.merge(b.pk, a.pk, actor),
        lambda: services.decide_different(pair.pk, actor),
    ]
    threads = [Thread(target=attempt, args=(decide,)) for decide in decisions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == ["done", "refused", "refused"]
    assert len(events_of("person.merged")) + len(events_of("person.told_apart")) == 1
    assert Person.objects.filter(merged_into__isnull=False).count() == len(events_of("person.merged"))


# ------------------------------------------------------------------------------------------------------ at the entry


def test_choosing_somebody_known_at_entry_joins_the_new_record_and_can_be_undone(world):
    [known] = wrote(said(world, phone=PHONE))
    [new] = wrote(said(world, "章伟", phone="13900000009"))
    services.enter_as({new.pk: known.pk}, world.actor("lucheng"))
    new.refresh_from_db()
    assert (new.merged_into_id, new.phone) == (known.pk, "13900000009")
    assert events_of("person.merged")[0].details["how"] == "entry"
    services.undo(pair_of(new, known).pk, world.actor("lucheng"))
    assert len(standing()) == 2


def test_nobody_is_chosen_whom_one_may_not_see(world):
    [known] = wrote(said(world, area="330106", phone=PHONE))
    [new] = wrote(said(world, "章伟"))
    with refused("person.not_yours_to_choose"):
        services.enter_as({new.pk: known.pk}, world.actor("lucheng"))
    assert len(standing()) == 2


@translation.override("en")
def test_of_somebody_elsewhere_only_the_area_is_disclosed_and_that_only_when_the_likeness_is_strong(world):
    wrote(said(world, area="330106", phone=PHONE, id_number=ID_NUMBER))
    described = said(world, "章伟", phone=PHONE)
    likely = services.likely_same([described])[described.id]
    [shown] = services.disclosed(world.actor("lucheng"), likely)
    assert shown.person_id is None
    assert "张" not in str(shown)
    assert "Xihu" in shown.name
    assert PHONE not in str(shown)
    [event] = events_of("person.offered")
    assert (event.details["shown"], event.path) == ("area", world.area("330106").path)
    [in_scope] = services.disclosed(world.actor("xihu"), likely)
    assert (in_scope.name, in_scope.person_id) == ("张伟", likely[0].person.pk)
    assert "same telephone" in in_scope.reasons
    weak = said(world, "张伟", birth_date=None, birth_year=1980, area="330106")
    only_possible = services.likely_same([weak])[weak.id]
    assert only_possible[0].match.verdict == "possible"
    assert services.disclosed(world.actor("lucheng"), only_possible) == []


# ------------------------------------------------------------------------------------------------------------- pages


def test_the_list_masks_names_and_the_page_of_a_pair_shows_them_and_records_the_look(world, browse):
    one, other = wrote(said(world, "张小红", phone=PHONE), said(world, "张晓红", phone=PHONE))
    pair = pair_of(one, other)
    listed = browse("lucheng").get("/persons/duplicates/").content.decode()
    assert str(pair.pk) in listed
    assert "小红" not in listed
    shown = browse("lucheng").get(f"/persons/duplicates/{pair.pk}/").content.decode()
    assert "<mark>小</mark>" in shown
    assert "<mark>晓</mark>" in shown
    assert {event.subject_id for event in events_of("person.viewed")} == {one.pk, other.pk}
    assert len(events_of("person.listed")) == 1


def test_a_pair_is_merged_and_undone_in_the_pages(world, browse):
    one, other = wrote(said(world, phone=PHONE), said(world, "章伟", phone=PHONE))
    pair, client = pair_of(one, other), browse("lucheng")
    address = f"/persons/duplicates/{pair.pk}/"
    assert client.post(f"{address}decide/", {"decision": "same", "keep": "person"}).status_code == 302
    one.refresh_from_db()
    assert one.merged_into_id == other.pk  # the pair's own record is the newer
    assert 'value="undo"' in client.get(address).content.decode()
    client.post(f"{address}decide/", {"decision": "undo"})
    client.post(f"{address}decide/", {"decision": "different"})
    pair.refresh_from_db()
    assert pair.decision == "different"
    client.post(f"{address}decide/", {"decision": "undo"})
    pair.refresh_from_db()
    assert pair.decision == ""
    assert client.post(f"{address}decide/", {"decision": "nonsense"}).status_code == 422


def test_a_pair_elsewhere_is_not_there(world, browse):
    wrote(said(world, phone=PHONE), said(world, "章伟", "330106", phone=PHONE))
    pair = PossibleDuplicate.objects.get()
    for name, status in (("lucheng", 404), ("doctor", 403), ("zhejiang", 200)):
        assert browse(name).get(f"/persons/duplicates/{pair.pk}/").status_code == status
        assert browse(name).post(f"/persons/duplicates/{pair.pk}/decide/", {"decision": "same"}).status_code in (
            status,
            302,
        )
    assert len(events_of("person.merged")) == 1  # by the province
    assert len(events_of("person.viewed")) == 2


def test_hostile_text_in_a_name_is_shown_as_text(world, browse):
    bad = '<script>alert(1)</script>"; DROP TABLE registry_person; --'
    wrote(said(world, bad, phone=PHONE), said(world, bad + "x", phone=PHONE))
    page = browse("lucheng").get(f"/persons/duplicates/{PossibleDuplicate.objects.get().pk}/").content.decode()
    assert "<script>alert" not in page
    assert re.search("&lt;script&gt;|&lt;", page)


def test_no_name_number_or_telephone_stands_in_the_clear(world):
    wrote(
        said(world, "张小红", phone=PHONE, id_number=ID_NUMBER), said(world, "张晓红", phone=PHONE, id_number=ID_NUMBER)
    )
    one, other = Person.objects.order_by("created_at", "id")
    services.merge(one.pk, other.pk, SYSTEM)
    with connection.cursor() as cursor, transaction.atomic():
        for table in ("registry_person", "registry_personkey", "registry_possibleduplicate", "kernel_event"):
            cursor.execute(f"SELECT * FROM {table}")
            rows = repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()])
            assert rows != "[]"
            for secret in ("小红", "晓红", PHONE, ID_NUMBER):
                assert secret not in rows
                assert repr(secret.encode())[2:-1] not in rows
