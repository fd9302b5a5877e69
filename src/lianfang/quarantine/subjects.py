"""Stays, needs and rooms as the subjects of work orders: who it is about, masked, and where to find it."""

from collections.abc import Collection
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from lianfang.kernel.access import Actor
from lianfang.workorders.about import Named, Subject

from .models import Need, Room, Stay


def _page(name: str, pk: UUID) -> str:
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""


def _place(stay: Stay) -> str:
    where = [stay.site.name if stay.site else "", stay.room.name if stay.room else ""]
    return " · ".join(part for part in (stay.person.stands_under.masked_name, *where) if part)


def _stays(actor: Actor, ids: Collection[UUID]) -> Named:
    seen = Stay.objects.visible_to(actor).filter(pk__in=ids).select_related("person__merged_into", "site", "room")
    return {stay.pk: (_place(stay), _page("stay", stay.pk)) for stay in seen}


def _needs(actor: Actor, ids: Collection[UUID]) -> Named:
    seen = (
        Need.objects.visible_to(actor)
        .filter(pk__in=ids)
        .select_related("stay__person__merged_into", "stay__site", "stay__room")
    )
    return {need.pk: (_place(need.stay), _page("stay", need.stay_id)) for need in seen}  # the order says which need


def _rooms(actor: Actor, ids: Collection[UUID]) -> Named:
    seen = Room.objects.visible_to(actor, "order.read").filter(pk__in=ids).select_related("site")
    return {room.pk: (f"{room.site.name} · {room.name}", _page("isolation-site", room.site_id)) for room in seen}


SUBJECTS = {
    "stay": Subject(_("person under observation"), _stays),
    "need": Subject(_("need"), _needs),
    "room": Subject(_("room"), _rooms),
}
