from django_tasks import task

from lianfang.kernel.access import SYSTEM
from lianfang.registry.selectors import actor_for

from . import services
from .models import Verification


@task()
def walk(verification_id: str) -> None:
    """Walk the record for a verification that somebody ordered."""
    verification = Verification.objects.select_related("ordered_by").get(pk=verification_id)
    if verification.finished_at is not None:
        return
    by = actor_for(verification.ordered_by) if verification.ordered_by else SYSTEM
    try:
        services.walk_for(verification, by)
    except Exception:
        services.give_up(verification.pk)
        raise
