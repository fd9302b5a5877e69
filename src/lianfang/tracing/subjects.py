"""Contacts as the subjects of work orders: their number, and their page for those who may open it."""

from collections.abc import Collection
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from lianfang.kernel.access import Actor
from lianfang.workorders.about import Named, Subject

from .models import Contact


def _contacts(actor: Actor, ids: Collection[UUID]) -> Named:
    seen = Contact.objects.visible_to(actor).filter(pk__in=ids)
    return {pk: (number, reverse("contact", args=[pk])) for pk, number in seen.values_list("pk", "number")}


SUBJECTS = {"contact": Subject(_("contact"), _contacts)}
