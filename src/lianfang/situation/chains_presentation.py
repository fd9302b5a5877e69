"""Chains of transmission in the reader's words: the picture's data, tables, notes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import numpy as np
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lianfang.definitions import selectors as definitions
from lianfang.registry.selectors import area_name

from .chains import RULED_OUT, ChainCase, Chains, Hole

LAST_COUNT = 20  # secondary cases; what lies beyond shares one bar
SHOWN_INTERVALS = (-14, 42)  # days; what lies beyond shares the outermost bars


def query(found: Chains, **changed: Any) -> str:
    """The address of these chains as a query; None leaves a name out."""
    wanted = found.wanted
    kept: dict[str, Any] = {
        "area": found.area.code,
        "disease": found.disease,
        "as_of": found.day.isoformat() if found.evening else None,
        "class": "confirmed" if wanted.confirmed else None,
        "certainty": wanted.certainty,
        "least": wanted.least,
        "since": wanted.since.isoformat() if wanted.since else None,
        "case": wanted.case or None,
        **changed,
    }
    return urlencode({name: value for name, value in kept.items() if value is not None})


def class_words(found: Chains) -> dict[str, str]:
    labels = definitions.all_class_labels()
    return {
        code: labels.get((found.disease, code), code)
        for code in sorted({case.classification for case in found.cases if case.id is not None})
    }


def certainty_words(code: str) -> str:
    return definitions.terms("certainties").get(code, code)


def certainty_choices() -> list[tuple[str, str]]:
    """The degrees of certainty a reader may ask for as the least, the surest first."""
    words = definitions.terms("certainties")
    return [(code, label) for code, label in reversed(words.items()) if code != RULED_OUT]


def setting_words(code: str) -> str:
    """Where an infection happened: a kind of contact, an answer of the investigation form, or as the source wrote it."""
    if not code:
        return _("not told")
    known = definitions.terms("contact_kinds").get(code)
    if known:
        return known
    for question in definitions.form("case_investigation").questions():
        if question.code == "contact_setting":
            words = question.words(definitions.library().vocabularies).get(code)
            if words:
                return str(words[definitions.language()])
    return code


def place_words(found: Chains, number: int) -> str:
    case = found.cases[number]
    if case.id is None:
        return _("elsewhere")
    place = int(found.place[number])
    if place >= 0:
        return area_name(found.places[place])
    return area_name(found.area) if case.here else _("another area")


def case_words(case: ChainCase) -> str:
    """The number of a case, or words for one that the reader may not see."""
    return case.number or _("a case elsewhere")


def picture(found: Chains) -> dict[str, Any]:
    """The chains as the page's island reads them: columns, days counted from the first."""
    classes = class_words(found)
    class_index = {code: n for n, code in enumerate(classes)}
    certainties = [code for code, _label in certainty_choices()]
    settings = sorted({link.setting for link in found.links})
    days = [day for case in found.cases for day in (case.onset, case.reported) if day is not None]
    first = min(days, default=found.day)
    names = [area_name(place) for place in found.places]
    own, other = len(names), len(names) + 1

    def offset(day: date | None) -> int | None:
        return None if day is None else (day - first).days

    return {
        "title": _("Chains of transmission"),
        "asOf": found.day,
        "first": first,
        "classes": [{"key": code, "label": label} for code, label in classes.items()],
        "places": [*names, area_name(found.area), _("another area")],
        "certainties": [{"key": code, "label": certainty_words(code)} for code in certainties],
        "settings": [setting_words(code) for code in settings],
        "id": [case.id.hex if case.id else "" for case in found.cases],
        "number": [case.number for case in found.cases],
        "class": [class_index.get(case.classification, -1) for case in found.cases],
        "onset": [offset(case.onset) for case in found.cases],
        "report": [offset(case.reported) for case in found.cases],
        "place": [
            int(place) if place >= 0 else own if case.here else other
            for case, place in zip(found.cases, found.place, strict=True)
        ],
        "introduced": [int(introduced) for introduced in found.missing.introduced],
        "generation": found.generation.tolist(),
        "infector": found.tree.infector.tolist(),
        "cluster": found.cluster.tolist(),
        "link": found.tree.link.tolist(),
        "from": [link.infector for link in found.links],
        "to": [link.infectee for link in found.links],
        "certainty": [certainties.index(link.certainty) for link in found.links],
        "setting": [settings.index(link.setting) for link in found.links],
        "open": reverse("case", args=[UUID(int=0)]).replace(str(UUID(int=0)), "{id}")
        + (f"?as_of={found.day}" if found.evening else ""),
    }


def secondary_bars(found: Chains) -> dict[str, Any] | None:
    """How many cases infected how many, with what the fitted distribution expects; None where no case is complete."""
    counts = found.infected
    if not counts.size:
        return None
    top = min(int(counts.max()), LAST_COUNT)
    values = np.bincount(np.minimum(counts, top), minlength=top + 1)
    expected = None
    if found.offspring is not None:
        shares = found.offspring.pmf(top + 1)
        shares[-1] += max(0.0, 1 - float(shares.sum()))
        expected = [round(float(share * counts.size), 2) for share in shares]
    more = int(counts.max()) > LAST_COUNT
    return {
        "labels": [f"≥ {n}" if more and n == top else str(n) for n in range(top + 1)],
        "values": values.tolist(),
        "expected": expected,
        "title": _("Secondary cases per case"),
        "unit": _("cases"),
        "axis": _("people infected"),
        "expectedLabel": _("negative binomial distribution"),
        "asOf": found.day,
    }


def interval_bars(found: Chains) -> dict[str, Any] | None:
    """Serial intervals of the links by day; None where none is known."""
    days = found.intervals
    if not days.size:
        return None
    low, high = max(int(days.min()), SHOWN_INTERVALS[0]), min(int(days.max()), SHOWN_INTERVALS[1])
    low, high = min(low, high), max(low, high)
    values = np.bincount(np.clip(days, low, high) - low, minlength=high - low + 1)
    labels = [str(day) for day in range(low, high + 1)]
    if days.min() < low:
        labels[0] = f"≤ {low}"
    if days.max() > high:
        labels[-1] = f"≥ {high}"
    return {
        "labels": labels,
        "values": values.tolist(),
        "expected": None,
        "title": _("Serial interval"),
        "unit": _("links"),
        "axis": _("days from the infector's onset to the infected person's"),
        "asOf": found.day,
    }


def bar_rows(bars: dict[str, Any] | None) -> list[tuple[str, int, float | None]]:
    """The same numbers as rows of a table."""
    if bars is None:
        return []
    expected = bars["expected"] or [None] * len(bars["values"])
    return list(zip(bars["labels"], bars["values"], expected, strict=True))


def island_words() -> str:
    """The words that the picture of the chains needs."""
    said = {
        "timeline": _("Timeline, chain by chain"),
        "byGeneration": _("Timeline, by generation"),
        "byPlace": _("Timeline, by place"),
        "tree": _("Generations, chain by chain"),
        "arrange": _("Arrangement"),
        "nearer": _("Nearer"),
        "farther": _("Farther"),
        "whole": _("Show all"),
        "openCase": _("Open the case"),
        "elsewhere": _("a case elsewhere"),
        "onset": _("onset"),
        "reported": _("reported"),
        "delay": _("{n} days from onset to report"),
        "generation": _("generation {n}"),
        "generations": _("Generation {n}"),
        "infectedBy": _("infected by {case} ({certainty})"),
        "infectorUnknown": _("infector not known"),
        "introduced": _("infected elsewhere"),
        "infected": _("infected {n}"),
        "noOnset": _("hollow: onset not known, drawn at the report"),
        "reportLine": _("thin line: from onset to report"),
        "hidden": _("not yours to see"),
        "keys": _("{n} cases. Arrow keys walk from case to case: left to the infector, right to those infected, up and down to the next row."),
        "failed": _("The picture could not be drawn. The cases are in the tables below."),
        "empty": _("No cases to draw."),
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False)


def bar_words() -> str:
    said = {
        "failed": _("The picture could not be drawn. The numbers are in the table below."),
        "empty": _("No numbers to draw."),
    }
    return json.dumps(said, ensure_ascii=False)


def secondary_words(found: Chains) -> list[str]:
    """R and k of the links in sentences, and what they leave out."""
    fit = found.offspring
    said = []
    if fit is None:
        said.append(_("Too few cases can be followed to the end for a distribution to be fitted."))
    else:
        said.append(
            _("By the links, a case infects {r} others on average (95% interval {low} to {high}).").format(
                r=f"{fit.r:.2f}", low=f"{fit.r_interval[0]:.2f}", high=f"{fit.r_interval[1]:.2f}"
            )
        )
        if np.isfinite(fit.k):
            said.append(
                _(
                    "Dispersion k is {k} ({low} to {high}): 80% of the infections are expected from {share} of the cases."
                ).format(
                    k=f"{fit.k:.2f}",
                    low=f"{fit.k_interval[0]:.2f}",
                    high="∞" if np.isinf(fit.k_interval[1]) else f"{fit.k_interval[1]:.2f}",
                    share=f"{100 * fit.share_causing():.0f}%",
                )
            )
        elif np.isinf(fit.k):
            said.append(_("The numbers are no more uneven than chance makes them: k cannot be told from infinity."))
    late = int((~found.secondary.complete & found.here).sum())
    if found.follow_days is None:
        said.append(
            _(
                "Recent cases are counted although those they infected may not have fallen ill yet: no serial interval is "
                "known for this disease."
            )
        )
    elif late:
        said.append(
            ngettext(
                "{n} case is left out: its onset is not known, or lies less than {days} days back, so that those it infected "
                "may be still to come.",
                "{n} cases are left out: their onset is not known, or lies less than {days} days back, so that those they "
                "infected may be still to come.",
                late,
            ).format(n=late, days=found.follow_days)
        )
    unknown = len(found.without_infector)
    if unknown:
        said.append(
            ngettext(
                "The infector of {n} case is not known, so the true number is higher.",
                "The infectors of {n} cases are not known, so the true number is higher.",
                unknown,
            ).format(n=unknown)
        )
    return said


def interval_words(found: Chains) -> list[str]:
    about = found.serial_interval
    if about is None:
        return []
    said = [
        _(
            "{n} links with both days of onset: mean {mean} days (95% interval {low} to {high}), standard deviation {sd}."
        ).format(
            n=about.n_usable,
            mean=f"{about.mean:.1f}",
            low=f"{about.mean_interval[0]:.1f}",
            high=f"{about.mean_interval[1]:.1f}",
            sd=f"{about.sd:.1f}",
        )
    ]
    if about.n_negative:
        said.append(
            ngettext(
                "In {n} the infected person fell ill first.",
                "In {n} the infected person fell ill first.",
                about.n_negative,
            ).format(n=about.n_negative)
        )
    said.append(_("While an outbreak grows, long intervals are still to come, and the mean is too short."))
    return said


def notes(whole: Chains, shown: Chains) -> list[str]:
    """What a reader must know to read the picture: what is not in it."""
    said = []
    outside = int((~shown.here).sum())
    if outside:
        said.append(
            ngettext(
                "{n} case lives in another area and is shown because a link leads to it; what it is tied to there is not.",
                "{n} cases live in other areas and are shown because links lead to them; what they are tied to there is not.",
                outside,
            ).format(n=outside)
        )
    hidden = sum(case.id is None for case in shown.cases)
    if hidden:
        said.append(
            ngettext(
                "Of these, {n} lies where your posts do not reach: it stands without number, place and day.",
                "Of these, {n} lie where your posts do not reach: they stand without number, place and day.",
                hidden,
            ).format(n=hidden)
        )
    if whole.left_out:
        said.append(
            ngettext(
                "{n} link is left out: one of its cases is excluded, a duplicate, or outside what is asked for.",
                "{n} links are left out: one of their cases is excluded, a duplicate, or outside what is asked for.",
                whole.left_out,
            ).format(n=whole.left_out)
        )
    for link in whole.tree.cut.tolist():
        ends = [case_words(whole.cases[n]) for n in (whole.links[link].infector, whole.links[link].infectee)]
        said.append(
            _(
                "The link from {infector} to {infectee} closes a circle and is set aside: one of its links is wrong."
            ).format(infector=ends[0], infectee=ends[1])
        )
    several = int((shown.tree.others > 0).sum())
    if several:
        said.append(
            ngettext(
                "{n} case has several possible infectors: the surest link makes the chain, the others are drawn thin.",
                "{n} cases have several possible infectors: the surest link makes the chain, the others are drawn thin.",
                several,
            ).format(n=several)
        )
    return said


@dataclass(frozen=True)
class CaseRow:
    """A case as the table shows it."""

    case: ChainCase
    label: str
    place: str
    generation: int
    delay: int | None
    infector: ChainCase | None
    certainty: str
    setting: str
    others: int
    infected: int
    introduced: bool


def case_rows(found: Chains, which: Sequence[int]) -> list[CaseRow]:
    labels = class_words(found)
    rows = []
    for n in which:
        case, link, above = found.cases[n], int(found.tree.link[n]), int(found.tree.infector[n])
        rows.append(
            CaseRow(
                case,
                labels.get(case.classification, ""),
                place_words(found, n),
                int(found.generation[n]),
                (case.reported - case.onset).days if case.onset and case.reported else None,
                found.cases[above] if above >= 0 else None,
                certainty_words(found.links[link].certainty) if link >= 0 else "",
                setting_words(found.links[link].setting) if link >= 0 else "",
                int(found.tree.others[n]),
                int(found.secondary.counts[n]),
                bool(found.missing.introduced[n]),
            )
        )
    return rows


@dataclass(frozen=True)
class ClusterRow:
    """A cluster as the table shows it, named after its first case."""

    first: ChainCase
    key: UUID | None  # a case of it that the reader may see, by which it is asked for
    size: int
    chains: int
    generations: int
    first_onset: date | None
    last_onset: date | None
    places: str


def cluster_rows(found: Chains, start: int, stop: int) -> tuple[list[ClusterRow], int]:
    """A slice of the clusters of two cases or more, the largest first, and how many there are."""
    table = found.table
    several = np.flatnonzero(table.size > 1)
    order = several[np.lexsort((table.first_onset[several], -table.size[several]))]
    members: dict[int, list[int]] = {int(n): [] for n in order[start:stop]}
    for n in found.in_order.tolist():
        if (cluster := int(found.cluster[n])) in members:
            members[cluster].append(n)
    rows = []
    for cluster, inside in members.items():
        seen = [n for n in inside if found.cases[n].id is not None]
        places = list(dict.fromkeys(place_words(found, n) for n in inside))
        shown = "、".join(places[:3]) if definitions.language() == "zh" else ", ".join(places[:3])
        rows.append(
            ClusterRow(
                found.cases[seen[0] if seen else inside[0]],
                found.cases[seen[0]].id if seen else None,
                int(table.size[cluster]),
                int(table.chains[cluster]),
                int(table.generations[cluster]),
                table.first_onset[cluster].astype(object),
                table.last_onset[cluster].astype(object),
                _("{places} and {n} more").format(places=shown, n=len(places) - 3) if len(places) > 3 else shown,
            )
        )
    return rows, len(several)


def hole_rows(found: Chains, holes: Sequence[Hole]) -> list[tuple[CaseRow, list[tuple[CaseRow, int]]]]:
    """Cases without a known infector, each with the likeliest ones and their share in percent."""
    rows = []
    for hole in holes:
        likely = case_rows(found, [candidate.case for candidate in hole.candidates])
        percent = [round(100 * candidate.probability) for candidate in hole.candidates]
        rows.append((case_rows(found, [hole.case])[0], list(zip(likely, percent, strict=True))))
    return rows


def hole_note(found: Chains, factor: float | None) -> str:
    """How the likely infectors were weighed, or why there are none."""
    interval = definitions.disease(found.disease).serial_interval  # type: ignore[union-attr]
    if interval is None:
        return _("Likely infectors are not named: the definitions know no serial interval for this disease.")
    words = _(
        "Likely infectors are weighed by the time between the onsets (serial interval {mean} ± {sd} days) among the cases known "
        "here; where many are not known, take them as an order in which to ask, not as a finding."
    ).format(mean=f"{interval.mean_days:g}", sd=f"{interval.sd_days:g}")
    if factor is None:
        return words + " " + _("Too few links are known to weigh the place.")
    return (
        words
        + " "
        + _("By the known links, somebody of another place counts {factor} as much as somebody of the same.").format(
            factor=f"{factor:.2f}"
        )  # fmt: skip
    )
