"""What is asked at each round: whose check-in did not come."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM
from lianfang.registry.models import Site
from lianfang.workorders.rules import kinds

from . import rules, services
from .models import Stay

AT_ONCE = 500


def chase_missed() -> int:
    """Raise a call for each check-in that was owed and did not come, and a visit where the call's limit passed as well.

    Returns how many orders were raised. Each span is asked for once, so a second run, or a second process, adds nothing.
    """
    now, raised = clock.now(), 0
    visit_after = kinds()["call_missed_checkin"].limit
    for disease in definitions.diseases():
        if disease.observation_on(clock.local_day(now)) is None:
            continue
        hours = services.due_times(disease.code, clock.local_day(now))
        slot = rules.last_due(now, hours, timezone.get_default_timezone())
        waiting = Stay.objects.missing_a_check(now).filter(disease=disease.code)
        not_called = Q(called_for=None) | Q(called_for__lt=slot)
        raised += _each(waiting.filter(not_called), "call_missed_checkin", "called_for", slot)
        if now >= slot + visit_after:
            not_visited = Q(visited_for=None) | Q(visited_for__lt=slot)
            called = waiting.filter(not_visited, called_for__gte=slot)
            raised += _each(called, "visit_missed_checkin", "visited_for", slot)
    return raised


def _each(waiting: QuerySet[Stay], kind: str, column: str, slot: datetime) -> int:
    found = 0
    while True:
        with transaction.atomic():
            columns = ("pk", "path", "organisation_id", "site_id")
            rows = waiting.select_for_update(skip_locked=True).only(*columns).order_by("pk")
            batch = list(rows[:AT_ONCE])
            if not batch:
                return found
            places: dict[Any, list[Stay]] = defaultdict(list)
            for stay in batch:
                places[stay.site_id].append(stay)
            sites = Site.objects.in_bulk([pk for pk in places if pk])
            for site_id, here in places.items():
                orders = [(kind, stay.pk, stay.path, stay.organisation_id) for stay in here]
                services.raise_orders(orders, SYSTEM, services.reached_by(sites.get(site_id)))
            Stay.objects.filter(pk__in=[stay.pk for stay in batch]).update(**{column: slot})
            found += len(batch)
