import os
from functools import cache

import pytest
from django.db import connection

from lianfang.kernel import clock, sealing
from lianfang.kernel.sealing import CannotOpen, Keyring, keyring, rotate_keys
from lianfang.registry.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def key_file(settings, tmp_path):
    settings.KEYS_FILE = tmp_path / "keys.json"
    keyring.cache_clear()
    yield settings.KEYS_FILE
    keyring.cache_clear()


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
    before = keyring()
    rotate_keys()
    person = Person.objects.create(name="李娜", created_at=clock.now())
    after = Keyring.from_json(key_file.read_text())
    sealing.keyring = cache(lambda: before)  # another process that read the keys before this one rotated them
    try:
        sealing._add_key(key_file)
    finally:
        sealing.keyring = keyring
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
    keyring.cache_clear()
    keyring()
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
