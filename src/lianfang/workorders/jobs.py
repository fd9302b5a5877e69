"""What the platform does by itself with work orders: raising those of the rounds when their hour has come."""

from datetime import timedelta

from lianfang.kernel import clock
from lianfang.kernel.access import SYSTEM

from . import services
from .models import Round
from .rules import kinds

EVERY = timedelta(minutes=1)  # no round is looked at more often


def raise_rounds() -> int:
    """Raise what is due of every round in force. Returns how many orders."""
    waiting = Round.objects.in_force().filter(kind__in=kinds(), raised_until__lte=clock.now() - EVERY)
    return sum(len(services.raise_round(pk, SYSTEM)) for pk in waiting.values_list("pk", flat=True))
