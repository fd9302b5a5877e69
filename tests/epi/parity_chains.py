"""Chains against an independent recount: dictionaries and walks from case to case, nothing from the library."""

import csv
from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import date

import numpy as np

from lianfang.epi import chains, delays
from tests.epi.conftest import SHARED
from tests.epi.parity import Row, largest_absolute

PAIRS = SHARED / "data" / "china" / "transmission_pairs_1407.csv"
EBOLA_CASES = SHARED / "data" / "outbreaks" / "ebola_sim_clean_linelist.csv"
EBOLA_LINKS = SHARED / "data" / "outbreaks" / "ebola_sim_clean_contacts.csv"

Cases = dict[str, date | None]
Links = list[tuple[str, str]]


def lines(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None


def transmission_pairs() -> tuple[Cases, Links]:
    """Cases with their day of onset, and links by the cases' names."""
    rows = lines(PAIRS)
    cases = {row[f"{side}_id"]: day(row[f"{side}_onsetDate"]) for row in rows for side in ("infector", "infectee")}
    return cases, [(row["infector_id"], row["infectee_id"]) for row in rows]


def simulated_ebola() -> tuple[Cases, Links]:
    cases = {row["case_id"]: day(row["date_of_onset"]) for row in lines(EBOLA_CASES)}
    return cases, [(row["infector"], row["case_id"]) for row in lines(EBOLA_LINKS)]


class Recount:
    """Clusters, generations and secondary cases found by walking from case to case."""

    def __init__(self, cases, links):
        here = set(cases)
        self.onset = cases
        self.kept = [(a, b) for a, b in links if a in here and b in here]
        self.infector = {}
        self.infected = defaultdict(list)
        beside = defaultdict(set)
        for a, b in self.kept:
            if b not in self.infector:
                self.infector[b] = a
                self.infected[a].append(b)
            beside[a].add(b)
            beside[b].add(a)
        self.generation = {case: 0 for case in cases if case not in self.infector}
        waiting = deque(self.generation)
        while waiting:
            case = waiting.popleft()
            for other in self.infected[case]:
                self.generation[other] = self.generation[case] + 1
                waiting.append(other)
        self.cluster_of = {}
        self.clusters = []
        for case in cases:
            if case in self.cluster_of:
                continue
            members, waiting = [], [case]
            self.cluster_of[case] = len(self.clusters)
            while waiting:
                one = waiting.pop()
                members.append(one)
                for other in beside[one]:
                    if other not in self.cluster_of:
                        self.cluster_of[other] = len(self.clusters)
                        waiting.append(other)
            self.clusters.append(members)

    def intervals(self):
        return [
            (self.onset[b] - self.onset[a]).days
            for a, b in self.kept
            if self.onset[a] is not None and self.onset[b] is not None
        ]


def rows() -> Iterator[Row]:
    for name, (cases, links) in (
        ("1,407 transmission pairs", transmission_pairs()),
        ("simulated Ebola, 3,800 links", simulated_ebola()),
    ):
        recount = Recount(cases, links)
        names, onset = list(cases), list(cases.values())
        place = {case: i for i, case in enumerate(names)}
        infector, infectee = chains.number_links(names, [a for a, _b in links], [b for _a, b in links])
        tree = chains.primary_infectors(len(names), infector, infectee).infector
        cluster = chains.clusters(len(names), infector, infectee)
        table = chains.describe_clusters(cluster, tree, onset=onset)
        apart = chains.link_intervals(onset, infector, infectee)
        known = recount.intervals()
        of_links = delays.serial_intervals([onset[place[a]] for a, _b in recount.kept], [onset[place[b]] for _a, b in recount.kept])  # fmt: skip
        for function, found, expected in (
            ("primary_infectors", tree, [place.get(recount.infector.get(one, ""), -1) for one in names]),
            ("generations", chains.generations(tree), [recount.generation[one] for one in names]),
            ("secondary_cases", chains.secondary_cases(tree).counts, [len(recount.infected[one]) for one in names]),
            ("clusters", cluster, [recount.cluster_of[one] for one in names]),
            ("describe_clusters", table.size, [len(members) for members in recount.clusters]),
            ("link_intervals", np.sort(apart[~np.isnan(apart)]), sorted(known)),
            ("link_intervals", np.array([of_links.mean]), [sum(known) / len(known)]),
        ):
            far, size = largest_absolute(np.asarray(found, dtype=float), np.array(expected, dtype=float))
            yield Row(f"chains.{function}", f"recount without the library, {name}", "absolute", far, 1e-12, size)
