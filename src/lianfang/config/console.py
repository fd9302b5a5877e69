"""What every page of the console shows around its content."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from lianfang.kernel import clock
from lianfang.kernel.access import Actor
from lianfang.kernel.views import public
from lianfang.quarantine import selectors

# (url name, words, icon, the permission that makes the entry appear)
NAVIGATION = (
    ("inbox", _("Work orders"), "clipboard-list", "order.read"),
    ("case-list", _("Cases"), "users", "case.read"),
    ("contact-list", _("Contacts"), "phone", "contact.read"),
    ("stay-list", _("Under observation"), "bed", "stay.read"),
    ("isolation-list", _("Isolation sites"), "building-community", "stay.read"),
    ("doors", _("Doors today"), "home", "checkin.record"),
    ("import-list", _("Import"), "file-import", "import.run"),
    ("duplicate-list", _("Same person?"), "users-group", "person.merge"),
    ("situation", _("Situation"), "chart-bar", "situation.read"),
    ("bulletin-list", _("Bulletin"), "news", "situation.read"),
    ("audit", _("Audit"), "shield-check", "audit.read"),
    ("account-list", _("Accounts"), "user-plus", "account.manage"),
    ("place-index", _("Places"), "map-pin", "site.manage"),
)


MANY = 100


def _missing(actor: Actor) -> Callable[[], str]:
    """How many check-ins are missing where the actor records them; asked once, and only by a page that shows it."""

    @cache
    def count() -> str:
        found = selectors.missing(actor, permission="checkin.record").values("pk")[:MANY].count()
        return f"{MANY - 1}+" if found >= MANY else str(found or "")

    return count


COUNTED = {"stay-list": _missing}  # what waits behind an entry, shown beside it


@public
def home(request: HttpRequest) -> HttpResponse:
    """Where somebody's work begins: the situation for those who may see it; the site of a coordinator, the doors of a grid
    worker; else the first place that the visitor may use."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.user_id is None:
        return redirect("login")  # and from there back here, not to a page that only some may see
    if actor.may("situation.read"):
        return redirect("situation")
    if actor.may("checkin.record") and not actor.may("case.read"):
        return redirect("isolation-list" if actor.organisations("checkin.record") else "doors")
    return redirect(
        next((url for url, _words, _icon, permission in NAVIGATION if actor.may(permission)), "password-change")
    )


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """The navigation this actor may use, the actor, and the present moment."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {}
    return {
        "actor": actor,
        "now": clock.now(),
        "may_search": actor.may("case.read"),
        "may_notify": actor.may("case.notify"),
        "navigation": [
            {"url": url, "label": label, "icon": icon, "count": COUNTED[url](actor) if url in COUNTED else ""}
            for url, label, icon, permission in NAVIGATION
            if actor.may(permission)
        ],
    }
