"""The peer: Django with nothing around it, for the same rows. No sign-in, no scope, no rules, no matching, no sealing, no audit.

Served by granian like the platform: ``granian --interface wsgi benchmarks.bare:application``.
"""

import json
import os
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

if not settings.configured:
    from lianfang.config import settings as ours

    told = {name: getattr(ours, name) for name in dir(ours) if name.isupper()}
    settings.configure(**{**told, "ROOT_URLCONF": "benchmarks.bare", "MIDDLEWARE": []})
    django.setup()

from lianfang.kernel import clock, ids
from lianfang.kernel.models import Event, User
from lianfang.registry.models import Area, Person, PersonKey
from lianfang.surveillance.models import Case, CaseVersion, Observation
from lianfang.workorders.models import WorkOrder

NEWEST = """
SELECT v.id, v.case_id, c.number, v.disease, v.classification, v.declared, v.edition, a.code, a.name, v.onset_on, v.reported_on, v.confirmed_on,
       v.severity, v.outcome, v.sex, v.age_low, v.age_high
FROM surveillance_caseversion v JOIN surveillance_case c ON c.id = v.case_id JOIN registry_area a ON a.id = v.area_id
WHERE v.superseded_at IS NULL ORDER BY v.reported_on DESC, v.id DESC LIMIT 51
"""
BY_DAY = """
SELECT onset_on, reported_on, classification, outcome, count(*) FROM surveillance_caseversion
WHERE superseded_at IS NULL AND counted AND disease = 'covid19' AND path >= %s AND path < %s
GROUP BY onset_on, reported_on, classification, outcome
"""


def newest(request: HttpRequest) -> JsonResponse:
    """The first page of the case list, by one query."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        return JsonResponse({"cases": cursor.fetchall()})


def by_day(request: HttpRequest) -> JsonResponse:
    """What a situation page needs, counted from the cases themselves by one query."""
    under = request.GET["path"]
    with connection.cursor() as cursor:
        cursor.execute(BY_DAY, [under, under[:-1] + "0"])
        return JsonResponse({"counts": cursor.fetchall()})


def create(request: HttpRequest) -> HttpResponse:
    """As many rows in the same tables as a notification writes, filled from the request, in one transaction."""
    body = json.loads(request.body)
    told, now, today = body["person"], clock.now(), clock.today()
    by = User.objects.values_list("pk", flat=True).get(username="zhejiang")
    area = Area.objects.get(code=body["area_code"], valid_until=None)
    blank = os.urandom(16)
    person = Person(sex=told["sex"], birth_date=told["birth_date"], area=area, path=area.path, created_at=now)
    person.__dict__.update(name="", id_number="", phone="", address="", parent_name="")
    case = Case(
        disease=body["disease"],
        number="",
        person=person,
        source=body["source"],
        channel="bare",
        recorded_at=now,
        recorded_by_id=by,
    )
    version: Any = {
        "disease": case.disease,
        "area": area,
        "path": area.path,
        "classification": "confirmed",
        "edition": "7",
        "declared": True,
    }
    days = {"judged_on": today, "onset_on": body["evidence"]["onset_on"], "reported_on": today, "sex": told["sex"]}
    with transaction.atomic():
        Person.objects.bulk_create([person])
        PersonKey.objects.bulk_create([PersonKey(person=person, kind="name", digest=os.urandom(16)) for _ in range(6)])
        Case.objects.bulk_create([case])
        Observation.objects.bulk_create(
            [Observation(case=case, kind="report", recorded_at=now, by_id=by, channel="bare", content=body["evidence"])]
        )
        CaseVersion.objects.bulk_create([CaseVersion(case=case, recorded_at=now, by_id=by, **version, **days)])
        WorkOrder.objects.bulk_create(
            [
                WorkOrder(
                    kind="investigate_case",
                    subject_kind="case",
                    subject_id=case.pk,
                    path=area.path,
                    raised_at=now,
                    due_at=now,
                )
                for _ in range(3)
            ]
        )
        Event.objects.bulk_create(
            [Event(id=ids.new_id(), kind="case.notified", at=now, by_id=by, channel="bare", subject_kind="case", subject_id=case.pk, path=area.path, digest=blank * 2)
             for _ in range(2)]
        )  # fmt: skip
    return JsonResponse({"id": case.pk}, status=201)


urlpatterns = [path("newest", newest), path("by-day", by_day), path("create", create)]
application = WSGIHandler()
