"""Cases as the subjects of work orders: their number, and their page for those who may open it."""

from collections.abc import Collection
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from lianfang.kernel.access import Actor
from lianfang.workorders.about import Named, Subject

from .models import CaseVersion


def _cases(actor: Actor, ids: Collection[UUID]) -> Named:
    seen = CaseVersion.objects.visible_to(actor).filter(case_id__in=ids, superseded_at=None)
    return {pk: (number, reverse("case", args=[pk])) for pk, number in seen.values_list("case_id", "case__number")}


SUBJECTS = {"case": Subject(_("case"), _cases)}
