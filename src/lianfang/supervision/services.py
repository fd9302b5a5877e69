"""Walking the chain, as a job with progress or from the command line, and recording that somebody audited."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from lianfang.kernel import audit, clock, events
from lianfang.kernel.access import Actor
from lianfang.kernel.models import Event, Seal
from lianfang.kernel.refusals import Refused, refuse

from .models import Verification

KEPT_FINDINGS = 1000
STALLED = timedelta(minutes=2)  # a walk that told nothing for so long was killed


def order_verification(by: Actor) -> Verification:
    """Let the whole record be walked, as a job. Raises Refused while another walk is on its way."""
    from .jobs import walk

    with transaction.atomic():
        if running() is not None:
            raise Refused(refuse("audit.already_walking"))
        verification = _ordered(by)
        walk.enqueue(str(verification.pk))
    return verification


def running() -> Verification | None:
    """The walk that is on its way, or None."""
    since = clock.now() - STALLED
    unfinished = Verification.objects.filter(finished_at=None, progressed_at__gt=since)
    return unfinished.order_by("-ordered_at").first()


def verify(
    by: Actor,
    *,
    told: Callable[[audit.Finding], None] = lambda finding: None,
    progress: Callable[[int, int], None] = lambda walked, events: None,
) -> Verification:
    """Walk the whole record now. ``told`` hears each finding, ``progress`` (events walked, events in all)."""
    return walk_for(_ordered(by), by, told=told, progress=progress)


def _ordered(by: Actor) -> Verification:
    now = clock.now()
    return Verification.objects.create(
        ordered_at=now,
        ordered_by_id=by.user_id,
        progressed_at=now,
        events=Event.objects.count(),
        seals=Seal.objects.count(),
    )


def walk_for(
    verification: Verification,
    by: Actor,
    *,
    told: Callable[[audit.Finding], None] = lambda finding: None,
    progress: Callable[[int, int], None] = lambda walked, events: None,
) -> Verification:
    """Walk for one verification; leaves its result and the event."""
    counts: Counter[str] = Counter()
    kept: list[dict[str, str]] = []
    noted = time.monotonic()

    def note(walked: int) -> None:
        nonlocal noted
        progress(walked, verification.events)
        if time.monotonic() - noted > 1:
            noted = time.monotonic()
            Verification.objects.filter(pk=verification.pk).update(walked=walked, progressed_at=clock.now())

    for finding in audit.verify(note):
        counts[finding.what] += 1
        told(finding)
        if len(kept) < KEPT_FINDINGS:
            kept.append(
                {"what": finding.what, "subject": finding.subject, "detail": finding.detail, "path": finding.path}
            )
    with transaction.atomic():
        verification.counts, verification.findings = dict(counts), kept
        verification.walked = verification.events
        verification.finished_at = verification.progressed_at = clock.now()
        verification.save()
        outcome = {"events": verification.events, "seals": verification.seals, "findings": counts.total()}
        events.record("audit.verified", by, subject=("verification", verification.pk), details=outcome)
    return verification


def give_up(verification_id: UUID) -> None:
    """Mark a walk that could not come to its end."""
    Verification.objects.filter(pk=verification_id, finished_at=None).update(finished_at=clock.now(), failed=True)
