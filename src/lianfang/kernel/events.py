"""Events: each write leaves one, in the same transaction; each look at personal data leaves one too.

Parts declare their kinds in ``words.py`` as ``EVENTS = {"case.notified": gettext_lazy("…")}`` and react to kinds from
below in ``reactions.py`` with ``@on("case.confirmed")``. A reaction is delivered as a job: tried again after a failure,
never lost, and never able to undo the write that caused it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django_tasks import task

from . import clock, ids
from .access import Actor
from .models import Event

ATTEMPTS = 8
DELIVERED_AT_ONCE = (
    200  # events written together are delivered together: a job for each would cost more than the writing
)


COVERED = ("id", "kind", "at", "by_id", "channel", "subject_kind", "subject_id", "path", "details")  # by the digest
_as_text = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode


def canonical(event: Any) -> bytes:
    """The bytes that an event's digest covers: every column but the digest and the seal. Takes a row of those columns too."""
    return _as_text(
        [
            str(event.id),
            event.kind,
            event.at.timestamp(),
            event.by_id,
            event.channel,
            event.subject_kind,
            str(event.subject_id or ""),
            event.path,
            event.details,
        ]
    ).encode()


def digest_of(event: Any) -> bytes:
    return hashlib.sha256(canonical(event)).digest()


def made(
    kind: str,
    by: Actor,
    *,
    subject: tuple[str, UUID | None] = ("", None),
    path: str = "",
    details: dict[str, Any] | None = None,
) -> Event:
    """An event ready to be written. Raises KeyError for a kind that no part declares."""
    if kind not in kinds():
        raise KeyError(f"no part declares the event kind {kind}")
    event = Event(
        id=ids.new_id(),
        kind=kind,
        at=clock.now(),
        by_id=by.user_id,
        channel=by.channel,
        subject_kind=subject[0],
        subject_id=subject[1],
        path=path,
        details=json.loads(json.dumps(details or {}, default=str)),
    )
    event.digest = digest_of(event)
    return event


def record(kind: str, by: Actor, **about: Any) -> Event:
    """Write one event and order its reactions. Must be called inside the transaction of the change it tells of."""
    event = made(kind, by, **about)
    write([event])
    return event


def write(events: Iterable[Event]) -> None:
    """Write events and order their reactions, all in the caller's transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an event is written with the change it tells of, in one transaction")
    events = list(events)
    Event.objects.bulk_create(events)
    reacting: dict[str, list[str]] = {}
    for event in events:
        for name in reactions().get(event.kind, ()):
            reacting.setdefault(name, []).append(str(event.pk))
    ordered: dict[tuple[str, ...], list[str]] = {}
    for name, event_ids in reacting.items():
        ordered.setdefault(tuple(event_ids), []).append(name)
    for ids_together, names in ordered.items():  # one job for all who react to the same events
        for start in range(0, len(ids_together), DELIVERED_AT_ONCE):
            deliver.enqueue(" ".join(names), list(ids_together[start : start + DELIVERED_AT_ONCE]), 1)


_declared: dict[str, list[Callable[[Event], None]]] = {}


def on(*event_kinds: str) -> Callable[[Callable[[Event], None]], Callable[[Event], None]]:
    """Mark a function as the reaction to events. It must be harmless when delivered twice."""

    def mark(reaction: Callable[[Event], None]) -> Callable[[Event], None]:
        for kind in event_kinds:
            _declared.setdefault(kind, []).append(reaction)
        return reaction

    return mark


def _each_part(module: str) -> Iterable[Any]:
    for config in apps.get_app_configs():
        if config.name.startswith("lianfang."):
            try:
                yield import_module(f"{config.name}.{module}")
            except ModuleNotFoundError as missing:
                if missing.name != f"{config.name}.{module}":
                    raise


@cache
def kinds() -> dict[str, Any]:
    """Every declared event kind with its words."""
    found: dict[str, Any] = {}
    for words in _each_part("words"):
        found.update(getattr(words, "EVENTS", {}))
    return found


@cache
def reactions() -> dict[str, tuple[str, ...]]:
    """For each event kind the names of the functions that react to it, of the lower parts first."""
    parts = [module.__name__ for module in _each_part("reactions")]
    unknown = _declared.keys() - kinds().keys()
    if unknown:
        raise RuntimeError(f"reactions to kinds that nobody declares: {sorted(unknown)}")
    return {
        kind: tuple(f"{f.__module__}:{f.__name__}" for f in sorted(functions, key=lambda f: parts.index(f.__module__)))
        for kind, functions in _declared.items()
    }


@task()
def deliver(names: str, event_ids: list[str], attempt: int) -> None:
    """Run reactions, named one after another with blanks between, to some events; each in a transaction of its own.

    One that fails is tried again, later each time, and after the last attempt raised; the others are not held up by it.
    Of events that were delivered together each is then tried on its own.
    """
    problem: Exception | None = None
    for name in names.split():
        module, function = name.split(":")
        reaction = getattr(import_module(module), function)
        try:
            with transaction.atomic():
                found = Event.objects.in_bulk(event_ids)
                for event_id in event_ids:
                    reaction(found[UUID(event_id)])
        except Exception as no:
            if attempt >= ATTEMPTS:
                problem = no
                continue
            later = clock.now() + timedelta(seconds=2**attempt)
            for event_id in event_ids:
                deliver.using(run_after=later).enqueue(name, [event_id], attempt + 1)
    if problem is not None:
        raise problem
