"""Whatever the order in which entries arrive, however often, however late, corrected or taken back: where a stay stands is
one function of the set of its entries."""

import random
from datetime import date, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from lianfang.kernel import clock
from lianfang.kernel.refusals import Refused
from lianfang.quarantine import rules, services
from lianfang.quarantine.models import CheckIn, Stay, StayEntry
from lianfang.quarantine.services import NewCheck, NewEntry
from tests.parts.quarantine.conftest import at

NOW = at("2020-02-20", "21:00")
FIRST = date(2020, 1, 27)
LATE = {"max_examples": 20, "deadline": None, "suppress_health_check": list(HealthCheck)}


def moment(hours: int) -> datetime:
    return at(FIRST.isoformat(), "06:00") + timedelta(hours=hours)


# --- the rules alone ------------------------------------------------------------------------------------------------

hours, days = st.integers(0, 20 * 24), st.integers(-10, 20)


@st.composite
def entries(draw):
    found = []
    for number in range(1, draw(st.integers(1, 14)) + 1):
        about = {"kind": draw(st.sampled_from(["exposure", "arrival", "move", "lost", "found", "end", "ordered"]))}
        if found and draw(st.integers(0, 3)) == 0:
            corrected = draw(st.sampled_from(found))
            about = {"kind": corrected.kind, "corrects": corrected.id, "retracted": draw(st.booleans())}
        if about["kind"] == "exposure":
            about |= {"last_on": FIRST + timedelta(days=draw(days)), "owes": draw(st.booleans()), "edition": "2"}
        if about["kind"] == "end":
            about["reason"] = draw(st.sampled_from(["completed", "died"]))
        found.append(rules.Entry(UUID(int=number), happened_at=moment(draw(hours)), **about))
    return found


@pytest.mark.pure
@settings(max_examples=400, deadline=None)
@given(entries(), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_stand_for_the_same(given_entries, chance):
    wanted = rules.state(given_entries, lambda _edition: 14)
    shuffled = [*given_entries, *chance.choices(given_entries, k=3)]
    chance.shuffle(shuffled)
    assert rules.state(shuffled, lambda _edition: 14) == wanted
    assert rules.standing_entries(shuffled) == rules.standing_entries(given_entries)


@pytest.mark.pure
@settings(max_examples=400, deadline=None)
@given(entries())
def test_the_same_follows_from_a_plainer_reading(given_entries):
    """Read a second way: strike out what was corrected, then go through what is left by the hour."""
    left = {entry.id: entry for entry in given_entries}
    origin = {}
    for entry in given_entries:
        origin[entry.id] = origin.get(entry.corrects, entry.corrects) or entry.id
    last = {}
    for entry in sorted(given_entries, key=lambda entry: entry.id.int):
        if entry.corrects or origin[entry.id] not in last:
            last[origin[entry.id]] = entry
    left = sorted((e for e in last.values() if not e.retracted), key=lambda e: (e.happened_at, e.id.int))
    owing = [entry.last_on for entry in left if entry.kind == "exposure" and entry.owes]
    found = rules.state(given_entries, lambda _edition: 14)
    assert found.release_on == (max(owing) + timedelta(days=14) if owing else None)
    ends = [entry.reason for entry in left if entry.kind == "end"]
    seen = [entry.kind for entry in left if entry.kind in rules.WHEREABOUTS]
    in_house = any(kind in ("arrival", "move") for kind in seen)
    plain = "lost" if seen and seen[-1] == "lost" else "observed" if in_house else "awaited"
    assert found.status == (("released" if ends[0] == "completed" else "ended") if ends else plain)


# --- through the services -------------------------------------------------------------------------------------------


def kept(stay: Stay) -> dict:
    return {name: getattr(stay, name) for name in services.DERIVED}


def facts_of(chance: random.Random, size: int) -> list:
    """Entries and check-ins as a phone would send them: (what, content without the stay, id)."""
    facts, number = [], count(1)
    for _ in range(size):
        pk = UUID(int=(next(number) << 80) | chance.getrandbits(64))
        happened_at = moment(chance.randrange(20 * 24))
        earlier = [fact for fact in facts if fact[0] == "check"]
        match chance.randrange(8):
            case 0 | 1:
                about = {
                    "kind": "exposure",
                    "last_on": FIRST + timedelta(days=chance.randrange(-9, 20)),
                    "owes": chance.random() < 0.8,
                }
                facts.append(("entry", {**about, "edition": "2", "happened_at": happened_at}, pk))
            case 2:
                facts.append(("entry", {"kind": "arrival", "happened_at": happened_at}, pk))
            case 3:
                facts.append(
                    ("entry", {"kind": chance.choice(["lost", "found", "move"]), "happened_at": happened_at}, pk)
                )
            case 4 if earlier:
                before = chance.choice(earlier)
                about = {
                    "temperature": 36.9,
                    "observed_at": happened_at,
                    "corrects": before[2],
                    "retracted": chance.random() < 0.4,
                }
                facts.append(("check", about, pk))
            case 5 if exposures := [fact for fact in facts if fact[1].get("kind") == "exposure"]:
                before = chance.choice(exposures)
                about = {**before[1], "corrects": before[2], "retracted": chance.random() < 0.5}
                facts.append(("entry", {**about, "last_on": FIRST + timedelta(days=chance.randrange(-9, 20))}, pk))
            case _:
                facts.append(("check", {"temperature": 36.5, "observed_at": happened_at}, pk))
    return facts


def in_another_order(facts: list, chance: random.Random) -> list:
    """The same facts shuffled, some of them twice; a correction still comes after what it corrects."""
    waiting = [*facts, *chance.choices(facts, k=len(facts) // 3)]
    chance.shuffle(waiting)
    told, ordered = set(), []
    while waiting:
        for fact in list(waiting):
            if fact[1].get("corrects") in {None, *told}:
                ordered.append(fact)
                told.add(fact[2])
                waiting.remove(fact)
    return ordered


def send(stay: Stay, fact: tuple, place, shift: int) -> None:
    """Send a fact to a stay; ``shift`` keeps the ids of two stays apart and in one order."""
    what, about, pk = fact
    about = {**about, "id": UUID(int=pk.int + shift)}
    if about.get("corrects"):
        about["corrects"] = UUID(int=about["corrects"].int + shift)
    if what == "entry":
        area = {"area": place.wuma} if about["kind"] in ("arrival", "move") else {}
        services.enter(NewEntry(stay.pk, **area, **about), place.tracer)
    else:
        services.check_in(NewCheck(stay.pk, told_by="coordinator", **about), place.tracer)


@pytest.mark.django_db
@settings(**LATE)
@given(st.integers(0, 2**32), st.integers(3, 16))
def test_two_phones_that_send_the_same_in_another_order_end_up_with_the_same(place, seed, size):
    chance = random.Random(seed)
    facts = facts_of(chance, size)
    with clock.at(NOW):
        # Both stays are ordered at one moment; only the order in which the rest arrives differs.
        one, two = (
            place.stay(place.person(f"{seed}-{n}"), last_on=date(2020, 1, 20), at_site=False, ordered_at=moment(-24))
            for n in (1, 2)
        )
        for fact in facts:
            send(one, fact, place, one.pk.int % (1 << 62))
        for fact in in_another_order(facts, chance):
            send(two, fact, place, two.pk.int % (1 << 62))
    one.refresh_from_db()
    two.refresh_from_db()
    assert kept(one) == kept(two)
    for stay in (one, two):
        assert kept(stay) == services.derived([stay])[stay.pk]


class Observation(RuleBasedStateMachine):
    """Somebody under observation, of whom anything is told at any time, in any order, more than once."""

    place = None
    entered, checked = Bundle("entered"), Bundle("checked")

    @initialize()
    def ordered(self):
        with clock.at(at(FIRST.isoformat())):
            self.stay = self.place.stay(self.place.person(), last_on=FIRST - timedelta(days=1), at_site=False)
        self.exposures = {0: FIRST - timedelta(days=1)}
        self.told = []

    def send(self, kind, **about):
        entry = NewEntry(self.stay.pk, kind, **about)
        with clock.at(NOW):
            try:
                services.enter(entry, self.place.tracer)
            except Refused as no:
                if [refusal.code for refusal in no.refusals] != ["stay.ended_already"]:
                    raise
                return None
        self.told.append(entry)
        return entry

    @rule(target=entered, on=days, owes=st.booleans())
    def exposed(self, on, owes):
        entry = self.send("exposure", happened_at=moment(0), last_on=FIRST + timedelta(days=on), owes=owes, edition="2")
        self.exposures[entry.id] = FIRST + timedelta(days=on) if owes else None
        return entry.id, entry.id

    @rule(which=consumes(entered), on=days, retracted=st.booleans(), target=entered)
    def corrected(self, which, on, retracted):
        latest, first = which
        day = FIRST + timedelta(days=on)
        about = {"last_on": day, "owes": True, "edition": "2", "corrects": latest, "retracted": retracted}
        entry = self.send("exposure", happened_at=moment(1), **about)
        self.exposures[first] = None if retracted else day
        return entry.id, first

    @rule(kind=st.sampled_from(["arrival", "move", "lost", "found"]), hour=hours)
    def seen(self, kind, hour):
        area = {"area": self.place.wuma} if kind in ("arrival", "move") else {}
        self.send(kind, happened_at=moment(hour), **area)

    @rule(target=checked, hour=hours, celsius=st.sampled_from([36.2, 36.9, 37.2]))
    def checks(self, hour, celsius):
        told = NewCheck(self.stay.pk, celsius, observed_at=moment(hour))
        with clock.at(NOW):
            try:
                services.check_in(told, self.place.tracer)
            except Refused as no:
                if [refusal.code for refusal in no.refusals] != ["stay.ended_already"]:
                    raise
                return None
        return told

    @rule(told=checked)
    def checks_again(self, told):
        if told is not None:
            before = CheckIn.objects.count()
            with clock.at(NOW):
                services.check_in(told, self.place.tracer)
            assert CheckIn.objects.count() == before

    @rule()
    def tells_all_again(self):
        before = StayEntry.objects.count()
        with clock.at(NOW):
            services.enter_many([entry for entry in self.told], self.place.tracer)
        assert StayEntry.objects.count() == before

    @rule(hour=st.integers(10 * 24, 20 * 24))
    def ends(self, hour):
        self.stay.refresh_from_db()
        if self.stay.status in rules.OPEN:
            with clock.at(NOW):
                services.end_early(self.stay.pk, "legally_ended", self.place.tracer, happened_at=moment(hour))

    @invariant()
    def stands_as_its_entries_say(self):
        if not hasattr(self, "stay"):
            return
        self.stay.refresh_from_db()
        assert kept(self.stay) == services.derived([self.stay])[self.stay.pk]
        standing = [day for day in self.exposures.values() if day is not None]
        assert self.stay.release_on == (max(standing) + timedelta(days=14) if standing else None)
        own = services.entries_of([self.stay.pk])[self.stay.pk]
        backwards = rules.state(reversed(own), services.days_of("covid19"))
        assert (backwards.status, backwards.release_on) == (self.stay.status, self.stay.release_on)
        version = self.stay.versions.get(superseded_at=None)
        assert (version.status, version.release_on, version.path) == (
            self.stay.status,
            self.stay.release_on,
            self.stay.path,
        )


@pytest.mark.django_db
def test_a_stay_is_always_what_its_entries_say(place):
    Observation.place = place
    run_state_machine_as_test(Observation, settings=settings(**LATE, stateful_step_count=18))
