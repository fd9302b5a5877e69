"""What the situation room does by itself: once a day it looks at every county and asks for what stands out to be checked."""

from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import Event
from lianfang.registry.models import Area
from lianfang.workorders.models import WorkOrder
from lianfang.workorders.services import raise_many, raised

from . import alerts

JUDGED = "signals.judged"
ROUND = (
    "signals",
    UUID("8c6e1c1e-6d0b-5f0b-9a55-52b1f4d5a001"),
)  # the subject of every round, by which the last is found
MOST_DAYS = 28  # missed days that are judged later; what lies before is past checking


def judge_signals() -> int:
    """Judge every day that is over and was not judged yet, each as known on its evening. Returns how many orders it raised.

    The first time it judges yesterday alone. A second run, or one after days without any, raises nothing twice: an order
    is raised once an area, disease and week.
    """
    yesterday = clock.today() - timedelta(days=1)
    last = _last_judged()
    if last is not None and last >= yesterday:
        return 0
    first = yesterday if last is None else max(last + timedelta(days=1), yesterday - timedelta(days=MOST_DAYS - 1))
    return sum(judge_day(first + timedelta(days=n)) for n in range((yesterday - first).days + 1))


def _last_judged() -> date | None:
    kind, pk = ROUND
    last = Event.objects.filter(subject_id=pk, subject_kind=kind, kind=JUDGED).order_by("-at", "-id").first()
    return date.fromisoformat(last.details["day"]) if last else None


def judge_day(day: date) -> int:
    """Judge one evening: an order for each county that stands out and has none of that week yet. Returns how many."""
    orders = {}
    counted = 0
    for top in Area.objects.valid_on(day).filter(parent=None).order_by("code"):
        for disease in definitions.diseases():
            found = alerts.judged(SYSTEM, top, disease.code, day, back=1)
            counted += len(found.found)
            for signal in found.found:
                pk = alerts.order_id(signal.area, disease.code, signal.day)
                orders[pk] = raised(
                    alerts.KIND,
                    id=pk,
                    subject_id=alerts.subject_of(signal.area),
                    path=signal.area.path,
                    raised_at=clock.now(),
                    told=alerts.told(signal, found),
                )
    with transaction.atomic():
        known = set(WorkOrder.objects.filter(pk__in=orders).values_list("pk", flat=True))
        new = [order for pk, order in orders.items() if pk not in known]
        raise_many(new, SYSTEM)
        events.record(JUDGED, SYSTEM, subject=ROUND, details={"day": day, "found": counted, "entered": len(new)})
    return len(new)
