"""Kept sources in the reader's words: for the sources' page, the situation, the report."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lianfang.kernel import clock
from lianfang.registry.selectors import area_name

from .kept_sources import Kept
from .models import SourceEdition
from .sources import MAX_SHIFT


def standing(kept: Kept) -> str:
    """How far a source is from the platform on the latest day of which both speak, and which shift explains it best."""
    if kept.found is None:
        return " ".join(str(refusal) for refusal in kept.no.refusals) if kept.no else ""
    told = kept.standing
    if told.day is None:
        return _("no day of which both speak")
    if not told.difference:
        return _("equal on {day}").format(day=told.day)
    words = _("{n} in {area} on {day}").format(
        n=f"{told.difference:+}", area=area_name(kept.found.areas[told.area]), day=told.day
    )
    return _("{words}, {shift}").format(words=words, shift=shift(told.shift)) if told.shift else words


def shift(days: int) -> str:
    """The one shift that explains a source best, in words."""
    n = abs(days)
    if days > 0:
        return ngettext("fits best {n} day late", "fits best {n} days late", n).format(n=n)
    return ngettext("fits best {n} day early", "fits best {n} days early", n).format(n=n)


def largest(kept: Kept) -> str:
    """The largest difference on any day; a dash where there is none."""
    told = kept.standing
    if kept.found is None or not told.largest:
        return "–"
    return _("{n} in {area} on {day}").format(
        n=f"{told.largest:+}", area=area_name(kept.found.areas[told.largest_area]), day=told.largest_on
    )


def agreement(kept: Kept) -> str:
    """How many of the figures that both have are equal."""
    told = kept.standing
    return _("{equal} of {compared}").format(equal=told.equal, compared=told.compared)


def line(kept: Sequence[Kept], more: Sequence[SourceEdition]) -> str:
    """How many kept sources differ from the platform, and the one that does most, in a sentence; empty where none is kept."""
    if not kept:
        return ""
    apart = [each for each in kept if each.standing.difference]
    if not apart:
        said = ngettext(
            "{n} kept source agrees with the platform on its latest day.",
            "{n} kept sources, none differs from the platform on its latest day.",
            len(kept),
        ).format(n=len(kept))
    else:
        said = _("{n} of {all} kept sources differ from the platform; most {name}: {words}.").format(
            n=len(apart), all=len(kept), name=apart[0].edition.name, words=standing(apart[0])
        )
    return f"{said} {rest(len(more))}" if more else said


def rest(more: int) -> str:
    """How many kept sources were not compared, in a sentence."""
    return ngettext("{n} more kept source was not compared.", "{n} more kept sources were not compared.", more).format(
        n=more
    )


def method() -> str:
    """With what and how kept sources are compared, in a few sentences."""
    return _(
        "Each source as it was kept up to the data cut, beside the platform's cases by day of report as known then. The area "
        "farthest apart is named; the shift is the one that explains its days best, of at most {days} days."
    ).format(days=MAX_SHIFT)


def rows_of(kept: Sequence[Kept]) -> list[list[Any]]:
    """The sources as rows of a table: name, area, edition, how it stands, the largest difference, how many figures agree."""
    return [
        [
            each.edition.name,
            area_name(each.edition.area),
            _("{number}, {day}").format(number=each.edition.number, day=clock.local_day(each.edition.kept_at)),
            standing(each),
            largest(each),
            agreement(each),
        ]
        for each in kept
    ]
