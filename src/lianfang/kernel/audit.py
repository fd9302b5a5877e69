"""The chain over the events: sealing in batches, so that writers never wait for one another, and finding what was touched.

What is proved: an event that was sealed cannot be changed, removed or slipped in later without ``verify`` naming it,
unless the forger also holds the audit key, which is kept outside the database. Beside the key stands a note of the last
seal, so that a chain cut short at its end is named too. What is not proved: an event removed before its seal (a minute
at most while the platform runs).

An event's own hour is checked against the chain. A seal that left no unsealed event behind says: whatever comes later
was written later than this. So an event dated long before such a seal, but sealed after it, was written with an old
date. A backlog sealed in several batches accuses nobody, and neither does a clock that was set back: that is named once.
"""

import hashlib
import json
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from . import clock
from .access import Actor
from .events import COVERED, digest_of
from .models import Event, Seal
from .sealing import change_keys, keyring, told_of_key

BATCH = 2000
WALKED_AT_ONCE = 5000  # events held in memory while verifying
GRACE = timedelta(minutes=15)  # the longest that a transaction may stay open between an event's hour and its commit
GENESIS = b"\0" * 32
ENTRY = 48

FINDINGS = (
    "changed",
    "removed",
    "inserted",
    "back_dated",
    "ahead_of_time",
    "seal_broken",
    "seal_removed",
    "clock_set_back",
)


@dataclass(frozen=True)
class Finding:
    """One thing wrong with the record: what (one of ``FINDINGS``), which event or seal, and the area it lies in, if known."""

    what: str
    subject: str
    detail: str = ""
    path: str = ""


# --- sealing -----------------------------------------------------------------------------------------------------


def seal_batch() -> int:
    """Seal up to a batch of events not yet sealed. Returns how many. Two sealers at once: one wins, the other seals none."""
    try:
        with transaction.atomic():
            return _seal_batch()
    except IntegrityError:  # both followed the same seal; the chain takes one of them
        return 0


def _seal_batch() -> int:
    last = _last_seal()
    found = list(Event.objects.filter(seal=None).order_by("pk").values_list("pk", "digest")[: BATCH + 1])
    events, left_none = found[:BATCH], len(found) <= BATCH
    if not events:
        return 0
    previous = bytes(last.digest) if last else GENESIS
    entries = b"".join(pk.bytes + bytes(digest) for pk, digest in events)
    sealed_at = clock.now()
    digest = _link(previous, sealed_at, left_none, entries)
    seal = Seal.objects.create(
        sealed_at=sealed_at,
        previous=previous,
        digest=digest,
        signature=keyring().sign(digest),
        count=len(events),
        left_none=left_none,
        entries=entries,
    )
    Event.objects.filter(pk__in=[pk for pk, _ in events]).update(seal=seal)
    transaction.on_commit(lambda: _note(seal))
    return len(events)


def _last_seal() -> Seal | None:
    """The end of the chain, locked: no other process seals before this transaction ends. None where nothing is sealed."""
    while True:
        last = Seal.objects.select_for_update().order_by("-pk").first()
        if last is None or not Seal.objects.filter(previous=last.digest).exists():
            return last  # else another sealer was faster while this one waited


def rotate_audit_key(by: Actor) -> None:
    """Sign from the next seal on with a new key. Seals of before keep their signature, and their key stays to verify them."""
    seal_all()
    with transaction.atomic():
        last = _last_seal()
        change_keys(lambda ring: ring.with_audit_key(after=last.pk if last else 0))
        told_of_key("audit", by)


def seal_all() -> int:
    """Seal everything there is to seal. Returns how many events."""
    total = 0
    while count := seal_batch():
        total += count
    return total


def _link(previous: bytes, sealed_at: datetime, left_none: bool, entries: bytes) -> bytes:
    head = f"{sealed_at.astimezone(UTC).isoformat()} {left_none:d} ".encode()
    return hashlib.sha256(previous + head + entries).digest()


def _note(seal: Seal) -> None:
    """Write down, outside the database, that this is the last seal. Notes of seals that are gone stay."""
    path = Path(settings.LAST_SEAL_FILE)
    noted = _noted()
    if noted and not _stands(noted[-1]) and not noted[-1].get("missing"):
        noted[-1]["missing"] = True
    noted = [entry for entry in noted if entry.get("missing")]
    noted.append({"seal": seal.pk, "digest": bytes(seal.digest).hex(), "sealed_at": seal.sealed_at.isoformat()})
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(noted, out, indent=1)
    os.replace(part, path)


def _noted() -> list[dict[str, Any]]:
    path = Path(settings.LAST_SEAL_FILE)
    noted: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return noted


def _stands(note: dict[str, Any]) -> bool:
    return Seal.objects.filter(pk=note["seal"], digest=bytes.fromhex(note["digest"])).exists()


# --- verifying ---------------------------------------------------------------------------------------------------


@dataclass
class _Place:
    """How far the walk has come: the seal before, and the hour after which everything still to come was written."""

    digest: bytes = GENESIS
    sealed_at: datetime | None = None
    swept_at: datetime | None = None


def verify(progress: Callable[[int], None] = lambda walked: None) -> Iterator[Finding]:
    """Walk the whole chain and yield everything that does not fit. Yields nothing when the record is whole.

    Reads a few thousand events at a time, whatever the size of the record. ``progress`` is told the events walked so far.
    """
    place, walked = _Place(), 0
    for seals in _some_at_a_time():
        claiming: dict[int, dict[UUID, Any]] = {seal.pk: {} for seal in seals}
        for event in _rows(seal__gte=seals[0].pk, seal__lte=seals[-1].pk):
            claiming.get(event.seal_id, {})[event.id] = event
        for seal in seals:
            yield from _of_seal(seal, claiming.pop(seal.pk), place)
            walked += seal.count
        progress(walked)
    yield from _loose_ends(place)
    last: dict[str, Any] = {}
    while events := list(_rows(seal=None, **last).order_by("pk")[:WALKED_AT_ONCE]):
        for event in events:
            if digest_of(event) != bytes(event.digest):
                yield Finding("changed", f"event {event.id}", f"{_said(event)}, not yet sealed", event.path)
            elif back_dated(event.at, place.swept_at):
                yield Finding("back_dated", f"event {event.id}", f"{_said(event)}, not yet sealed", event.path)
        last = {"pk__gt": events[-1].id}
        walked += len(events)
        progress(walked)


def _rows(**wanted: Any) -> Any:
    """Events as plain rows: a walk over millions makes no model of each."""
    return Event.objects.filter(**wanted).values_list(*COVERED, "digest", "seal_id", named=True)


def back_dated(at: datetime, swept_at: datetime | None, sealed_at: datetime | None = None) -> bool:
    """Whether an event of this hour, sealed after everything had been swept once before, was written with an old date."""
    if swept_at is None:
        return False
    return at < min(swept_at, sealed_at or swept_at) - GRACE


def back_dated_among(events: Iterable[Event]) -> set[UUID]:
    """Which of these events were written with an old date, by what the seals around them say. For pages of a few."""
    found, swept = set(), {}
    sealed = dict(Seal.objects.filter(pk__in={event.seal_id for event in events}).values_list("pk", "sealed_at"))
    for event in events:
        if event.seal_id not in swept:
            before = Seal.objects.filter(left_none=True).order_by("-pk").values_list("sealed_at", flat=True)
            swept[event.seal_id] = (before.filter(pk__lt=event.seal_id) if event.seal_id else before).first()
        if back_dated(event.at, swept[event.seal_id], sealed.get(event.seal_id or 0)):
            found.add(event.pk)
    return found


def _some_at_a_time() -> Iterator[list[Seal]]:
    """The seals in order, as many at a time as a few thousand events fit. No cursor stays open between."""
    last = 0
    while ahead := list(Seal.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "count")[:1000]):
        held = list(accumulate(count for _, count in ahead))
        upto = ahead[min(bisect_left(held, WALKED_AT_ONCE), len(ahead) - 1)][0]
        yield list(Seal.objects.filter(pk__gt=last, pk__lte=upto).order_by("pk"))
        last = upto


def _of_seal(seal: Seal, claiming: dict[UUID, Any], place: _Place) -> Iterator[Finding]:
    """What does not fit in one seal; moves the place on. ``claiming`` are the events that say they are under this seal."""
    name, entries, digest = f"seal {seal.pk}", bytes(seal.entries), bytes(seal.digest)
    if bytes(seal.previous) != place.digest:
        yield Finding("seal_broken", name, "does not follow the seal before it: one was removed")
    if _link(bytes(seal.previous), seal.sealed_at, seal.left_none, entries) != digest or seal.count * ENTRY != len(
        entries
    ):
        yield Finding("seal_broken", name, "content does not match its digest")
    elif not keyring().signed(digest, bytes(seal.signature), seal.pk):
        yield Finding("seal_broken", name, "was not signed with the audit key of its time")
    if place.sealed_at and seal.sealed_at < place.sealed_at - GRACE:
        yield Finding("clock_set_back", name, f"{_hour(seal.sealed_at)} follows {_hour(place.sealed_at)}")
    sealed = {UUID(bytes=entries[at : at + 16]): entries[at + 16 : at + ENTRY] for at in range(0, len(entries), ENTRY)}
    found = claiming
    if strays := sealed.keys() - claiming.keys():  # an event whose seal was re-pointed is changed, not removed
        found = claiming | {event.id: event for event in _rows(pk__in=list(strays))}
    for pk, digest_then in sealed.items():
        event = found.get(pk)
        if event is None:
            yield Finding("removed", f"event {pk}", f"was sealed {_hour(seal.sealed_at)}")
        elif digest_of(event) != digest_then or event.seal_id != seal.pk:
            yield Finding("changed", f"event {pk}", _said(event), event.path)
        elif back_dated(event.at, place.swept_at, seal.sealed_at):
            yield Finding("back_dated", f"event {pk}", f"{_said(event)}, sealed {_hour(seal.sealed_at)}", event.path)
        elif event.at > seal.sealed_at + GRACE:
            yield Finding("ahead_of_time", f"event {pk}", f"{_said(event)}, sealed {_hour(seal.sealed_at)}", event.path)
    for pk in claiming.keys() - sealed.keys():
        event = claiming[pk]
        yield Finding("inserted", f"event {pk}", f"{_said(event)}, claims {name}, which does not hold it", event.path)
    place.digest, place.sealed_at = digest, seal.sealed_at
    if seal.left_none:
        place.swept_at = seal.sealed_at


def _loose_ends(place: _Place) -> Iterator[Finding]:
    """Events under seals that are gone, and seals that were noted outside the database and are gone."""
    no_seal = Event.objects.exclude(seal=None).exclude(Exists(Seal.objects.filter(pk=OuterRef("seal_id"))))
    for event in no_seal.iterator(chunk_size=2000):
        yield Finding(
            "inserted", f"event {event.pk}", f"{_said(event)}, claims seal {event.seal_id}, which is gone", event.path
        )
    for note in _noted():
        if not _stands(note):
            yield Finding(
                "seal_removed",
                f"seal {note['seal']}",
                f"was made {note['sealed_at']} by the note in {settings.LAST_SEAL_FILE}. If this database was put in the "
                "place of another on purpose, keep that file elsewhere and remove it here",
            )


def _said(event: Any) -> str:
    return f"{event.kind} of {_hour(event.at)}"


def _hour(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
