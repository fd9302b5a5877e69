"""The page behind a personal link: for any phone, without an account, without script.

Whoever holds the link may send, and may read nothing but the last day of observation. The token stands in the address
alone: no cookie is set, no session is read, nothing is kept by the browser, and no other site is told where somebody came
from. Without a cookie there is nothing that another site could misuse, so no CSRF token is asked for.
"""

from dataclasses import replace
from typing import Any
from uuid import uuid5

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.refusals import Refused
from lianfang.kernel.views import address_of, public

from . import services
from .forms import PersonalCheckIn
from .presenting import day_in_words

LANGUAGES = ("zh-hans", "en")
FORM = "application/x-www-form-urlencoded"
DIRECTIVES = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}


@public
@csrf_exempt
@csp_replace(DIRECTIVES)  # type: ignore[arg-type]
@require_http_methods(["GET", "HEAD", "POST"])
def personal(request: HttpRequest, token: str) -> HttpResponse:
    """The form, and after sending it what happens next. A link that does not work says only that."""
    wanted = request.GET.get("lang", "")
    language = wanted if wanted in LANGUAGES else translation.get_language() or LANGUAGES[0]
    with translation.override(language):
        try:
            template, context, status = _answer(request, token)
        except Refused:
            template, context, status = "closed", {}, 404
        context |= {"language": language, "emergency": settings.EMERGENCY_NUMBER, "help": settings.HELP_NUMBER}
        response = HttpResponse(render_to_string(f"quarantine/personal_{template}.html", context), status=status)
    response["Content-Language"] = language
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _answer(request: HttpRequest, token: str) -> tuple[str, dict[str, Any], int]:
    address = address_of(request)
    shown = services.link_page(token, address)
    day = {"release_day": day_in_words(shown.release_on), "phone": shown.phone}
    if request.method != "POST":
        return "form", {"form": PersonalCheckIn(symptoms=shown.symptoms), **day}, 200
    given = request.POST if request.content_type == FORM else {}
    form = PersonalCheckIn(given, symptoms=shown.symptoms)
    if not form.is_valid():
        return "form", {"form": form, **day}, 422
    alarm = None
    if form.says_something:
        new = form.check()
        try:
            checked = services.check_in_by_link(token, new, address)
        except Refused as no:
            if no.refusals[0].code != "kernel.id_conflict":
                raise
            # Sent, taken back to with the browser's button, changed, and sent again: one more check-in, once.
            content = f"{new.temperature} {new.symptoms} {new.words}"
            checked = services.check_in_by_link(token, replace(new, id=uuid5(new.id, content)), address)
        alarm = checked.alarm
    for need in form.asked():
        try:
            services.ask_by_link(token, need, address)
        except Refused as no:
            if no.refusals[0].code != "kernel.id_conflict":
                raise
            services.ask_by_link(token, replace(need, id=uuid5(need.id, need.words)), address)
    words = definitions.terms("needs")
    return "sent", {
        **day,
        "hour": f"{timezone.localtime(clock.now()):%H:%M}",
        "alarm": alarm,
        "needs": _(", ").join(words.get(need.kind, need.kind) for need in form.asked()),
    }, 200  # fmt: skip
