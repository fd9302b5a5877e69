import fcntl
import json
import os

import pytest
from django.db import connection

from lianfang.kernel import clock, sealing
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event
from lianfang.kernel.sealing import CannotOpen, Keyring, change_keys, keyring, rotate_sealing_key
from lianfang.registry import selectors, services
from lianfang.registry.models import Person, PersonKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def key_file(settings, tmp_path):
    settings.KEYS_FILE = tmp_path / "keys.json"
    return settings.KEYS_FILE


def rotate_keys():
    rotate_sealing_key(SYSTEM, settles=0)


def stored(column, person):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM registry_person WHERE id = %s",
            [person.pk.hex if connection.vendor == "sqlite" else person.pk],
        )
        return bytes(cursor.fetchone()[0])


def test_an_identity_field_is_ciphertext_in_the_database_and_text_when_read(key_file):
    person = Person.objects.create(name="王秀英", phone="13900000001", created_at=clock.now())
    assert "王秀英".encode() not in stored("name", person)
    assert Person.objects.get(pk=person.pk).name == "王秀英"
    assert Person.objects.get(pk=person.pk).address == ""
    assert "王秀英" not in repr(Person.objects.values("name").get(pk=person.pk))


def test_ciphertext_moved_to_another_row_or_column_does_not_open():
    ring = Keyring.generate()
    sealed = ring.seal("王秀英", "registry_person.name", 1)
    assert ring.open(sealed, "registry_person.name", 1) == "王秀英"
    for column, row in [("registry_person.name", 2), ("registry_person.phone", 1)]:
        with pytest.raises(CannotOpen) as refused:
            ring.open(sealed, column, row)
        assert "王秀英" not in str(refused.value)


def test_after_rotation_old_rows_are_sealed_with_the_new_key(key_file):
    person = Person.objects.create(name="李娜", created_at=clock.now())
    before = stored("name", person)
    rotate_keys()
    after = stored("name", person)
    assert (before[:2], after[:2]) == (b"\x00\x01", b"\x00\x02")
    assert Person.objects.get(pk=person.pk).name == "李娜"


def test_two_that_rotate_at_once_both_keep_their_keys(key_file):
    rotate_keys()
    person = Person.objects.create(name="李娜", created_at=clock.now())
    after = keyring()

    def others_first(ring):
        """Another process that came a moment later and waits for the lock: it adds to the ring that it then finds."""
        with key_file.with_suffix(".lock").open("w") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return ring.with_sealing_key()

    change_keys(others_first)
    now = Keyring.from_json(key_file.read_text())
    assert list(now.sealing) == [1, 2, 3]
    assert now.sealing[2] == after.sealing[2]
    assert Person.objects.get(pk=person.pk).name == "李娜"
    assert {entry.stat().st_mode & 0o077 for entry in key_file.parent.glob("keys.json*")} == {0}


def test_who_comes_second_with_a_first_key_ring_leaves_the_first_as_it_is(key_file, monkeypatch):
    link, first = os.link, {}

    def both_at_once(fresh, path):
        link(fresh, path)
        first["text"] = key_file.read_text()
        monkeypatch.setattr(os, "link", link)
        sealing._written(Keyring.generate(), key_file)  # another process makes its own before this one tidies up
        assert key_file.read_text() == first["text"]

    monkeypatch.setattr(os, "link", both_at_once)
    assert keyring().to_json() == first["text"] == key_file.read_text()


def test_a_process_that_read_the_keys_before_a_rotation_still_opens_rows_sealed_after_it(key_file):
    before = keyring()
    rotate_keys()
    person = Person.objects.create(name="李娜", created_at=clock.now())
    kept = Person.objects.get(pk=person.pk)
    assert kept.name == "李娜"
    assert max(before.sealing) == 1


def test_the_key_file_is_readable_by_its_owner_only(key_file):
    keyring()
    assert key_file.stat().st_mode & 0o077 == 0


def test_sealed_text_cannot_be_searched_by_its_plain_text(key_file):
    with pytest.raises(ValueError, match="blind index"):
        list(Person.objects.filter(name="王秀英"))


def test_what_only_people_read_is_sealed_too(world):
    """A file's own columns and an investigation's answers may hold names: in the database they are ciphertext."""
    from django.db import connection

    from lianfang.registry.services import PersonDetails
    from lianfang.surveillance import services
    from lianfang.surveillance.evidence import Evidence
    from lianfang.surveillance.models import Case

    card = {"同住人": "欧阳晓红 13900000001"}
    case = services.notify(
        services.Notification(
            disease="covid19",
            area=world.area("330302"),
            evidence=Evidence(declared="suspected"),
            person=PersonDetails(name="甲乙", area=world.area("330302")),
            card=card,
        ),
        world.actor("lucheng"),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT card FROM surveillance_case")
        [(stored,)] = cursor.fetchall()
    assert "欧阳晓红".encode() not in bytes(stored)
    assert b"13900000001" not in bytes(stored)
    assert Case.objects.get(pk=case.pk).card == card


# --- the index key -------------------------------------------------------------------------------------------------


def entered(world, *names):
    people = []
    for name in names:
        person, keys = services.new_person(services.PersonDetails(name=name, area=world.area("330302")))
        person.save(force_insert=True)
        PersonKey.objects.bulk_create(keys)
        people.append(person)
    return people


def digests():
    return {bytes(digest) for digest in PersonKey.objects.values_list("digest", flat=True)}


def found(name):
    return set(selectors.people_called(SYSTEM, name))


def offered(world, name):
    described = services.PersonDetails(name=name, area=world.area("330302"))
    return {likeness.person.pk for likeness in services.likely_same([described]).get(described.id, [])}


def test_after_its_key_was_changed_the_index_holds_as_many_other_digests_and_finds_the_same_people(world, key_file):
    wang, li = entered(world, "王秀英", "欧阳晓红")
    before, ring = digests(), keyring()
    told = []
    services.rotate_index_key(SYSTEM, lambda done, total: told.append((done, total)), settles=0)
    assert len(digests()) == len(before)
    assert not digests() & before
    assert told == [(len(before), len(before))]
    assert (found("王秀英"), found("欧阳晓红"), offered(world, "欧阳晓红")) == ({wang.pk}, {li.pk}, {li.pk})
    assert list(keyring().index) == [2]
    assert ring.index[1] not in keyring().index.values(), "the key of before finds nobody any more"
    assert [event.details for event in Event.objects.filter(kind="key.rotated")] == [{"key": "index"}]


def test_while_the_index_key_changes_people_are_found_under_either_key_and_a_stop_loses_nobody(
    world, key_file, monkeypatch
):
    monkeypatch.setattr(services, "AT_ONCE", 3)  # digests looked at together: about one person
    before = entered(world, "王秀英", "欧阳晓红", "陈建国", "赵敏")

    class Stopped(Exception):
        pass

    def stop(done, total):
        raise Stopped

    with pytest.raises(Stopped):
        services.rotate_index_key(SYSTEM, stop, settles=0)
    assert list(keyring().index) == [1, 2]
    (since,) = entered(world, "钱多多")
    first, _end = keyring().blind_from
    assert {digest[:2] for digest in digests()} == {b"\x00\x01", b"\x00\x02"}, "some are made again, some are not"
    assert {bytes(key.digest)[:2] for key in since.keys.all()} == {first}, "who is entered now stands under the new key"
    for person in [*before, since]:
        assert found(person.name) == {person.pk}
        assert person.pk in offered(world, person.name)
    services.rotate_index_key(SYSTEM, settles=0)
    assert list(keyring().index) == [2], "it went on with the same key"
    assert {digest[:2] for digest in digests()} == {first}
    for person in [*before, since]:
        assert found(person.name) == {person.pk}
    assert Event.objects.filter(kind="key.rotated").count() == 1


def test_who_wrote_with_the_key_of_before_until_the_end_is_found_too(world, key_file, monkeypatch):
    (late,) = entered(world, "王秀英")
    old = [(key.kind, bytes(key.digest)) for key in late.keys.all()]
    change = services.change_keys

    def a_writer_ends_just_before(how):
        ring = change(how)
        if list(ring.index) == [2]:  # the key of before is gone, and only now its last writer commits
            late.keys.all().delete()
            PersonKey.objects.bulk_create([PersonKey(person=late, kind=kind, digest=digest) for kind, digest in old])
        return ring

    monkeypatch.setattr(services, "change_keys", a_writer_ends_just_before)
    services.rotate_index_key(SYSTEM, settles=0)
    assert found("王秀英") == {late.pk}


def test_a_ring_of_before_the_index_could_change_opens_and_one_change_makes_its_index_right(world, key_file):
    (person,) = entered(world, "王秀英")
    kept = json.loads(key_file.read_text())
    key_file.write_text(json.dumps({**kept, "index": kept["index"]["1"], "audit": kept["audit"]["0"]}))
    assert Person.objects.get(pk=person.pk).name == "王秀英"
    PersonKey.objects.filter(kind="name").update(digest=bytes(range(200, 216)))
    services.rotate_index_key(SYSTEM, settles=0)
    assert found("王秀英") == {person.pk}
