"""Who infected whom: trees, generations, clusters and secondary cases from transmission links, and who is missing in them.

Cases are counted from 0 to n_cases - 1 in whatever order the caller keeps them; a link names two of them, infector and
infectee, and -1 stands for a case that is not among them. `number_links` turns identifiers into such numbers. A case may
be named as infectee by several links; `primary_infectors` chooses one of them for each case, and what it returns, the
array of each case's infector (-1 where none is known), is the tree that the other functions read.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lianfang.epi import _checks as check
from lianfang.epi._checks import EpiInputError

NONE = -1  # no such case
PAIRS_AT_ONCE = 2_000_000  # pairs of case and candidate weighed together: about 100 MB
NAMED = 6  # cases of a circle named in an error


def number_links(
    case_ids: Iterable[Hashable], infector_ids: Iterable[Hashable], infectee_ids: Iterable[Hashable]
) -> tuple[np.ndarray, np.ndarray]:
    """Links between identifiers as links between the places of these identifiers in a list of cases.

    case_ids : identifiers of the cases, each once; index 0 is case 0.
    infector_ids, infectee_ids : (n_links,) identifiers of the two ends of each link.
    Returns infector, infectee : (n_links,) index into case_ids; -1 where the identifier is not among them.

    >>> number_links(["a", "b", "c"], ["a", "z"], ["b", "c"])
    (array([ 0, -1]), array([1, 2]))
    """
    place: dict[Hashable, int] = {}
    n = -1
    for n, case in enumerate(case_ids):
        if place.setdefault(case, n) != n:
            raise EpiInputError("case_ids", "repeated", f"must name each case once ({case!r} at index {n} again)")
    infector, infectee = (
        np.fromiter((place.get(case, NONE) for case in ids), dtype=np.int64) for ids in (infector_ids, infectee_ids)
    )
    if infector.shape != infectee.shape:
        raise EpiInputError("infectee_ids", "wrong_shape", "must be as long as infector_ids")
    return infector, infectee


def _case_numbers(name: str, x: Any, n_cases: int) -> np.ndarray:
    """Numbers of cases, -1 for none."""
    a = np.asarray(x)
    if a.size == 0:
        a = a.astype(np.int64)
    if a.dtype.kind not in "iu":
        raise EpiInputError(name, "not_whole", "must hold whole numbers, each the number of a case or -1")
    if a.ndim != 1:
        raise EpiInputError(name, "wrong_shape", "must be one list of case numbers")
    if ((a < NONE) | (a >= n_cases)).any():
        at = int(np.argmax((a < NONE) | (a >= n_cases)))
        raise EpiInputError(
            name, "out_of_range", f"must lie between -1 and {n_cases - 1}, the last case ({a[at]} at index {at})"
        )
    return a.astype(np.int64)


def _links(n_cases: Any, infector: Any, infectee: Any) -> tuple[int, np.ndarray, np.ndarray]:
    n = check.whole_number("n_cases", n_cases, at_least=0)
    first, second = _case_numbers("infector", infector, n), _case_numbers("infectee", infectee, n)
    if first.shape != second.shape:
        raise EpiInputError("infectee", "wrong_shape", f"must be as long as infector, {len(first)}, is {len(second)}")
    alone = (first == second) & (first != NONE)
    if alone.any():
        at = int(np.argmax(alone))
        raise EpiInputError("infectee", "to_itself", f"must not be its own infector (case {first[at]} at index {at})")
    return n, first, second


def _tree(infector: Any) -> np.ndarray:
    a = np.asarray(infector)
    tree = _case_numbers("infector", a, a.shape[0] if a.ndim else 0)
    alone = tree == np.arange(len(tree))
    if alone.any():
        raise EpiInputError("infector", "to_itself", f"must not name a case as its own infector ({np.argmax(alone)})")
    return tree


def _climb(tree: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From each case up to where its chain begins, twice as far in each round: (first case, steps, whether it got there)."""
    up = np.where(tree == NONE, np.arange(len(tree)), tree)
    steps = (tree != NONE).astype(np.int64)
    for _round in range(len(tree).bit_length()):
        if (tree[up] == NONE).all():
            break
        steps = steps + steps[up]
        up = up[up]
    return up, steps, tree[up] == NONE


def _circles(tree: np.ndarray) -> list[list[int]]:
    """The circles of a tree that is none: each from its lowest case, along who infected whom."""
    up, _steps, arrived = _climb(tree)
    found: list[list[int]] = []
    seen: set[int] = set()
    for start in np.unique(up[~arrived]).tolist():  # after as many steps as there are cases one stands on the circle
        if start in seen:
            continue
        circle = [start]
        while (above := int(tree[circle[-1]])) != start:
            circle.append(above)
        seen.update(circle)
        circle.reverse()
        lowest = circle.index(min(circle))
        found.append(circle[lowest:] + circle[:lowest])
    return found


def _refuse_circle(circle: list[int]) -> EpiInputError:
    named = [str(case) for case in (circle if len(circle) <= NAMED else circle[:NAMED])]
    words = " -> ".join([*named, "..." if len(circle) > NAMED else str(circle[0])])
    return EpiInputError("infector", "circle", f"must not lead in a circle (cases {words})")


@dataclass(frozen=True, eq=False)
class PrimaryInfectors:
    """One infector for each case, at most, and what was passed over.

    infector : (n_cases,) number of the infector, -1 where no link names one among the cases.
    link : (n_cases,) index of the link it stands on, -1 where there is none.
    others : (n_cases,) further links that name an infector for the case.
    cut : indices of links set aside because they closed a circle.
    """

    infector: np.ndarray
    link: np.ndarray
    others: np.ndarray
    cut: np.ndarray


def primary_infectors(
    n_cases: int, infector: Any, infectee: Any, *, certainty: Any = None, circles: str = "refuse"
) -> PrimaryInfectors:
    """For each case the surest of the links that name its infector, so that the links become trees.

    n_cases : number of cases.
    infector, infectee : (n_links,) number of the case at each end, from 0; -1 for a case that is not among them.
    certainty : (n_links,) how sure each link is, any scale, more is surer; all alike when not given. Of links as sure as
        each other the one given first is taken.
    circles : "refuse" raises an error when the surest links lead in a circle; "cut" sets the least sure link of each
        circle aside (the last given of those as sure as each other) and takes that case's next, until none is left.

    >>> found = primary_infectors(4, [0, 1, 2], [1, 3, 3], certainty=[1.0, 0.5, 0.9])
    >>> found.infector, found.link, found.others
    (array([-1,  0, -1,  2]), array([-1,  0, -1,  2]), array([0, 0, 0, 1]))
    """
    n, first, second = _links(n_cases, infector, infectee)
    sure = np.zeros(len(first)) if certainty is None else check.like("certainty", certainty, first.shape, "infector")
    check.choice("circles", circles, ("refuse", "cut"))
    usable = np.flatnonzero((first != NONE) & (second != NONE))
    # links in order of infectee, each one's surest first; a case's choice is a place in this order that only moves on
    order = usable[np.lexsort((usable, -sure[usable], second[usable]))]
    named = np.bincount(second[order], minlength=n)
    ends = np.cumsum(named)
    choice = ends - named

    def chosen() -> tuple[np.ndarray, np.ndarray]:
        has = choice < ends
        link = np.full(n, NONE)
        link[has] = order[choice[has]]
        return np.where(has, first[link] if len(first) else NONE, NONE), link

    tree, link = chosen()
    cut: list[int] = []
    while found := _circles(tree):
        if circles == "refuse":
            raise _refuse_circle(found[0])
        for circle in found:
            weakest = min(circle, key=lambda case: (sure[link[case]], -link[case]))
            cut.append(int(link[weakest]))
            choice[weakest] += 1
        tree, link = chosen()
    return PrimaryInfectors(tree, link, np.maximum(named - 1, 0), np.array(sorted(cut), dtype=np.int64))


def generations(infector: Any) -> np.ndarray:
    """How many infections lie between each case and the first case of its chain, which is generation 0.

    infector : (n_cases,) number of each case's infector, from 0; -1 where none is known (`primary_infectors`).
    Raises an error that names the cases when the infectors lead in a circle.

    >>> generations([-1, 0, 1, 1, -1])
    array([0, 1, 2, 2, 0])
    """
    tree = _tree(infector)
    _first, steps, arrived = _climb(tree)
    if not arrived.all():
        raise _refuse_circle(_circles(tree)[0])
    return steps


def chain_starts(infector: Any) -> np.ndarray:
    """The first case of the chain that each case belongs to; its own number for a case without a known infector.

    infector : (n_cases,) number of each case's infector, from 0; -1 where none is known (`primary_infectors`).
    Raises an error that names the cases when the infectors lead in a circle.

    >>> chain_starts([-1, 0, 1, 1, -1])
    array([0, 0, 0, 0, 4])
    """
    tree = _tree(infector)
    first, _steps, arrived = _climb(tree)
    if not arrived.all():
        raise _refuse_circle(_circles(tree)[0])
    return first


def clusters(n_cases: int, infector: Any, infectee: Any) -> np.ndarray:
    """Which cases hang together by links, whatever their direction and certainty.

    infector, infectee : (n_links,) number of the case at each end, from 0; -1 for a case that is not among them, and the
        link then ties nothing.
    Returns (n_cases,) number of each case's cluster, from 0 in the order of their first cases. A case without links is a
    cluster of its own.

    >>> clusters(5, [0, 3], [2, 1])
    array([0, 1, 0, 1, 2])
    """
    from scipy.sparse import coo_array, csgraph  # a tenth of a second to load, and only clusters need it

    n, first, second = _links(n_cases, infector, infectee)
    if not n:
        return np.empty(0, dtype=np.int64)
    usable = (first != NONE) & (second != NONE)
    ties = coo_array((np.ones(int(usable.sum()), dtype=np.int8), (first[usable], second[usable])), shape=(n, n))
    labels = csgraph.connected_components(ties.tocsr(), directed=False)[1]
    _values, first_seen, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first_seen), dtype=np.int64)
    rank[np.argsort(first_seen)] = np.arange(len(first_seen))
    return rank[inverse]


@dataclass(frozen=True, eq=False)
class ClusterTable:
    """What each cluster is, one entry a cluster.

    size : cases.
    chains : cases in it without a known infector, each the start of a chain: 1 when all its links are known.
    generations : generations seen, the first cases included: 1 for a cluster in which no infector is known.
    first_onset, last_onset : days; NaT where no onset is known.
    places : different places, those not known left out.
    """

    size: np.ndarray
    chains: np.ndarray
    generations: np.ndarray
    first_onset: np.ndarray
    last_onset: np.ndarray
    places: np.ndarray


def describe_clusters(cluster: Any, infector: Any, *, onset: Any = None, place: Any = None) -> ClusterTable:
    """Size, chains, generations, span and places of each cluster.

    cluster : (n_cases,) number of each case's cluster, from 0 (`clusters`).
    infector : (n_cases,) number of each case's infector; -1 where none is known (`primary_infectors`).
    onset : (n_cases,) days; None or NaT where not known.
    place : (n_cases,) number of the place where each case lives or fell ill, from 0; -1 where not known.

    >>> found = describe_clusters([0, 0, 0, 1], [-1, 0, 1, -1], onset=["2020-01-20", None, "2020-01-30", None])
    >>> found.size, found.generations, found.last_onset
    (array([3, 1]), array([3, 1]), array(['2020-01-30',        'NaT'], dtype='datetime64[D]'))
    """
    tree = _tree(infector)
    group = _case_numbers("cluster", cluster, max(len(tree), 1))
    if group.shape != tree.shape:
        raise EpiInputError("cluster", "wrong_shape", f"must be as long as infector, {len(tree)}, is {len(group)}")
    if (group == NONE).any():
        raise EpiInputError("cluster", "out_of_range", "must give each case a cluster, from 0")
    n = int(group.max()) + 1 if len(group) else 0
    deepest = np.zeros(n, dtype=np.int64)
    np.maximum.at(deepest, group, generations(tree))
    first = np.full(n, np.iinfo(np.int64).max)
    last = np.full(n, np.iinfo(np.int64).min)  # which is NaT
    if onset is not None:
        days = check.days_array("onset", onset, missing=True)
        if days.shape != tree.shape:
            raise EpiInputError("onset", "wrong_shape", f"must be as long as infector, {len(tree)}")
        known = ~np.isnat(days)
        np.minimum.at(first, group[known], days[known].astype(np.int64))
        np.maximum.at(last, group[known], days[known].astype(np.int64))
    first[first == np.iinfo(np.int64).max] = np.iinfo(np.int64).min
    different = np.zeros(n, dtype=np.int64)
    if place is not None:
        at = np.asarray(place)
        at = _case_numbers("place", at, int(at.max()) + 1 if at.size and at.dtype.kind in "iu" else 0)
        if at.shape != tree.shape:
            raise EpiInputError("place", "wrong_shape", f"must be as long as infector, {len(tree)}")
        pairs = np.unique(np.stack([group[at != NONE], at[at != NONE]]), axis=1)
        different = np.bincount(pairs[0], minlength=n)
    return ClusterTable(
        np.bincount(group, minlength=n),
        np.bincount(group[tree == NONE], minlength=n),
        deepest + 1,
        first.astype("datetime64[D]"),
        last.astype("datetime64[D]"),
        different,
    )


def link_intervals(onset: Any, infector: Any, infectee: Any) -> np.ndarray:
    """Days from the infector's onset to the infectee's, link by link; NaN where a case or an onset is not known.

    onset : (n_cases,) days; None or NaT where not known.
    infector, infectee : (n_links,) number of the case at each end, from 0; -1 for a case that is not among them.
    Their mean and distribution: `delays.serial_intervals`.

    >>> link_intervals(["2020-01-20", "2020-01-24", None], [0, 1], [1, 2])
    array([ 4., nan])
    """
    days = check.days_array("onset", onset, missing=True)
    if days.ndim != 1:
        raise EpiInputError("onset", "wrong_shape", "must be a list with one day a case")
    _n, first, second = _links(len(days), infector, infectee)
    if not len(first) or not len(days):
        return np.full(len(first), np.nan)
    apart = days[second] - days[first]
    known = ~np.isnat(apart) & (first != NONE) & (second != NONE)
    return np.where(known, apart.astype(np.int64), np.nan)


@dataclass(frozen=True, eq=False)
class SecondaryCases:
    """How many people each case infected, and whether that can be the last word.

    counts : (n_cases,) cases that name it as their infector; 0 for those who infected nobody.
    complete : (n_cases,) whether its secondary cases could all be known: those of recent cases have yet to fall ill, and
        counting these cases as having infected nobody would make R too low and k wrong.
    """

    counts: np.ndarray
    complete: np.ndarray

    @property
    def usable(self) -> np.ndarray:
        """The counts of the cases that are complete, as `transmission.offspring_distribution` takes them."""
        return self.counts[self.complete]

    @property
    def truncated(self) -> int:
        """Cases left out of `usable`: too recent, or of unknown onset."""
        return int((~self.complete).sum())


def secondary_cases(
    infector: Any, *, onset: Any = None, as_of: Any = None, follow_days: int | None = None
) -> SecondaryCases:
    """Secondary cases of each case, zeros included, and which of them are complete.

    infector : (n_cases,) number of each case's infector, from 0; -1 where none is known (`primary_infectors`).
    onset, as_of, follow_days : given together, a case is complete when as_of, the day of the data cut, lies follow_days or
        more after its onset; take the longest serial interval and the delay to report. A case of unknown onset is not.
        Left out, every case is taken as complete.

    >>> found = secondary_cases([-1, 0, 0, 1], onset=["2020-01-01", "2020-01-06", "2020-01-08", "2020-01-12"],
    ...                         as_of="2020-01-20", follow_days=14)
    >>> found.counts, found.usable, found.truncated
    (array([2, 1, 0, 0]), array([2, 1]), 2)
    """
    tree = _tree(infector)
    counts = np.bincount(tree[tree != NONE], minlength=len(tree))
    if as_of is None and follow_days is None and onset is None:
        return SecondaryCases(counts, np.ones(len(tree), dtype=bool))
    for name, given in (("onset", onset), ("as_of", as_of), ("follow_days", follow_days)):
        if given is None:
            raise EpiInputError(name, "missing", "must be given when one of onset, as_of and follow_days is")
    days = check.days_array("onset", onset, missing=True)
    if days.shape != tree.shape:
        raise EpiInputError("onset", "wrong_shape", f"must be as long as infector, {len(tree)}")
    wait = check.whole_number("follow_days", follow_days, at_least=0)
    return SecondaryCases(counts, ~np.isnat(days) & (days + wait <= check.day("as_of", as_of)))


@dataclass(frozen=True, eq=False)
class MissingInfectors:
    """Where the chains have holes.

    introduced : (n_cases,) cases said to have been infected elsewhere.
    absent : (n_cases,) of the others, those whose links name only infectors that are not among the cases.
    unlinked : (n_cases,) of the others, those that no link names: nobody said who infected them.
    lost_links : links with an end that is not among the cases.
    """

    introduced: np.ndarray
    absent: np.ndarray
    unlinked: np.ndarray
    lost_links: np.ndarray

    @property
    def links_missing(self) -> int:
        """Links it would take to know every infector: one for each case that is neither introduced nor linked."""
        return int(self.absent.sum() + self.unlinked.sum())


def missing_infectors(n_cases: int, infector: Any, infectee: Any, *, introduced: Any = None) -> MissingInfectors:
    """The cases whose infector is not known, told apart by why.

    infector, infectee : (n_links,) number of the case at each end, from 0; -1 for a case that is not among them.
    introduced : (n_cases,) True for cases known to have been infected elsewhere; none when not given. A case with a link
        to an infector among the cases is not counted as introduced.

    >>> found = missing_infectors(4, [0, -1], [1, 2], introduced=[True, False, False, False])
    >>> found.introduced, found.absent.nonzero()[0], found.unlinked.nonzero()[0], found.links_missing
    (array([ True, False, False, False]), array([2]), array([3]), 2)
    """
    n, first, second = _links(n_cases, infector, infectee)
    said = (
        np.zeros(n, dtype=bool)
        if introduced is None
        else check.mask_like("introduced", np.asarray(introduced), (n,), "the cases")
    )
    linked, named = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    linked[second[(second != NONE) & (first != NONE)]] = True
    named[second[(second != NONE) & (first == NONE)]] = True
    open_ = ~linked & ~said
    return MissingInfectors(
        said & ~linked, open_ & named, open_ & ~named, np.flatnonzero((first == NONE) | (second == NONE))
    )


@dataclass(frozen=True, eq=False)
class PlausibleInfectors:
    """Who may have infected whom, one row a pair, in the order of the cases, the likeliest first.

    case, infector : (n_rows,) numbers of the two cases.
    probability : (n_rows,) chance that it was this one, given that one of the candidates did it; the rows of a case sum to 1
        unless only the likeliest were kept.
    unexplained : numbers of the cases asked for that have no candidate: onset not known, or nobody fell ill before within
        the reach of the serial interval.
    """

    case: np.ndarray
    infector: np.ndarray
    probability: np.ndarray
    unexplained: np.ndarray


def plausible_infectors(
    onset: Any,
    si_pmf: Any,
    *,
    place: Any = None,
    place_factor: Any = 1.0,
    wanted: Any = None,
    candidates: Any = None,
    most: int | None = None,
) -> PlausibleInfectors:
    """Candidates for the infector of each case, weighed by the time between the onsets and by place.

    onset : (n_cases,) days; None or NaT where not known, and such a case neither has candidates nor is one.
    si_pmf : (n_lags,) entry k the share of serial intervals of k days; entry 0 is 0, the sum 1. Whoever fell ill on the same
        day or later is no candidate, although one pair in ten or so is like that in some diseases.
    place : (n_cases,) number of the place of each case, from 0; -1 where not known, which counts as another place.
    place_factor : weight of a candidate at another place beside one at the same place (0 rules it out, 1 ignores the place);
        or (n_places, n_places), entry [i, j] the weight for an infector at place i and a case at place j.
    wanted, candidates : (n_cases,) True for the cases whose infectors are sought, and for those that may have infected; all
        when not given.
    most : keep at most so many candidates a case, the likeliest; of those as likely as each other, the latest onset first.

    The chance that a case j infected case i is w(t_i - t_j) f(p_j, p_i) over the sum of this over all candidates: the
    weights of Wallinga and Teunis with a factor for place. It takes for granted that the infector is among the candidates;
    where many cases are not known, read it as an order in which to ask, not as a finding.

    Wallinga J, Teunis P. Different epidemic curves for severe acute respiratory syndrome reveal similar impacts of control
    measures. Am J Epidemiol 2004;160:509-16. The place factor: Salje H et al. How social structures, space, and behaviors
    shape the spread of infectious diseases using chikungunya as a case study. PNAS 2016;113:13420-5.

    >>> found = plausible_infectors(["2020-01-01", "2020-01-02", "2020-01-04"], [0, 0.2, 0.5, 0.3], place=[0, 1, 1],
    ...                             place_factor=0.5, wanted=[False, False, True])
    >>> found.infector, found.probability.round(3)
    (array([1, 0]), array([0.769, 0.231]))
    """
    days = check.days_array("onset", onset, missing=True)
    if days.ndim != 1:
        raise EpiInputError("onset", "wrong_shape", "must be a list with one day a case")
    n = len(days)
    weights = check.pmf("si_pmf", si_pmf, zero_at_0=True)
    known = ~np.isnat(days)
    day = np.where(known, days.astype(np.int64), 0)

    def mask(name: str, given: Any) -> np.ndarray:
        return np.ones(n, dtype=bool) if given is None else check.mask_like(name, np.asarray(given), (n,), "onset")

    where = np.full(n, NONE) if place is None else np.asarray(place)
    where = _case_numbers("place", where, int(where.max()) + 1 if where.size and where.dtype.kind in "iu" else 0)
    if where.shape != (n,):
        raise EpiInputError("place", "wrong_shape", f"must be as long as onset, {n}")
    factor = check.not_negative("place_factor", check.float_array("place_factor", place_factor))
    if factor.ndim not in (0, 2) or (factor.ndim == 2 and min(factor.shape) <= where.max(initial=NONE)):
        raise EpiInputError("place_factor", "wrong_shape", "must be one number, or a square table with a row a place")
    if factor.ndim == 2 and (where[known] == NONE).any():
        raise EpiInputError(
            "place", "missing", "must be known for each case with an onset when place_factor is a table"
        )
    if most is not None:
        most = check.whole_number("most", most, at_least=1)

    sought = np.flatnonzero(mask("wanted", wanted))
    able = np.flatnonzero(mask("candidates", candidates) & known)
    able = able[np.argsort(day[able], kind="stable")]
    reach = int(np.flatnonzero(weights)[-1])
    ask = sought[known[sought]]
    first = np.searchsorted(day[able], day[ask] - reach, side="left")
    last = np.searchsorted(day[able], day[ask], side="left")
    block = np.cumsum(last - first) // PAIRS_AT_ONCE
    parts = []
    for b in np.unique(block):
        here = block == b
        parts.append(_weighed(ask[here], first[here], last[here], able, day, weights, where, factor, most))
    case, infector, probability = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    ) if parts else (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))  # fmt: skip
    return PlausibleInfectors(case, infector, probability, np.setdiff1d(sought, case))


def _weighed(
    ask: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    able: np.ndarray,
    day: np.ndarray,
    weights: np.ndarray,
    where: np.ndarray,
    factor: np.ndarray,
    most: int | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows of some cases, whose candidates are able[first:last]."""
    size = last - first
    row = np.repeat(np.arange(len(ask)), size)
    within = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    infector = able[first[row] + within]
    case = ask[row]
    weight = weights[day[case] - day[infector]]
    if factor.ndim == 2:
        weight = weight * factor[where[infector], where[case]]
    else:
        same = (where[case] == where[infector]) & (where[case] != NONE)
        weight = weight * np.where(same, 1.0, factor)
    keep = (weight > 0) & (infector != case)
    row, case, infector, weight = row[keep], case[keep], infector[keep], weight[keep]
    total = np.bincount(row, weights=weight, minlength=len(ask))
    probability = weight / total[row]
    order = np.lexsort((-day[infector], -probability, row))
    if most is not None:
        per_case = np.bincount(row, minlength=len(ask))
        rank = np.arange(len(row)) - np.repeat(np.cumsum(per_case) - per_case, per_case)
        order = order[rank < most]
    return case[order], infector[order], probability[order]
