from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from lianfang.kernel import audit, clock, events
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event, Seal

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
            cursor.execute(f"DROP TRIGGER {table}_no_update")
            cursor.execute(f"DROP TRIGGER {table}_no_delete")
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
    forged = audit._link(bytes(seal.previous), seal.sealed_at.timestamp(), bytes(seal.entries)[:48])
    cut = bytes(seal.entries)[:48]
    forge("kernel_seal", "UPDATE kernel_seal SET digest = %s, entries = %s", forged, cut)
    assert ("seal_broken", f"seal {seal.pk}") in [(finding.what, finding.subject) for finding in audit.verify()]


def test_an_event_of_a_kind_that_no_part_declares_is_a_programming_error():
    with pytest.raises(KeyError, match="no part declares"):
        events.record("case.imagined", SYSTEM)
