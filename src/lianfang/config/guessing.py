"""How fast passwords can be guessed: failed sign-ins of a quarter hour, counted by name and address together, and by each.

A name is at home at an address from which it has signed in before. At home nothing but its own failures there, and very
many of others at the same address, keep somebody out: a stranger who tries a health worker's name from many places, or
many names from one, shuts the door to himself and not to the hospital.
"""

from datetime import timedelta
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest

FROM_ONE_ADDRESS = 30  # whatever the names, for names that are not at home there
AT_HOME = 100  # the same for those that are: a hospital is one address to us
FOR_ONE_NAME = 20  # wherever it is tried from, for addresses that are not its home
HOME = timedelta(days=90)


class SlowsGuessing(AxesDatabaseHandler):  # type: ignore[misc]
    """Tells django-axes how many failures to hold against a sign-in."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """The failures of this name at this address; the limit where the address or the name has had too many of its own."""
        name, address = get_client_username(request, credentials), request.axes_ip_address  # type: ignore[attr-defined]
        recent = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))

        def failures(**of: Any) -> int:
            return recent.filter(**of).aggregate(failed=Sum("failures_since_start"))["failed"] or 0

        since = request.axes_attempt_time - HOME  # type: ignore[attr-defined]
        at_home = AccessLog.objects.filter(username=name, ip_address=address, attempt_time__gte=since).exists()
        if at_home:
            too_many = failures(ip_address=address) >= AT_HOME
        else:
            too_many = failures(ip_address=address) >= FROM_ONE_ADDRESS or failures(username=name) >= FOR_ONE_NAME
        own = failures(username=name, ip_address=address)
        return max(own, settings.AXES_FAILURE_LIMIT) if too_many else own
