"""Events in the reader's words: what happened, to what, by whom, with which details, and whether it came late."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from lianfang.definitions import selectors as definitions
from lianfang.kernel import audit, events
from lianfang.kernel.access import ROLES
from lianfang.kernel.models import Event, User
from lianfang.kernel.refusals import words_for
from lianfang.registry.models import Area
from lianfang.registry.selectors import area_name
from lianfang.surveillance.models import Case
from lianfang.workorders.rules import kinds as order_kinds

from .words import CHANNELS, DETAILS, FINDINGS, LOOKS, SUBJECTS, VALUES

LATE = timedelta(days=1)


@dataclass(frozen=True)
class Entry:
    """One event as a page or a file shows it."""

    event: Event
    words: str
    by: str
    channel: str
    about: str
    link: str
    area: str
    details: list[tuple[str, str]]
    late: str  # how long after it was observed it was written, when that is long; else empty
    back_dated: bool
    look: bool


def entries(found: Iterable[Event]) -> list[Entry]:
    """Some events in words. A handful of queries for any number."""
    found = list(found)
    back_dated = audit.back_dated_among(found)
    numbers = _numbers(found)
    accounts = {
        UUID(int=user.pk): user for user in User.objects.filter(pk__in=[pk.int for pk in _of_kind(found, "account")])
    }
    codes = {event.path.rstrip("/").rpartition("/")[2] for event in found if event.path}
    areas = {area.path: area for area in Area.objects.filter(code__in=codes).order_by("valid_from")}
    return [
        Entry(
            event=event,
            words=str(events.kinds().get(event.kind, event.kind)),
            by=event.by.display_name if event.by else "",
            channel=str(CHANNELS.get(event.channel, event.channel)),
            about=_about(event, numbers, accounts),
            link=_link(event, numbers, accounts),
            area=area_name(areas[event.path]) if event.path in areas else "",
            details=list(_details(event.details, numbers)),
            late=_late(event),
            back_dated=event.pk in back_dated,
            look=event.kind in LOOKS,
        )
        for event in found
    ]


def _of_kind(found: Iterable[Event], kind: str) -> set[UUID]:
    return {event.subject_id for event in found if event.subject_kind == kind and event.subject_id}


def _numbers(found: list[Event]) -> dict[UUID, str]:
    """The numbers of all cases that the events are about or name in their details."""
    wanted = _of_kind(found, "case")
    for event in found:
        named = [event.details.get("about"), event.details.get("infectee"), *_listed(event.details.get("found"))]
        wanted.update(pk for value in named if (pk := _uuid(value)))
    return dict(Case.objects.filter(pk__in=wanted).values_list("pk", "number"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _about(event: Event, numbers: dict[UUID, str], accounts: dict[UUID, User]) -> str:
    if not event.subject_kind or event.subject_id is None:
        return ""
    name = str(SUBJECTS.get(event.subject_kind, event.subject_kind))
    if event.subject_kind == "case":
        return f"{name} {numbers.get(event.subject_id, _short(event.subject_id))}"
    if event.subject_kind == "account":
        known = accounts.get(event.subject_id)
        return f"{name} {known.username}" if known else name
    return f"{name} {_short(event.subject_id)}"


def _short(pk: UUID) -> str:
    return pk.hex[-8:]


def _link(event: Event, numbers: dict[UUID, str], accounts: dict[UUID, User]) -> str:
    if event.subject_kind == "case" and event.subject_id in numbers:
        return reverse("audit-case", args=[event.subject_id])
    if event.subject_kind == "account" and event.subject_id in accounts:
        return reverse("audit-user", args=[accounts[event.subject_id].pk])
    return ""


def _details(details: dict[str, Any], numbers: dict[UUID, str]) -> Iterator[tuple[str, str]]:
    for name, value in details.items():
        if value in ("", None, [], {}):
            continue
        yield str(DETAILS.get(name, name)), _value(name, value, numbers)


def _value(name: str, value: Any, numbers: dict[UUID, str]) -> str:
    if isinstance(value, list):
        return "、".join(_value(name, entry, numbers) for entry in value)
    if isinstance(value, dict):
        return "; ".join(f"{DETAILS.get(key, key)} {_value(key, entry, numbers)}" for key, entry in value.items())
    if pk := _uuid(value):
        return numbers.get(pk, _short(pk))
    if name in ("classification", "before"):
        labels = definitions.all_class_labels()
        return next((words for (_disease, code), words in labels.items() if code == value), str(value))
    if name == "kind" and value in order_kinds():
        return definitions.label(order_kinds()[value])
    if name == "role" and value in ROLES:
        return str(ROLES[value][0])
    if name == "reported_by":
        return str(CHANNELS.get(value, value))
    if name == "disease" and (disease := definitions.disease(str(value))):
        return definitions.label(disease)
    if name == "form" and value in definitions.library().forms:
        return definitions.label(definitions.form(value))
    if name == "code":
        return words_for(str(value), {})
    if name == "sha256":
        return f"{value[:16]}…"
    if name == "observed_at":
        return f"{timezone.localtime(datetime.fromisoformat(value)):%Y-%m-%d %H:%M}"
    return str(VALUES.get(value, value)) if isinstance(value, str) else str(value)


def _late(event: Event) -> str:
    """How long after an observation it was written down, in words, when it was more than a day."""
    observed = event.details.get("observed_at")
    if not observed:
        return ""
    days = (event.at - datetime.fromisoformat(observed)).days
    if days < LATE.days:
        return ""
    return ngettext("written {days} day later", "written {days} days later", days).format(days=days)


def finding_words(finding: dict[str, str]) -> dict[str, str]:
    """A finding of a verification with its kind in words."""
    return {**finding, "words": str(FINDINGS.get(finding["what"], finding["what"]))}
