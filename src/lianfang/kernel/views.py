"""What every page and every API route shares: naming its permission, and turning refusals into answers."""

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address, ip_network
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from .access import PERMISSIONS, Actor
from .refusals import Refused, refuse

View = Callable[..., HttpResponseBase]


def page(permission: str) -> Callable[[View], View]:
    """Mark a view as a page that needs a permission. Nobody is sent to sign in; a refusal becomes a page that says why."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor: Actor = request.actor  # type: ignore[attr-defined]
            if actor.user_id is None:
                return redirect_to_login(request.get_full_path())
            try:
                if not actor.may(permission):
                    raise Refused(refuse("kernel.not_permitted", permission=str(PERMISSIONS[permission])))
                return view(request, *args, **kwargs)
            except Refused as no:
                return refused_page(request, no)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return mark


def public(view: View) -> View:
    """Mark a view as open to everybody, on purpose."""
    view.permission = "public"  # type: ignore[attr-defined]
    return view


def needs_sign_in(view: View) -> View:
    """Mark a view as open to everybody who is signed in, whatever posts they hold; the view itself sends others to sign in."""
    view.permission = "signed in"  # type: ignore[attr-defined]
    return view


STATUS = {"kernel.not_found": 404, "kernel.not_permitted": 403, "kernel.id_conflict": 409}


def status_of(no: Refused) -> int:
    """The HTTP status that fits a refusal."""
    return STATUS.get(no.refusals[0].code, 422) if no.refusals else 422


def refused_page(request: HttpRequest, no: Refused) -> HttpResponse:
    """The refusal in words, as a page or, for a part of a page, as a short notice."""
    status = status_of(no)
    template = f"{status}.html" if status in (403, 404) else "refused.html"
    return render(request, template, {"refusals": [str(refusal) for refusal in no.refusals]}, status=status)


def day_field(*, required: bool = False, **options: Any) -> forms.DateField:
    """A field of a form for a day, chosen in the browser's own calendar; may be left empty unless ``required``."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(required=required, widget=widget, **options)


def needs(permission: str) -> Callable[[View], View]:
    """Mark an API operation with the permission it needs; refused before anything is read."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.actor.may(permission):  # type: ignore[attr-defined]
                raise Refused(refuse("kernel.not_permitted", permission=str(PERMISSIONS[permission])))
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return mark


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, for slowing down whoever guesses: behind our proxy what the proxy saw. Of IPv6 the network,
    since one household has more addresses than could ever be tried."""
    seen = request.META.get("REMOTE_ADDR", "")
    if settings.HTTPS and (forwarded := request.META.get("HTTP_X_FORWARDED_FOR", "")):
        seen = forwarded.rsplit(",", 1)[-1].strip()
    try:
        address = ip_address(seen)
    except ValueError:
        return "::"  # all who cannot be told apart are one
    return str(address) if address.version == 4 else str(ip_network(f"{address}/64", strict=False).network_address)
