"""The one clock. Everything that asks "when is now" asks here, so that a test, a replay or a demo can set the hour."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time

from django.utils import timezone

_set_to: ContextVar[datetime | None] = ContextVar("lianfang_clock", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _set_to.get() or datetime.now(UTC)


def today() -> date:
    """The calendar day in the platform's time zone."""
    return local_day(now())


def local_day(moment: datetime) -> date:
    """The calendar day of a moment in the platform's time zone."""
    return timezone.localtime(moment).date()


def start_of(day: date) -> datetime:
    """The first moment of a day in the platform's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Hold the clock at a moment for the length of a block. The moment must be aware."""
    if moment.tzinfo is None:
        raise ValueError("the clock needs an aware datetime")
    token = _set_to.set(moment)
    try:
        yield
    finally:
        _set_to.reset(token)
