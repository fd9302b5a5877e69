"""Whether the platform is well, for whoever watches over it: no names, no figures of the outbreak."""

import time

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_tasks_db.models import DBTaskResult

from lianfang.kernel.views import public

LATE_SECONDS = 60  # the periodic jobs run every few seconds; a minute without a round is a failure


def note_round() -> None:
    """Note that a round of the periodic jobs was made."""
    settings.LAST_ROUND_FILE.touch()


@public
@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and the periodic jobs run, 503 otherwise; the body says which of them fails."""
    found: dict[str, object] = {"database": _database()}
    try:
        since = round(time.time() - settings.LAST_ROUND_FILE.stat().st_mtime)
    except OSError:
        since = None
    found["periodic_jobs"] = "never ran" if since is None else "ok" if since <= LATE_SECONDS else "late"
    found["seconds_since_last_round"] = since
    if found["database"] == "ok":
        waiting = DBTaskResult.objects.ready()
        found["jobs_waiting"] = waiting.count()
        oldest = waiting.order_by("enqueued_at").values_list("enqueued_at", flat=True).first()
        found["oldest_job_seconds"] = round((timezone.now() - oldest).total_seconds()) if oldest else 0
    well = found["database"] == "ok" and found["periodic_jobs"] == "ok"
    return JsonResponse({"well": well, **found}, status=200 if well else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as problem:
        return type(problem).__name__
    return "ok"
