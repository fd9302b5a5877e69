from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lianfang.kernel import events
from lianfang.kernel.refusals import Phrase, Refused, refuse
from lianfang.kernel.views import page

from . import matching, selectors, services
from .models import Person, PossibleDuplicate


@dataclass(frozen=True)
class Compared:
    """One line of two records side by side."""

    label: Phrase
    left: str
    right: str
    verdict: str  # same, close, differs, unknown


FIELDS = (
    ("name", Phrase("Name")),
    ("id_number", Phrase("ID number")),
    ("phone", Phrase("Telephone")),
    ("sex", Phrase("Sex")),
    ("birth_date", Phrase("Date of birth")),
    ("address", Phrase("Address")),
    ("parent_name", Phrase("Parent’s name (under 14)")),
)


def compared(left: Person, right: Person) -> list[Compared]:
    """Two records line by line."""
    rows = []
    for name, label in FIELDS:
        a, b = (str(getattr(person, name) or "") for person in (left, right))
        if not a or not b or "U" in (a, b):
            verdict = "unknown"
        else:
            verdict = "same" if a == b else "differs"
        rows.append(Compared(label, a, b, verdict))
    return rows


@page("person.merge")
def duplicate_list(request: HttpRequest) -> HttpResponse:
    """Pairs of records that may be one person, the likeliest first. Names are masked here."""
    actor = request.actor  # type: ignore[attr-defined]
    decided = request.GET.get("decided") == "1"
    pairs = selectors.possible_duplicates(actor, decided=decided)
    return render(
        request,
        "registry/duplicate_list.html",
        {"page": Paginator(pairs, 50).get_page(request.GET.get("page")), "decided": decided},
    )


@page("person.merge")
def duplicate(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    """Two records side by side. The look is recorded for both."""
    actor = request.actor  # type: ignore[attr-defined]
    pair = _pair(actor, pair_id)
    with transaction.atomic():
        for person in (pair.person, pair.other):
            events.record(
                "person.viewed", actor, subject=("person", person.pk), path=person.path, details={"pair": str(pair.pk)}
            )
    return render(
        request,
        "registry/duplicate.html",
        {
            "pair": pair,
            "rows": compared(pair.person, pair.other),
            "reasons": [matching.REASON_WORDS.get(reason["code"], reason["code"]) for reason in pair.reasons],
            "merged": pair.decision == "same",
        },
    )


def _pair(actor: Any, pair_id: UUID) -> PossibleDuplicate:
    pair = selectors.possible_duplicates(actor, decided=None).filter(pk=pair_id).first()
    if pair is None or not all(
        Person.objects.visible_to(actor).filter(pk=pk).exists() for pk in (pair.person_id, pair.other_id)
    ):
        raise Refused(refuse("kernel.not_found"))
    return pair


@require_POST
@page("person.merge")
def duplicate_decide(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    pair = _pair(actor, pair_id)
    match request.POST.get("decision"):
        case "same":
            keep, merged = (
                (pair.other_id, pair.person_id)
                if request.POST.get("keep") == "other"
                else (pair.person_id, pair.other_id)
            )
            services.merge(keep, merged, actor)
            messages.success(request, _("The two records are now one person. This can be undone."))
        case "different":
            services.decide_different(pair.pk, actor)
            messages.success(request, _("Recorded: two people. The pair is not offered again."))
        case "undo":
            merged = pair.person if pair.person.merged_into_id else pair.other
            services.unmerge(merged.pk, actor)
            messages.success(request, _("The merge was undone."))
    return redirect("duplicate", pair.pk)
