"""Chains of transmission in an area as known on a day: cases and links from below, turned into arrays, given to ``epi``.

The links are those that stood at the data cut; nothing here is stored.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Q
from django.db.models.fields.json import KeyTransform

from lianfang.definitions import selectors as definitions
from lianfang.epi import chains as epi
from lianfang.epi import delays as epi_delays
from lianfang.epi import transmission
from lianfang.kernel import clock
from lianfang.kernel.access import Actor, under
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Area
from lianfang.surveillance.models import CaseVersion
from lianfang.surveillance.selectors import CaseFilter, cases, end_of
from lianfang.tracing.models import TransmissionLink

from .selectors import areas_below, classes_of, serial_interval_pmf

MOST_CASES = 20_000  # read for one page; a larger area is looked at part by part
INFECTED_ELSEWHERE = "travel_affected_area"  # the term of the vocabulary "exposures" that makes a case an introduction
RULED_OUT = "excluded"  # the term of the vocabulary "certainties" that says it was not so
LEAST_CERTAIN = "possible"
FEW_CASES = 10  # below so many complete cases no distribution is fitted
FEW_LINKS = 20  # below so many links nothing is learned of how much place matters
LINKS_SAMPLED = 300  # links from which that is learned
CANDIDATES = 3  # plausible infectors named for a case
REACHED = 0.95  # a case is followed for as long as this share of serial intervals lasts


def certainties() -> tuple[str, ...]:
    """The degrees of certainty, the least first; a link that was ruled out is none."""
    return tuple(code for code in definitions.vocabulary("certainties") if code != RULED_OUT)


@dataclass(frozen=True)
class Wanted:
    """What the chains are narrowed to. ``case``, a number or an id, keeps the cluster that holds this case alone."""

    confirmed: bool = False
    certainty: str = LEAST_CERTAIN
    least: int = 2
    since: date | None = None
    case: str = ""


@dataclass(frozen=True, slots=True)
class ChainCase:
    """A case as a chain shows it: no name. ``id`` is None for a case that the reader may not see."""

    id: UUID | None
    number: str
    classification: str
    path: str
    onset: date | None
    reported: date | None
    introduced: bool = False
    here: bool = True  # lives in the area looked at


@dataclass(frozen=True, slots=True)
class ChainLink:
    infector: int
    infectee: int
    certainty: str
    setting: str
    relation: str
    source: str
    recorded_at: datetime


@dataclass(frozen=True)
class Candidate:
    case: int
    probability: float


@dataclass(frozen=True)
class Hole:
    """A case of the area whose infector is not known, and who may have been it."""

    case: int
    candidates: list[Candidate]


@dataclass(frozen=True, eq=False)
class Chains:
    """Cases and links of an area and what follows from them. Arrays count cases as ``cases`` does."""

    area: Area
    disease: str
    day: date
    evening: bool
    edition: str
    wanted: Wanted
    places: list[Area]
    cases: list[ChainCase]
    links: list[ChainLink]
    left_out: int  # links that stood, with an end that is no case by the protocol, a duplicate, or not counted here
    tree: epi.PrimaryInfectors = field(repr=False)
    generation: np.ndarray = field(repr=False)
    cluster: np.ndarray = field(repr=False)

    @property
    def moment(self) -> datetime | None:
        return end_of(self.day) if self.evening else None

    @cached_property
    def place(self) -> np.ndarray:
        """(n_cases,) index into ``places`` of where each case lives; -1 for the area itself and for elsewhere."""
        prefixes = sorted((place.path, i) for i, place in enumerate(self.places))
        keys = [path for path, _i in prefixes]
        at: Any = np.searchsorted(keys, [case.path for case in self.cases], side="right") - 1 if keys else ()
        found = np.full(len(self.cases), -1)
        for n, k in enumerate(at):
            if k >= 0 and self.cases[n].path.startswith(keys[k]):
                found[n] = prefixes[k][1]
        return found

    @cached_property
    def onset(self) -> np.ndarray:
        return np.array([case.onset for case in self.cases], dtype="datetime64[D]")

    @cached_property
    def reported(self) -> np.ndarray:
        return np.array([case.reported for case in self.cases], dtype="datetime64[D]")

    @cached_property
    def here(self) -> np.ndarray:
        return np.array([case.here for case in self.cases], dtype=bool)

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """(n_links,) infector and infectee of each link."""
        return (
            np.array([link.infector for link in self.links], dtype=np.int64),
            np.array([link.infectee for link in self.links], dtype=np.int64),
        )

    @cached_property
    def table(self) -> epi.ClusterTable:
        return epi.describe_clusters(self.cluster, self.tree.infector, onset=self.onset, place=self.place)

    @cached_property
    def follow_days(self) -> int | None:
        """Days after onset within which nearly all secondary cases of a case have fallen ill and been reported."""
        interval = definitions.disease(self.disease).serial_interval  # type: ignore[union-attr]
        if interval is None:
            return None
        pmf = serial_interval_pmf(interval.mean_days, interval.sd_days)
        late = (self.reported - self.onset)[~np.isnat(self.onset) & ~np.isnat(self.reported)].astype(int)
        waits = int(np.ceil(np.quantile(late, 0.9))) if late.size else 0
        return int(np.searchsorted(np.cumsum(pmf), REACHED)) + max(waits, 0)

    @cached_property
    def secondary(self) -> epi.SecondaryCases:
        """Secondary cases of each case; whether they are complete only where a serial interval is known."""
        if self.follow_days is None:
            return epi.secondary_cases(self.tree.infector)
        return epi.secondary_cases(self.tree.infector, onset=self.onset, as_of=self.day, follow_days=self.follow_days)

    @cached_property
    def infected(self) -> np.ndarray:
        """Secondary cases of the complete cases of the area: those of other areas are known only in part."""
        return self.secondary.counts[self.secondary.complete & self.here]

    @cached_property
    def offspring(self) -> transmission.OffspringFit | None:
        """R and k from the links; None where too few cases are complete."""
        return transmission.offspring_distribution(self.infected) if self.infected.size >= FEW_CASES else None

    @cached_property
    def intervals(self) -> np.ndarray:
        """Serial intervals of the links that make the tree, in days, those with both onsets known."""
        chosen = self.tree.link[self.tree.link >= 0]
        infector, infectee = self.ends
        apart = epi.link_intervals(self.onset, infector[chosen], infectee[chosen])
        return apart[~np.isnan(apart)].astype(int)

    @cached_property
    def serial_interval(self) -> epi_delays.SerialIntervals | None:
        """Their mean with its interval; None below two."""
        chosen = np.flatnonzero(self.tree.infector >= 0)
        if len(self.intervals) < 2:
            return None
        return epi_delays.serial_intervals(self.onset[self.tree.infector[chosen]], self.onset[chosen])

    @cached_property
    def missing(self) -> epi.MissingInfectors:
        infector, infectee = self.ends
        introduced = np.array([case.introduced for case in self.cases], dtype=bool)
        return epi.missing_infectors(len(self.cases), infector, infectee, introduced=introduced)

    @cached_property
    def without_infector(self) -> np.ndarray:
        """Numbers of the cases of the area whose infector is not known and who were not infected elsewhere."""
        return np.flatnonzero((self.tree.infector < 0) & ~self.missing.introduced & self.here)

    @cached_property
    def in_order(self) -> np.ndarray:
        """Cases as a table reads best: cluster by cluster, the earliest first, in each one a chain after the other."""
        start = epi.chain_starts(self.tree.infector)
        far = np.datetime64(self.day) + 1
        when = np.where(np.isnat(self.onset), self.reported, self.onset)
        when = np.where(np.isnat(when), far, when)
        first = np.full(len(self.table.size), far)
        np.minimum.at(first, self.cluster, when)
        return np.lexsort(
            (when, self.generation, start, when[start], self.cluster, first[self.cluster])
        )  # fmt: skip

    def of_settings(self) -> list[tuple[str, int, float | None]]:
        """Where infections happened, by the links of the tree: setting, links, mean serial interval; the most first."""
        by: dict[str, list[float]] = {}
        chosen = self.tree.link[self.tree.link >= 0]
        infector, infectee = self.ends
        apart = epi.link_intervals(self.onset, infector[chosen], infectee[chosen])
        for n, days in zip(chosen, apart, strict=True):
            by.setdefault(self.links[n].setting, []).append(days)
        rows = []
        for setting, days in by.items():
            known = [value for value in days if not np.isnan(value)]
            rows.append((setting, len(days), sum(known) / len(known) if known else None))
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def of_places(self) -> list["OfPlace"]:
        """Cases, clusters and infections by the place where cases live, the most cases first."""
        rows = []
        inside = np.append(self.place, -2)  # the last entry: nobody
        from_ = inside[self.tree.infector]
        for place in np.unique(self.place[self.here]).tolist():
            mine = self.here & (self.place == place)
            linked = mine & (self.tree.infector >= 0)
            rows.append(
                OfPlace(
                    self.places[place] if place >= 0 else None,
                    int(mine.sum()),
                    len(np.unique(self.cluster[mine & (self.table.size[self.cluster] > 1)])),
                    int((linked & (from_ == place) & self.here[self.tree.infector]).sum()),
                    int((linked & ((from_ != place) | ~self.here[self.tree.infector])).sum()),
                    int((mine & self.missing.introduced).sum()),
                    int((mine & (self.tree.infector < 0) & ~self.missing.introduced).sum()),
                )
            )
        return sorted(rows, key=lambda row: -row.cases)

    def place_factor(self) -> float | None:
        """How likely an infector from another place is beside one of the same place, learned from the links; None: too few.

        The odds, over linked cases, that the infector lived elsewhere, against what the times of onset alone would give.
        """
        pmf = self.pmf
        linked = np.flatnonzero((self.tree.infector >= 0) & (self.place >= 0) & ~np.isnat(self.onset))
        linked = linked[self.place[self.tree.infector[linked]] >= 0]
        if pmf is None or len(linked) < FEW_LINKS:
            return None
        linked = linked[np.linspace(0, len(linked) - 1, min(len(linked), LINKS_SAMPLED)).astype(int)]
        by_time = epi.plausible_infectors(
            self.onset, pmf, wanted=self._mask(linked), candidates=(self.place >= 0) & ~np.isnat(self.onset)
        )
        asked = np.isin(linked, by_time.case)
        if asked.sum() < FEW_LINKS:
            return None
        same = float(by_time.probability[self.place[by_time.case] == self.place[by_time.infector]].sum()) / asked.sum()
        seen = float((self.place[linked[asked]] == self.place[self.tree.infector[linked[asked]]]).mean())
        if not 0 < same < 1 or seen == 0:
            return None
        return min(1.0, max((1 - seen) / seen * same / (1 - same), 0.001))

    @cached_property
    def pmf(self) -> np.ndarray | None:
        """The serial interval of the definitions by day, or None where they name none."""
        interval = definitions.disease(self.disease).serial_interval  # type: ignore[union-attr]
        return serial_interval_pmf(interval.mean_days, interval.sd_days) if interval else None

    def holes(self, which: Sequence[int], factor: float | None) -> list[Hole]:
        """These cases without infector, each with the likeliest candidates among the cases of its own and other clusters."""
        if self.pmf is None:
            return [Hole(case, []) for case in which]
        visible = np.array([case.id is not None for case in self.cases], dtype=bool)
        found = epi.plausible_infectors(
            self.onset, self.pmf, place=self.place, place_factor=1.0 if factor is None else factor,
            wanted=self._mask(which), candidates=visible, most=CANDIDATES + 1,
        )  # fmt: skip
        starts = epi.chain_starts(self.tree.infector)
        rows: dict[int, list[Candidate]] = {case: [] for case in which}
        for case, infector, probability in zip(
            found.case.tolist(), found.infector.tolist(), found.probability.tolist(), strict=True
        ):
            if (
                starts[infector] != case and len(rows[case]) < CANDIDATES
            ):  # whom it infected itself cannot have infected it
                rows[case].append(Candidate(infector, probability))
        return [Hole(case, candidates) for case, candidates in rows.items()]

    def _mask(self, which: Iterable[int]) -> np.ndarray:
        mask = np.zeros(len(self.cases), dtype=bool)
        mask[list(which)] = True
        return mask


@dataclass(frozen=True)
class OfPlace:
    """What happened in one area below (``area`` None: in the area, but in none of those below)."""

    area: Area | None
    cases: int
    clusters: int
    from_here: int
    from_elsewhere: int
    introduced: int
    unknown: int


def chains(
    actor: Actor,
    area: Area,
    disease: str,
    wanted: Wanted,
    *,
    day: date | None = None,
    permission: str = "case.read",
) -> Chains:
    """Cases and links of an area as known at the end of a day (None: now), as far as the actor may see them.

    A case of another area that is tied to one of this area is shown too; one that the actor may not see stays as a case
    without number, place or day. Raises Refused when the area has more cases than one page can hold.
    """
    evening, day = day is not None, day or clock.today()
    moment = end_of(day) if evening else None
    classes = classes_of(disease, day)
    drawn = classes.confirmed if wanted.confirmed else classes.drawn
    rows = cases(actor, CaseFilter(path=area.path, disease=disease, reported_from=wanted.since, known_on=day if evening else None), permission)  # fmt: skip
    rows = rows.filter(classification__in=drawn)
    inside = list(_read(rows.order_by("reported_on", "case_id")[: MOST_CASES + 1], disease))
    if len(inside) > MOST_CASES:
        raise Refused(refuse("chains.too_many", "area", most=MOST_CASES))
    here = {case.id for case in inside}
    order = certainties()
    standing = (
        TransmissionLink.objects.visible_to(actor)
        .standing(moment)
        .filter(infectee__disease=disease, certainty__in=order[order.index(wanted.certainty) :])
        .filter(under("path", area.path) | Q(infector_id__in=rows.values("case_id")))
        .order_by("recorded_at", "id")
        .values_list("infector_id", "infectee_id", "certainty", "setting", "relation", "source", "recorded_at")
    )
    links = [link for link in standing if link[0] in here or link[1] in here]
    beyond = _beyond(actor, {end for link in links for end in link[:2]} - here, disease, drawn, moment, permission)
    return _whole(
        Chains(
            area=area,
            disease=disease,
            day=day,
            evening=evening,
            edition=definitions.edition_on(disease, day).code,
            wanted=wanted,
            places=areas_below(area, day),
            cases=inside,
            links=[],
            left_out=len(standing) - len(links),
            tree=_NO_TREE,
            generation=np.empty(0, dtype=np.int64),
            cluster=np.empty(0, dtype=np.int64),
        ),
        beyond,
        links,
    )


_NO_TREE = epi.primary_infectors(0, [], [])


def _read(rows: Any, disease: str) -> Iterator[ChainCase]:
    """Versions as cases of a chain. A case counts as introduced when a criterion that asks for it held of it."""
    elsewhere: dict[str, frozenset[str]] = {}
    for edition in definitions.editions(disease):
        elsewhere[edition.code] = frozenset(
            code for code, criterion in edition.criteria.items() if criterion.any_of == (INFECTED_ELSEWHERE,)
        )
    found = rows.annotate(held=KeyTransform("held", "judgement")).values_list(
        "case_id", "case__number", "classification", "path", "onset_on", "onset_until", "reported_on", "edition", "held"
    )
    for case_id, number, of_class, path, onset, until, reported, edition, held in found:
        yield ChainCase(
            case_id,
            number,
            of_class,
            path,
            onset if until in (None, onset) else None,
            reported,
            not elsewhere.get(edition, frozenset()).isdisjoint(held or ()),
        )


def _beyond(
    actor: Actor,
    ids: set[UUID],
    disease: str,
    drawn: Sequence[str],
    moment: datetime | None,
    permission: str,
) -> dict[UUID, ChainCase | None]:
    """The cases of other areas that links lead to. None: the actor may see it, and it is no case by the protocol."""
    found: dict[UUID, ChainCase | None] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), 5000):
        some = wanted[start : start + 5000]
        seen = CaseVersion.objects.visible_to(actor, permission).known_at(moment).filter(case_id__in=some)
        for case in _read(seen.filter(counted=True, classification__in=drawn), disease):
            assert case.id is not None
            found[case.id] = replace(case, here=False)
        found.update(dict.fromkeys(set(seen.values_list("case_id", flat=True)) - found.keys()))
        for case_id in set(some) - found.keys():
            found[case_id] = ChainCase(None, "", "", "", None, None, here=False)
    return found


def _whole(known: Chains, beyond: dict[UUID, ChainCase | None], links: list[Any]) -> Chains:
    """The chains with their trees and clusters, narrowed to the clusters that are wanted."""
    ends = {case.id: n for n, case in enumerate(known.cases)}
    together = list(known.cases)
    for case_id, case in beyond.items():
        if case is not None:
            ends[case_id] = len(together)
            together.append(case)
    kept = [
        ChainLink(ends[infector], ends[infectee], *about)
        for infector, infectee, *about in links
        if infector in ends and infectee in ends
    ]
    first = np.array([link.infector for link in kept], dtype=np.int64)
    second = np.array([link.infectee for link in kept], dtype=np.int64)
    order = certainties()
    sure = np.array([order.index(link.certainty) for link in kept], dtype=float)
    tree = epi.primary_infectors(len(together), first, second, certainty=sure, circles="cut")
    cluster = epi.clusters(len(together), first, second)
    whole = replace(
        known,
        cases=together,
        links=kept,
        left_out=known.left_out + len(links) - len(kept),
        tree=tree,
        generation=epi.generations(tree.infector),
        cluster=cluster,
    )
    return whole


def narrowed(whole: Chains) -> Chains:
    """The clusters that hold the case asked for, or at least so many cases; trees, generations and links as they were."""
    wanted = whole.wanted
    if wanted.case:
        held = [
            n
            for n, case in enumerate(whole.cases)
            if case.id and wanted.case.lower() in (str(case.id), case.number.lower())
        ]
        if not held:
            raise Refused(refuse("chains.no_such_case", "case"))
        keep = whole.cluster == whole.cluster[held[0]]
    else:
        keep = whole.table.size[whole.cluster] >= wanted.least
    if keep.all():
        return whole
    number = np.full(len(keep) + 1, -1)
    number[:-1][keep] = np.arange(keep.sum())
    stays = [n for n, link in enumerate(whole.links) if keep[link.infector]]
    link_number = np.full(len(whole.links) + 1, -1)
    link_number[stays] = np.arange(len(stays))
    tree = epi.PrimaryInfectors(
        number[whole.tree.infector[keep]],
        link_number[whole.tree.link[keep]],
        whole.tree.others[keep],
        link_number[[n for n in whole.tree.cut if link_number[n] >= 0]],
    )
    _labels, cluster = np.unique(whole.cluster[keep], return_inverse=True)
    return replace(
        whole,
        cases=[case for case, stay in zip(whole.cases, keep, strict=True) if stay],
        links=[
            replace(
                whole.links[n],
                infector=int(number[whole.links[n].infector]),
                infectee=int(number[whole.links[n].infectee]),
            )
            for n in stays
        ],
        tree=tree,
        generation=whole.generation[keep],
        cluster=cluster,
    )


def sizes(whole: Chains) -> Counter[int]:
    """How many clusters there are of each size, those of one case among them."""
    return Counter(whole.table.size.tolist())
