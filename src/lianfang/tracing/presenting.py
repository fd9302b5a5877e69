"""Exposures, windows and standings in words, for pages."""

from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from lianfang.definitions import selectors as definitions

from . import rules
from .selectors import Line, Unasked, Window


def day(value: date | None) -> str:
    return date_format(value, "Y-m-d") if value else ""


def span(first: date | None, last: date | None) -> str:
    """From when until when, as far as known."""
    if first and last:
        return day(first) if first == last else f"{day(first)} … {day(last)}"
    return f"{day(first)} …" if first else day(last)


def exposure_words(exposure: Any) -> str:
    """An exposure in one line: how, when, where."""
    parts = [definitions.terms("contact_kinds").get(exposure.kind, exposure.kind)]
    if exposure.relation:
        parts.append(definitions.terms("relations").get(exposure.relation, exposure.relation))
    parts.append(span(exposure.first_on, exposure.last_on))
    if exposure.distance is not None:
        parts.append(_("{metres} m").format(metres=f"{exposure.distance:g}"))
    if exposure.protected:
        parts.append(_("protected"))
    if (site := getattr(exposure, "site", None)) is not None:
        parts.append(site.name)
    return " · ".join(part for part in parts if part)


def category_words(disease: str, edition_code: str, category: str) -> str:
    """The category of an exposure in the words of the edition that it was judged under."""
    held = definitions.edition(disease, edition_code).contact_categories.get(category)
    return definitions.label(held) if held else _("no contact by the edition")


def judged_words(exposure: Any) -> str:
    """Why an exposure that was judged anew stands as it does; empty for one that was not."""
    if not exposure.rejudged:
        return ""
    said = {"on": day(timezone.localdate(exposure.recorded_at)), "case": exposure.case.number,
            "now": day(exposure.window_from), "before": day(exposure.corrects.window_from)}  # fmt: skip
    if exposure.window_from is None:
        words = _("Judged anew on {on}: every contact with case {case} counts until its onset is known again.")
    elif exposure.corrects.window_from is None:
        words = _("Judged anew on {on}: it is known now that contact with case {case} counts from {now}.")
    else:
        words = _("Judged anew on {on}: contact with case {case} counts from {now}, and not from {before}.")
    return words.format(**said)


def unasked_words(unasked: Unasked) -> str:
    """Which days nobody asked about."""
    if unasked.first is None:
        return _("the days until {last}").format(last=day(unasked.last))
    return _("the days {span}").format(span=span(unasked.first, unasked.last))


def standing_words(standing: rules.Standing) -> str:
    """Where a contact stands."""
    words = _(rules.STANDINGS[standing.code])
    return f"{words} ({standing.attempts})" if standing.code == "tried" else words


TONES = {"reached": "tag-good", "tried": "tag-warn", "refused": "tag-bad", "case": "tag-bad", "new": "tag-note"}


def lines_shown(found: list[Line], case_id: UUID | None = None) -> list[dict[str, Any]]:
    """Contacts as a table shows them; with a case the exposures to it come first."""
    shown = []
    for line in found:
        own = [exposure for exposure in line.exposures if case_id is None or exposure.case_id == case_id]
        last = own[-1] if own else line.last_exposure
        shown.append(
            {
                "line": line,
                "contact": line.contact,
                "name": line.contact.person.stands_under.masked_name or line.contact.person.masked_name,
                "exposure": last,
                "exposure_words": exposure_words(last) if last else "",
                "category": category_words(line.contact.disease, last.edition, last.category) if last else "",
                "observed": last is not None and _observed(line, last),
                "rejudged": bool(line.rejudged),
                "standing": standing_words(line.standing),
                "tone": TONES.get(line.standing.code, "tag-note"),
                "cases": len({exposure.case_id for exposure in line.exposures}),
            }
        )
    return shown


def _observed(line: Line, exposure: Any) -> bool:
    held = definitions.edition(line.contact.disease, exposure.edition)
    return rules.observed(held, exposure.category, exposure.protected)


def window_words(window: Window) -> str:
    """From when on contact counts, and by what."""
    held = window.edition.contact_window
    if held is None:
        return _("Edition {edition} states no contact window.").format(edition=window.edition.code)
    if window.begins_on is None:
        return _(
            "Edition {edition}: every contact counts until the onset, or the first positive sample, is known."
        ).format(edition=window.edition.code)
    sampled = window.illness.onset_on is None
    if held.days_before == 0:
        words = (
            _("Edition {edition}: contact counts from {day}, the day of the first positive sample.")
            if sampled
            else _("Edition {edition}: contact counts from {day}, the day of onset.")
        )
    elif sampled:
        words = _("Edition {edition}: contact counts from {day}, {days} days before the first positive sample.")
    else:
        words = _("Edition {edition}: contact counts from {day}, {days} days before onset.")
    return words.format(edition=window.edition.code, day=day(window.begins_on), days=held.days_before)
