"""Imports run as jobs, so that nobody waits in a browser and a stopped process loses nothing."""

import logging
from datetime import timedelta

from django_tasks import task

from lianfang.kernel import clock
from lianfang.kernel.models import User
from lianfang.registry.selectors import actor_for

from . import services
from .models import ImportRun

log = logging.getLogger(__name__)
KEPT_DAYS = 7
STALLED = timedelta(seconds=60)


@task(queue_name="imports")
def enter(run_id: str, user_id: int) -> None:
    """Enter a run's rows with the posts its starter holds now. A run that can't go on says where and why it stopped."""
    run = ImportRun.objects.get(pk=run_id)
    if run.status != "running":
        return
    try:
        services.enter_all(run, actor_for(User.objects.get(pk=user_id), channel="import"))
    except Exception as problem:
        log.exception("import %s stopped", run_id)
        services.stop(run.pk, problem)


def take_up_again() -> int:
    """Order again the runs whose process was killed: they run, but nothing moved for a while. Returns how many.

    Should the first process be alive after all, the second finds the place moved on and leaves.
    """
    found = 0
    stalled = ImportRun.objects.filter(status="running", progressed_at__lt=clock.now() - STALLED)
    for run in stalled.exclude(created_by=None):
        ImportRun.objects.filter(pk=run.pk).update(progressed_at=clock.now())
        enter.enqueue(str(run.pk), run.created_by_id)
        found += 1
    return found


def forget_files() -> int:
    """Remove files that nobody went on with for a week. They hold personal data that is of no use any more."""
    from pathlib import Path

    from django.conf import settings

    old = ImportRun.objects.filter(created_at__lt=clock.now() - timedelta(days=KEPT_DAYS)).exclude(stored_as="").exclude(status="running")
    for run in old:
        (Path(settings.IMPORTS_DIR) / run.stored_as).unlink(missing_ok=True)
        run.stored_as = ""
        run.save(update_fields=["stored_as"])
    return len(old)
