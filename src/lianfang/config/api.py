"""The REST API: bearer tokens for machines, the session for the console, refusals as problems in the caller's language."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.security import HttpBearer, SessionAuth

from lianfang import __version__
from lianfang.exchange.api import router as imports
from lianfang.kernel.refusals import Refused
from lianfang.kernel.tokens import holder
from lianfang.kernel.views import status_of
from lianfang.quarantine.api import router as stays
from lianfang.registry.selectors import actor_for
from lianfang.situation.api import router as situation
from lianfang.surveillance.api import router as cases
from lianfang.tracing.api import router as contacts
from lianfang.tracing.api import visits
from lianfang.workorders.api import router as orders


class Token(HttpBearer):
    """A key made by ``lianfang token``; acts with the posts of its user."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        user = holder(token)
        if user is not None:
            request.actor = actor_for(user, channel="api")  # type: ignore[attr-defined]
        return user


api = NinjaAPI(
    title="Lianfang",
    version=__version__,
    description="Outbreak monitoring and response. Every read is limited to what the caller's posts let it see.",
    auth=[Token(), SessionAuth(csrf=True)],
    docs_url=None,
)
api.add_router("/cases", cases)
api.add_router("/contacts", contacts)
api.add_router("/visits", visits)
api.add_router("/stays", stays)
api.add_router("/imports", imports)
api.add_router("/orders", orders)
api.add_router("/situation", situation)


@api.exception_handler(Refused)
def refused(request: HttpRequest, no: Refused) -> HttpResponse:
    """A refusal as JSON: for each its code, the field it concerns, and the sentence."""
    problems = [{"code": entry.code, "about": entry.about, "words": str(entry)} for entry in no.refusals]
    return api.create_response(request, {"refused": problems}, status=status_of(no))
