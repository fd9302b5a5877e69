"""Stays through their services: taken in, checked, moved, ended, and what follows each time."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refused
from lianfang.quarantine import selectors, services
from lianfang.quarantine.models import CheckIn, Need, PersonalLink, Stay, StayEntry, StayVersion
from lianfang.quarantine.services import NewCheck, NewEntry, NewExposure, NewNeed
from lianfang.surveillance.models import CaseVersion
from lianfang.workorders.models import WorkOrder
from tests.parts.quarantine.conftest import at

pytestmark = pytest.mark.django_db


def arrive(place, stay, room=None, day="2020-01-27"):
    with clock.at(at(day, "12:00")):
        return services.enter(
            NewEntry(stay.pk, "arrival", site_id=place.site.pk, room_id=room and room.pk), place.coordinator
        )


def waiting(subject, kind=""):
    rows = WorkOrder.objects.unfinished().filter(subject_id=subject.pk)
    return sorted(rows.filter(kind=kind) if kind else rows, key=lambda order: order.kind)


def codes(no):
    return [refusal.code for refusal in no.value.refusals]


def test_a_stay_is_ordered_then_taken_in_and_has_a_day_of_release(place):
    (room,) = place.rooms("301")
    stay = place.stay(last_on=date(2020, 1, 26))
    assert (stay.status, stay.release_on) == ("awaited", date(2020, 2, 9))
    assert [order.kind for order in waiting(stay)] == ["take_in_guest"]
    stay = arrive(place, stay, room)
    assert (stay.status, stay.room_id, stay.path) == ("observed", room.pk, place.site.path)
    assert not waiting(stay)
    assert stay.next_due_at == at("2020-01-27", "20:00")
    assert not selectors.unsound()
