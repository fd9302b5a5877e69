"""The subjects of work orders that stand on this floor or below: sites, and requests that stand by themselves."""

from collections.abc import Collection
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from lianfang.kernel.access import Actor
from lianfang.registry.models import Site

from .about import Named, Subject
from .models import WorkOrder


def _sites(actor: Actor, ids: Collection[UUID]) -> Named:
    """Sites are public places: whoever sees the order reads the name; the page opens for those who may see the site."""
    seen = set(Site.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", flat=True))
    return {
        site.pk: (site.name, reverse("place", args=["site", site.pk]) if site.pk in seen else "")
        for site in Site.objects.filter(pk__in=ids)
    }


def _requests(actor: Actor, ids: Collection[UUID]) -> Named:
    """What somebody asked for, by the place where it is to be done; what followed it leads to the first order."""
    orders = WorkOrder.objects.visible_to(actor).filter(pk__in=ids)
    return {order.pk: (order.place or order.applicant, reverse("order", args=[order.pk])) for order in orders}


SUBJECTS = {"site": Subject(_("site"), _sites), "request": Subject(_("request"), _requests)}
