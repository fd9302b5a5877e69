"""Every figure from the tallies against a recount of the versions of cases, over random histories."""

import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from lianfang.kernel import clock
from lianfang.kernel.refusals import Refused
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import selectors, services, tally
from lianfang.surveillance.evidence import Evidence
from lianfang.surveillance.models import CaseTally, CaseVersion, TallyState

START = datetime(2020, 1, 25, 0, 0, tzinfo=UTC)
DAYS = 24
PLACES = ("330302001", "330302", "330303", "330106", "330300", "330000")
AREAS = ("330000", "330100", "330106", "330300", "330302", "330302001", "330303")
SPAN = (date(2020, 1, 28), date(2020, 2, 2))


def recount(versions, path, disease, evening):
    """Counts of an area by looking at each version: those in force at midnight, one after another."""
    in_force = {}
    for version in sorted(versions, key=lambda version: (version.recorded_at, version.id)):
        if evening is None or clock.local_day(version.recorded_at) <= evening:
            in_force[version.case_id] = version
    found = Counter()
    for version in in_force.values():
        if not version.counted or version.disease != disease or not version.path.startswith(path):
            continue
        kind = version.classification
        exact = version.onset_on is not None and version.onset_until in (None, version.onset_on)
        found["reported", version.reported_on, kind, 0] += 1
        found["onset", version.onset_on if exact else None, kind, 0] += 1
        if exact:
            found["delay", None, kind, (version.reported_on - version.onset_on).days] += 1
        if version.confirmed_on:
            found["confirmed", version.confirmed_on, kind, 0] += 1
        if version.admitted_on:
            found["admitted", version.admitted_on, kind, 0] += 1
        if version.outcome:
            found[version.outcome, version.outcome_on, kind, 0] += 1
        elif version.severity:
            found[version.severity, None, kind, 0] += 1
    return dict(found)


def history(world, seed, *, tallying):
    """A random history: notified, confirmed, worsened, discharged, moved, corrected, marked double, at any hour."""
    rng = random.Random(seed)
    me = world.actor("zhejiang")
    cases = []

    def observed(case, content):
        with suppress(
            Refused
        ):  # where the random day does not fit the case: refused whole, which leaves nothing to count
            services.observe(case.pk, "course", content, me)

    for step in range(90):
        moment = START + timedelta(days=DAYS * step / 90, minutes=rng.randrange(380))
        today = clock.local_day(moment)
        with clock.at(moment):
            act = rng.random()
            if act < 0.45 or not cases:
                onset = today - timedelta(days=rng.randrange(9))
                described = Evidence(
                    declared=rng.choice(["suspected", "confirmed"]),
                    onset_on=onset if rng.random() < 0.8 else None,
                    onset_until=onset + timedelta(days=2)
                    if rng.random() < 0.2 and onset + timedelta(days=2) <= today
                    else None,
                    severity=rng.choice([None, "mild", "severe", "critical"]),
                )
                if described.onset_on is None:
                    described = Evidence(declared=described.declared, severity=described.severity)
                area = world.area(rng.choice(PLACES))
                disease = "covid19" if rng.random() < 0.85 else "measles"
                cases.append(
                    services.notify(
                        services.Notification(
                            disease=disease,
                            area=area,
                            evidence=described,
                            person=PersonDetails(name=f"王{step}", area=area),
                        ),
                        me,
                    )
                )
            else:
                case = rng.choice(cases)
                if act < 0.6:
                    observed(case, {"labs": [{"test": "pcr", "result": "positive", "resulted_on": today.isoformat()}]})
                elif act < 0.7:
                    observed(case, {"severity": rng.choice(["moderate", "severe", "critical"])})
                elif act < 0.8:
                    observed(case, {"outcome": rng.choice(["discharged", "died"]), "outcome_on": today.isoformat()})
                elif act < 0.88:
                    observed(case, {"area_code": rng.choice(PLACES)})
                elif act < 0.94:
                    observed(case, {"admitted_on": today.isoformat()})
                else:
                    services.mark_duplicate(case.pk, me, duplicate=rng.random() < 0.7)
            if tallying and rng.random() < 0.15:
                tally.tally_batch(limit=rng.choice([1, 3, 1000]))
            if tallying and rng.random() < 0.06:
                tally.carry_forward(today - timedelta(days=rng.randrange(12)))


def assert_counts_are_recounts(world):
    versions = list(CaseVersion.objects.all())
    me = world.actor("zhejiang")
    evenings = [None, *(date(2020, 1, 24) + timedelta(days=step) for step in range(0, DAYS + 2, 5))]
    for disease in ("covid19", "measles"):
        for code in AREAS:
            area = world.area(code)
            expected = [recount(versions, area.path, disease, evening) for evening in evenings]
            found = selectors.counts_on(me, area, disease, evenings)
            for evening, wanted, sums in zip(evenings, expected, found, strict=True):
                assert sums.cells == wanted, (disease, code, evening)
                assert selectors.counts(me, area, disease, evening).cells == wanted, (disease, code, evening)
        for above in ("330000", "330300", "330302"):
            below = [area for area in world.areas.values() if area.parent == world.area(above)]
            for evening in evenings:
                totals = selectors.totals_below(me, world.area(above), disease, below, SPAN, evening)
                for area in below:
                    assert_totals(totals[area.code], recount(versions, area.path, disease, evening))


def assert_totals(totals, wanted):
    for measure in ("reported", "confirmed", "died"):
        for kind in ("suspected", "confirmed"):
            ours = {day: n for (what, day, of_class, _), n in wanted.items() if (what, of_class) == (measure, kind)}
            assert totals.total(measure, classes=[kind]) == sum(ours.values())
            inside = sum(n for day, n in ours.items() if day and SPAN[0] <= day <= SPAN[1])
            assert totals.total(measure, classes=[kind], in_span=True) == inside


@pytest.mark.parametrize("seed", range(3))
def test_counts_of_any_area_and_evening_are_what_a_recount_of_versions_gives(world, seed):
    history(world, seed, tallying=True)
    assert TallyState.objects.get().carried_until is not None
    assert_counts_are_recounts(world)
    tally.tally_all()
    assert not CaseVersion.objects.filter(tallied=False).exists()
    assert_counts_are_recounts(world)
    tally.carry_forward(date(2020, 2, 12))
    assert CaseTally.objects.filter(carried=True).exists()
    assert_counts_are_recounts(world)


def test_counts_without_any_tally_are_the_same(world):
    history(world, 11, tallying=False)
    assert not CaseTally.objects.exists()
    assert_counts_are_recounts(world)


def test_the_ledger_holds_a_figure_once_an_evening_and_each_level_adds_up(world):
    history(world, 3, tallying=True)
    tally.tally_all()
    rows = CaseTally.objects.values_list(
        "area_code", "disease", "carried", "measure", "known_on", "day", "classification", "value"
    )
    assert len(rows) == len(set(rows))
    balances = set(CaseTally.objects.filter(carried=True).values_list("known_on", flat=True))
    assert balances == {TallyState.objects.get().carried_until}


def test_a_page_read_while_a_batch_is_tallied_is_read_again(world, monkeypatch):
    history(world, 5, tallying=False)
    wanted = recount(list(CaseVersion.objects.all()), "CN/330000/", "covid19", None)
    looked = []
    waiting = selectors._not_in_ledger

    def tallied_in_between(*about):
        if not looked:
            tally.tally_batch()  # after the ledger was read, before the versions that it lacked
        looked.append(about)
        return waiting(*about)

    monkeypatch.setattr(selectors, "_not_in_ledger", tallied_in_between)
    assert selectors.counts(world.actor("zhejiang"), world.area("330000"), "covid19").cells == wanted
    assert len(looked) == 2


def test_a_tally_that_fails_changes_nothing(world, monkeypatch):
    history(world, 6, tallying=False)
    monkeypatch.setattr(tally, "_enter", lambda entries: (_ for _ in ()).throw(RuntimeError("the disk is full")))
    with pytest.raises(RuntimeError), transaction.atomic():
        tally.tally_batch()
    assert not CaseTally.objects.exists()
    assert not CaseVersion.objects.filter(tallied=True).exists()


def test_what_settled_is_carried_forward_by_itself(world):
    history(world, 7, tallying=False)
    with clock.at(START + timedelta(days=80)):
        tally.tally_all()
        first = TallyState.objects.get().carried_until
        assert first == clock.today() - tally.SETTLED_AFTER
    with clock.at(START + timedelta(days=90)):
        tally.tally_all()
        assert TallyState.objects.get().carried_until == first
    with clock.at(START + timedelta(days=110)):
        tally.tally_all()
        assert TallyState.objects.get().carried_until == clock.today() - tally.SETTLED_AFTER
    assert_counts_are_recounts(world)
