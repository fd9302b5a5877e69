"""Imports run as jobs, so that nobody waits in a browser and a stopped process loses nothing."""

import logging
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django_tasks import task

from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM
from lianfang.kernel.models import User
from lianfang.registry.selectors import actor_for

from . import services
from .models import ImportRow, ImportRun
from .rules import AT_WORK

log = logging.getLogger(__name__)
KEPT_DAYS = 7
KEPT_ROWS_DAYS = 30


@task(queue_name="imports")
def go_on(run_id: str, user_id: int | None) -> None:
    """Enter a run's rows, undo or restore them, with the posts its starter holds now.

    A run that can't go on says where and why it stopped. None stands for whoever runs the system, at the command line.
    """
    run = ImportRun.objects.get(pk=run_id)
    by = actor_for(User.objects.get(pk=user_id), channel="import") if user_id is not None else SYSTEM
    try:
        if run.status == "running":
            services.enter_all(run, by)
        elif run.status in AT_WORK:
            services.turn_all(run, by)
    except Exception as problem:
        log.exception("import %s stopped", run_id)
        services.stop(run.pk, problem, by)


@task(queue_name="imports")
def look_ahead(run_id: str, user_id: int | None) -> None:
    """Count what an import would do, as far as its reader's posts reach now. Whoever waits sees how far it has come."""
    run = ImportRun.objects.get(pk=run_id)
    by = actor_for(User.objects.get(pk=user_id), channel="import") if user_id is not None else SYSTEM
    if run.status == "mapped" and run.stored_as:
        services.keep_outlook(run, by)


def take_up_again() -> int:
    """Order again the runs whose process was killed: they are at work, but nothing moved for a while. Returns how many.

    Should the first process be alive after all, the second finds the place moved on and leaves.
    """
    stalled = ImportRun.objects.filter(status__in=AT_WORK, progressed_at__lt=clock.now() - services.STALLED)
    found = 0
    for run in stalled:
        ImportRun.objects.filter(pk=run.pk).update(progressed_at=clock.now())
        go_on.enqueue(str(run.pk), run.ordered_by_id)
        found += 1
    return found


def forget_refused_rows() -> int:
    """Empty the refused rows of imports that ended a month ago: who wanted to correct them has done so. Returns how many."""
    before = clock.now() - timedelta(days=KEPT_ROWS_DAYS)
    return ImportRow.objects.to_correct().filter(run__finished_at__lt=before).update(raw=b"", findings=b"")


def forget_files() -> int:
    """Remove files that nobody went on with for a week. They hold personal data that is of no use any more."""
    before = clock.now() - timedelta(days=KEPT_DAYS)
    old = ImportRun.objects.filter(created_at__lt=before).exclude(stored_as="").exclude(status__in=AT_WORK)
    for run in old:
        (Path(settings.IMPORTS_DIR) / run.stored_as).unlink(missing_ok=True)
        run.stored_as = ""
        run.save(update_fields=["stored_as"])
    return len(old)
