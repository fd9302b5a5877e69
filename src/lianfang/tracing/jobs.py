"""What tracing does at its hours."""

from datetime import timedelta

from lianfang.kernel import clock

from . import services
from .models import PresenceList

KEPT_DAYS = 28


def forget_presence() -> None:
    """Remove from lists of who was at a place, four weeks after they came, everybody who became nobody's contact."""
    before = clock.now() - timedelta(days=KEPT_DAYS)
    if PresenceList.objects.filter(forgotten_at=None, recorded_at__lt=before).exists():
        services.forget_presence(before)
