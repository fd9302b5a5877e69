"""The chain over the events: sealing in batches, so that writers never wait for one another, and finding what was touched.

What is proved: an event that was sealed cannot be changed, removed or slipped in later without ``verify`` naming it,
unless the forger also holds the audit key, which is kept outside the database. What is not: an event removed before
the next seal (a minute at most while the platform runs).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from . import clock
from .events import digest_of
from .models import Event, Seal
from .sealing import keyring

BATCH = 2000
GRACE = timedelta(minutes=15)  # the longest that a transaction may stay open between an event's hour and its commit
GENESIS = b"\0" * 32
ENTRY = 48


@dataclass(frozen=True)
class Finding:
    """One thing wrong with the record: what (changed, removed, inserted, back_dated, seal_broken), which event or seal."""

    what: str
    subject: str
    detail: str = ""


@transaction.atomic
def seal_batch() -> int:
    """Seal up to a batch of events not yet sealed. Returns how many. Two sealers at once: one wins, the other seals none."""
    last = Seal.objects.select_for_update().order_by("-pk").first()
    events = list(Event.objects.filter(seal=None).order_by("pk")[:BATCH])
    if not events:
        return 0
    entries = b"".join(event.pk.bytes + bytes(event.digest) for event in events)
    sealed_at = clock.now()
    previous = bytes(last.digest) if last else GENESIS
    if Seal.objects.filter(previous=previous).exists():
        return 0
    digest = _link(previous, sealed_at.timestamp(), entries)
    seal = Seal.objects.create(
        sealed_at=sealed_at,
        previous=previous,
        digest=digest,
        signature=keyring().sign(digest),
        count=len(events),
        entries=entries,
    )
    Event.objects.filter(pk__in=[event.pk for event in events]).update(seal=seal)
    return len(events)


def seal_all() -> int:
    """Seal everything there is to seal. Returns how many events."""
    total = 0
    while count := seal_batch():
        total += count
    return total


def _link(previous: bytes, sealed_at: float, entries: bytes) -> bytes:
    return hashlib.sha256(previous + repr(sealed_at).encode() + entries).digest()


def verify() -> Iterator[Finding]:
    """Walk the whole chain and yield everything that does not fit. Yields nothing when the record is whole."""
    previous, previous_sealed_at = GENESIS, None
    for seal in Seal.objects.order_by("pk").iterator(chunk_size=50):
        entries, digest = bytes(seal.entries), bytes(seal.digest)
        if bytes(seal.previous) != previous:
            yield Finding("seal_broken", f"seal {seal.pk}", "does not follow the seal before it: one was removed")
        if _link(bytes(seal.previous), seal.sealed_at.timestamp(), entries) != digest:
            yield Finding("seal_broken", f"seal {seal.pk}", "content does not match its digest")
        elif keyring().sign(digest) != bytes(seal.signature):
            yield Finding("seal_broken", f"seal {seal.pk}", "was not signed with the audit key")
        sealed = {
            UUID(bytes=entries[at : at + 16]): entries[at + 16 : at + ENTRY] for at in range(0, len(entries), ENTRY)
        }
        found = {event.pk: event for event in Event.objects.filter(seal=seal)}
        if strays := sealed.keys() - found.keys():  # an event whose seal was re-pointed is changed, not removed
            found |= {event.pk: event for event in Event.objects.filter(pk__in=list(strays))}
        for pk, digest_then in sealed.items():
            event = found.get(pk)
            if event is None:
                yield Finding("removed", f"event {pk}", f"was sealed {seal.sealed_at:%Y-%m-%d %H:%M:%S}")
            elif digest_of(event) != digest_then or event.seal_id != seal.pk:
                yield Finding("changed", f"event {pk}", f"{event.kind} of {event.at:%Y-%m-%d %H:%M:%S}")
            elif previous_sealed_at and event.at < previous_sealed_at - GRACE:
                yield Finding("back_dated", f"event {pk}", f"{event.kind} dated {event.at:%Y-%m-%d %H:%M:%S}")
        for pk in found.keys() - sealed.keys():
            yield Finding("inserted", f"event {pk}", f"claims seal {seal.pk}, which does not hold it")
        previous, previous_sealed_at = digest, seal.sealed_at
    unsealed = Event.objects.filter(seal=None)
    for event in unsealed.iterator(chunk_size=1000):
        if digest_of(event) != bytes(event.digest):
            yield Finding("changed", f"event {event.pk}", f"{event.kind}, not yet sealed")
        elif previous_sealed_at and event.at < previous_sealed_at - GRACE:
            yield Finding("back_dated", f"event {event.pk}", f"{event.kind} dated {event.at:%Y-%m-%d %H:%M:%S}")
