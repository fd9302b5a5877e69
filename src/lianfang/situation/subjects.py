"""Areas as the subjects of work orders: their name, and their situation for those who may see it."""

from collections.abc import Collection
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from lianfang.kernel.access import Actor
from lianfang.registry.models import Area
from lianfang.registry.selectors import area_name
from lianfang.workorders.about import Named, Subject

from .alerts_words import note

MOST = 2**62  # a number above is no area's


def _areas(actor: Actor, ids: Collection[UUID]) -> Named:
    """Areas are public; the page opens for those who may see the situation there."""
    found = Area.objects.in_bulk([pk.int for pk in ids if pk.int < MOST])
    return {
        UUID(int=area.pk): (
            area_name(area),
            f"{reverse('situation')}?area={area.code}" if actor.may_at("situation.read", area.path) else "",
        )
        for area in found.values()
    }


SUBJECTS = {"area": Subject(_("area"), _areas, note)}
