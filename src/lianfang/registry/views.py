from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lianfang.kernel import events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Phrase, Refused, refuse
from lianfang.kernel.views import page

from . import matching, selectors, services
from .models import Person, PossibleDuplicate


@dataclass(frozen=True)
class Compared:
    """One line of two records side by side, each side in pieces: (text, whether the other side has it otherwise)."""

    label: Phrase
    left: list[tuple[str, bool]]
    right: list[tuple[str, bool]]
    verdict: str  # same, close, differs, unknown


@dataclass(frozen=True)
class Weighed:
    """One reason in words, and whether it speaks for one person."""

    words: Phrase
    speaks_for: bool


LINES = (
    ("name", Phrase("Name")),
    ("id_number", Phrase("ID number")),
    ("phone", Phrase("Telephone")),
    ("sex", Phrase("Sex")),
    ("born", Phrase("Date of birth")),
    ("area", Phrase("Lived in")),
    ("address", Phrase("Address")),
    ("parent_name", Phrase("Parent’s name (under 14)")),
)

VERDICTS = {
    "same": Phrase("the same"),
    "close": Phrase("nearly the same"),
    "differs": Phrase("differs"),
    "unknown": Phrase("not known"),
}

LIKENESSES = {
    "certain": Phrase("almost certain"),
    "likely": Phrase("likely"),
    "possible": Phrase("possible"),
}


def compared(left: Person, right: Person) -> list[Compared]:
    """Two records line by line."""
    verdicts = matching.verdicts(services.as_matched(left), services.as_matched(right))
    rows = []
    for name, label in LINES:
        a, b = _shown(left, name), _shown(right, name)
        verdict = verdicts.get(name, matching.alike(a, b) if a and b else "unknown")
        marks = (
            matching.marked(a, b) if verdict in ("close", "differs") and name != "sex" else ([(a, False)], [(b, False)])
        )
        rows.append(Compared(label, *marks, verdict))
    return rows


def _shown(person: Person, name: str) -> str:
    match name:
        case "sex":
            return str(person.get_sex_display()) if person.sex != Person.Sex.UNKNOWN else ""
        case "born":
            return date_format(person.birth_date, "Y-m-d") if person.birth_date else str(person.birth_year or "")
        case "area":
            return selectors.area_name(person.area) if person.area else ""
        case _:
            return str(getattr(person, name))


def _weighed(pair: PossibleDuplicate) -> list[Weighed]:
    words = matching.REASON_WORDS
    return [
        Weighed(words[each["code"]], each["weight"] > 0)
        for each in pair.reasons
        if each["code"] in words and abs(each["weight"]) >= 0.5  # less than that says nothing either way
    ]


@page("person.merge")
def duplicate_list(request: HttpRequest) -> HttpResponse:
    """Pairs of records that may be one person, the likeliest first. Names are masked here."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    decided = request.GET.get("decided") == "1"
    pairs = Paginator(selectors.possible_duplicates(actor, decided=decided), 50).get_page(request.GET.get("page"))
    shown = [(pair, _weighed(pair)[:3], LIKENESSES.get(pair.verdict, "")) for pair in pairs]
    with transaction.atomic():
        events.record("person.listed", actor, details={"rows": len(shown), "names": "masked"})
    return render(request, "registry/duplicate_list.html", {"page": pairs, "pairs": shown, "decided": decided})


@page("person.merge")
def duplicate(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    """Two records side by side. The look is recorded for both."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    pair = _pair(actor, pair_id)
    with transaction.atomic():
        for person in (pair.person, pair.other):
            events.record(
                "person.viewed",
                actor,
                subject=("person", person.pk),
                path=person.path,
                details={"pair": str(pair.pk)},
            )
    return render(
        request,
        "registry/duplicate.html",
        {
            "pair": pair,
            "rows": [(row, VERDICTS[row.verdict]) for row in compared(pair.person, pair.other)],
            "reasons": _weighed(pair),
            "likeness": LIKENESSES.get(pair.verdict, ""),
            "one_by_others": not pair.decision and pair.person.stands_under_id == pair.other.stands_under_id,
        },
    )


def _pair(actor: Actor, pair_id: UUID) -> PossibleDuplicate:
    pair = selectors.possible_duplicates(actor, decided=None).filter(pk=pair_id).first()
    if pair is None:
        raise Refused(refuse("kernel.not_found"))
    return pair


@require_POST
@page("person.merge")
def duplicate_decide(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    pair = _pair(actor, pair_id)
    decisions: dict[str, Any] = {"same": _same, "different": _different, "undo": _undo}
    decide = decisions.get(request.POST.get("decision", ""))
    if decide is None:
        raise Refused(refuse("person.no_such_decision"))
    messages.success(request, decide(pair, request, actor))
    return redirect("duplicate", pair.pk)


def _same(pair: PossibleDuplicate, request: HttpRequest, actor: Actor) -> str:
    both = pair.other_id, pair.person_id
    keep, merged = both if request.POST.get("keep") != "person" else both[::-1]
    services.merge(keep, merged, actor)
    return _("The two records are now one person. This can be undone.")


def _different(pair: PossibleDuplicate, request: HttpRequest, actor: Actor) -> str:
    services.decide_different(pair.pk, actor)
    return _("Recorded: two people. The pair is not offered again.")


def _undo(pair: PossibleDuplicate, request: HttpRequest, actor: Actor) -> str:
    services.undo(pair.pk, actor)
    return _("The decision was taken back.")
