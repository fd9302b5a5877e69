import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from lianfang.kernel import audit, clock, events
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event, Seal
from lianfang.kernel.sealing import Keyring, keyring

pytestmark = pytest.mark.django_db
START = datetime(2020, 1, 27, 8, 0, tzinfo=UTC)


def write(count, at):
    with clock.at(at), transaction.atomic():
        return [events.record("audit.verified", SYSTEM, details={"n": n}) for n in range(count)]


def forge(table, sql, *values):
    """What somebody with the database password could do: switch the trigger off, then change the record."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_update")
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_delete")
        cursor.execute(sql, values)


def row_id(event):
    return event.pk.hex if connection.vendor == "sqlite" else event.pk


def test_a_whole_record_verifies_over_several_seals():
    for hour in range(3):
        write(5, START + timedelta(hours=hour))
        with clock.at(START + timedelta(hours=hour, minutes=1)):
            assert audit.seal_all() == 5
    write(2, START + timedelta(hours=3))
    assert list(audit.verify()) == []
    assert Seal.objects.count() == 3


def test_the_database_refuses_to_change_or_remove_an_event():
    (event,) = write(1, START)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(kind="case.viewed")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        event.delete()


@pytest.mark.parametrize(
    ("what", "sql"),
    [
        ("changed", "UPDATE kernel_event SET channel = 'forged' WHERE id = %s"),
        ("removed", "DELETE FROM kernel_event WHERE id = %s"),
        ("changed", "UPDATE kernel_event SET seal_id = NULL WHERE id = %s"),
    ],
)
def test_a_forged_event_is_named(what, sql):
    forged = write(5, START)[2]
    with clock.at(START + timedelta(minutes=1)):
        audit.seal_all()
    forge("kernel_event", sql, row_id(forged))
    assert (what, f"event {forged.pk}") in [(finding.what, finding.subject) for finding in audit.verify()]


def test_a_back_dated_event_is_named_even_with_a_right_digest():
    write(3, START)
    with clock.at(START + timedelta(hours=2)):
        audit.seal_all()
    (late,) = write(1, START - timedelta(days=1))
    assert [(finding.what, finding.subject) for finding in audit.verify()] == [("back_dated", f"event {late.pk}")]
    with clock.at(START + timedelta(hours=3)):
        audit.seal_all()
    assert [(finding.what, finding.subject) for finding in audit.verify()] == [("back_dated", f"event {late.pk}")]


def test_a_recomputed_seal_without_the_audit_key_is_found():
    write(2, START)
    with clock.at(START + timedelta(minutes=1)):
        audit.seal_all()
    seal = Seal.objects.get()
    cut = bytes(seal.entries)[:48]
    forged = audit._link(bytes(seal.previous), seal.sealed_at, seal.left_none, cut)
    forge("kernel_seal", "UPDATE kernel_seal SET digest = %s, entries = %s, count = 1", forged, cut)
    assert ("seal_broken", f"seal {seal.pk}") in [(finding.what, finding.subject) for finding in audit.verify()]


def test_an_event_of_a_kind_that_no_part_declares_is_a_programming_error():
    with pytest.raises(KeyError, match="no part declares"):
        events.record("case.imagined", SYSTEM)


def found():
    return [(finding.what, finding.subject) for finding in audit.verify()]


def seal_at(moment, capture):
    with clock.at(moment), capture(execute=True):
        return audit.seal_all()


def test_a_backlog_sealed_in_several_batches_accuses_nobody(monkeypatch):
    monkeypatch.setattr(audit, "BATCH", 2)
    for hour in range(5):
        write(1, START + timedelta(hours=hour))
    with clock.at(START + timedelta(hours=9)):
        assert audit.seal_all() == 5
    assert [seal.left_none for seal in Seal.objects.order_by("pk")] == [False, False, True]
    assert found() == []
    (late,) = write(1, START + timedelta(hours=5))
    assert found() == [("back_dated", f"event {late.pk}")]


def test_hiding_that_everything_was_swept_breaks_the_seal():
    write(1, START)
    with clock.at(START + timedelta(minutes=1)):
        audit.seal_all()
    seal = Seal.objects.get()
    forge("kernel_seal", "UPDATE kernel_seal SET left_none = %s", False)
    assert found() == [("seal_broken", f"seal {seal.pk}")]


def test_a_clock_that_was_set_back_is_named_once_and_accuses_no_event():
    write(2, START)
    with clock.at(START + timedelta(minutes=1)):
        audit.seal_all()
    for minute in (0, 1):
        write(1, START - timedelta(hours=5) + timedelta(minutes=minute))
        with clock.at(START - timedelta(hours=5) + timedelta(minutes=minute, seconds=5)):
            audit.seal_all()
    second = Seal.objects.order_by("pk")[1]
    assert found() == [("clock_set_back", f"seal {second.pk}")]


def test_an_event_dated_after_its_own_seal_is_named():
    (early,) = write(1, START + timedelta(days=3))
    with clock.at(START):
        audit.seal_all()
    assert found() == [("ahead_of_time", f"event {early.pk}")]


def test_an_event_that_points_at_another_seal_is_changed_there_and_inserted_here():
    events = []
    for hour in range(2):
        events += write(2, START + timedelta(hours=hour))
        with clock.at(START + timedelta(hours=hour, minutes=1)):
            audit.seal_all()
    first, second = Seal.objects.order_by("pk")
    forge("kernel_event", "UPDATE kernel_event SET seal_id = %s WHERE id = %s", second.pk, row_id(events[0]))
    assert sorted(found()) == [("changed", f"event {events[0].pk}"), ("inserted", f"event {events[0].pk}")]


def test_a_removed_seal_in_the_middle_is_named_by_the_one_that_followed_it():
    for hour in range(3):
        write(1, START + timedelta(hours=hour))
        with clock.at(START + timedelta(hours=hour, minutes=1)):
            audit.seal_all()
    _, second, third = Seal.objects.order_by("pk")
    (orphan,) = second.events.all()
    forge("kernel_event", "DELETE FROM kernel_event WHERE id = %s", row_id(orphan))
    forge("kernel_seal", "DELETE FROM kernel_seal WHERE id = %s", second.pk)
    assert ("seal_broken", f"seal {third.pk}") in found()


def test_the_last_seal_taken_away_with_its_events_is_missed_and_stays_missed(django_capture_on_commit_callbacks):
    capture = django_capture_on_commit_callbacks
    write(2, START)
    seal_at(START + timedelta(minutes=1), capture)
    (gone,) = write(1, START + timedelta(hours=1))
    seal_at(START + timedelta(hours=1, minutes=1), capture)
    assert found() == []
    last = Seal.objects.order_by("pk").last()
    forge("kernel_event", "DELETE FROM kernel_event WHERE id = %s", row_id(gone))
    forge("kernel_seal", "DELETE FROM kernel_seal WHERE id = %s", last.pk)
    assert found() == [("seal_removed", f"seal {last.pk}")]
    write(1, START + timedelta(hours=2))
    seal_at(START + timedelta(hours=2, minutes=1), capture)
    write(1, START + timedelta(hours=3))
    seal_at(START + timedelta(hours=3, minutes=1), capture)
    assert [what for what, _ in found()] == ["seal_removed"]


def test_the_walk_tells_how_far_it_has_come(monkeypatch):
    monkeypatch.setattr(audit, "BATCH", 3)
    monkeypatch.setattr(audit, "WALKED_AT_ONCE", 4)
    write(10, START)
    with clock.at(START + timedelta(minutes=1)):
        audit.seal_all()
    told = []
    assert list(audit.verify(told.append)) == []
    assert told == [6, 10]


SEALER = """
import django
django.setup()
from lianfang.kernel import audit
audit.BATCH = 7
for _ in range(15):
    audit.seal_batch()
"""
RECORD = """
import django, sys
django.setup()
from django.core.management import call_command
from django.db import transaction
from lianfang.kernel import audit, events
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event, Seal
if sys.argv[1] == "begin":
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        events.write([events.made("audit.verified", SYSTEM) for _ in range(60)])
else:
    assert sum(Seal.objects.values_list("count", flat=True)) == Event.objects.exclude(seal=None).count() == 60
    assert list(audit.verify()) == []
"""


def test_sealers_that_run_at_once_make_one_chain_that_holds_each_event_once(tmp_path):
    """Processes of their own on the embedded database, as an operator who starts the platform twice has them."""
    environment = {**os.environ, "LIANFANG_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "lianfang.config.settings"}
    environment.pop("DATABASE_URL", None)
    subprocess.run([sys.executable, "-c", RECORD, "begin"], env=environment, check=True)
    sealers = [subprocess.Popen([sys.executable, "-c", SEALER], env=environment) for _ in range(3)]
    assert [sealer.wait(60) for sealer in sealers] == [0, 0, 0]
    subprocess.run([sys.executable, "-c", RECORD, "end"], env=environment, check=True)


@pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="on SQLite a transaction that may write keeps others out")
@pytest.mark.django_db(transaction=True)
def test_two_sealers_that_follow_the_same_seal_leave_one(monkeypatch):
    """The first seal of all cannot be locked by anybody, since there is none before it to lock."""
    write(4, START)
    both, real_now = threading.Barrier(2, timeout=5), clock.now

    def now_once_both_have_read():
        both.wait()
        return real_now()

    monkeypatch.setattr(audit.clock, "now", now_once_both_have_read)
    counts = []

    def work():
        counts.append(audit.seal_batch())
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 4]
    assert Seal.objects.count() == 1


@pytest.fixture
def key_file(settings, tmp_path):
    settings.KEYS_FILE = tmp_path / "keys.json"


def sealed():
    write(2, clock.now())
    assert audit.seal_all() >= 2
    return Seal.objects.order_by("pk").last()


def test_the_record_is_whole_over_the_seals_of_both_audit_keys_and_tampering_is_found_under_either(key_file):
    old = sealed()
    audit.rotate_audit_key(SYSTEM)
    sealed()
    audit.rotate_audit_key(SYSTEM)
    new = sealed()
    assert list(audit.verify()) == []
    assert len(keyring().audit) == 3
    assert [event.details for event in Event.objects.filter(kind="key.rotated")] == [{"key": "audit"}] * 2
    assert old.pk < new.pk
    for seal in (old, new):
        forge("kernel_seal", "UPDATE kernel_seal SET signature = %s WHERE id = %s", bytes(32), seal.pk)
    wrong = [(found.what, found.subject) for found in audit.verify()]
    assert wrong == [("seal_broken", f"seal {old.pk}"), ("seal_broken", f"seal {new.pk}")]


def test_whoever_holds_the_audit_key_of_before_can_sign_nothing_with_it(key_file):
    sealed()
    stolen = keyring()
    audit.rotate_audit_key(SYSTEM)
    seal = sealed()
    stolen_signature = stolen.sign(bytes(seal.digest))
    forge("kernel_seal", "UPDATE kernel_seal SET signature = %s WHERE id = %s", stolen_signature, seal.pk)
    assert [(found.what, found.subject) for found in audit.verify()] == [("seal_broken", f"seal {seal.pk}")]


def test_a_record_put_back_from_before_the_change_goes_on_under_the_newest_audit_key():
    ring = Keyring.generate()
    old, new = ring.sign(b"seal 5"), ring.with_audit_key(after=9).sign(b"seal 6")
    ring = ring.with_audit_key(after=9)
    assert ring.signed(b"seal 5", old, 5)
    assert not ring.signed(b"seal 6", new, 6), "another ring's key of the same number"
    assert ring.signed(b"seal 6", ring.sign(b"seal 6"), 6)
    assert not ring.signed(b"seal 10", old, 10)
