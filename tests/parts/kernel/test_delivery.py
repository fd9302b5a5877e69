"""What reacts to events is told of them by jobs: whole, again after a failure, and without holding up others."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django_tasks_db.models import DBTaskResult

from lianfang.kernel import clock, events
from lianfang.kernel.models import Event
from lianfang.quarantine import reactions as of_quarantine
from lianfang.registry.services import PersonDetails
from lianfang.surveillance import services as surveillance
from lianfang.surveillance.evidence import Evidence
from lianfang.tracing import reactions as of_tracing

NOW = datetime(2020, 1, 30, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now():
    with clock.at(NOW):
        yield


@pytest.fixture
def case(world):
    """A confirmed case, whose two events have the same two reactions."""
    evidence = Evidence(declared="confirmed", onset_on=date(2020, 1, 24), reported_on=date(2020, 1, 30))
    who, place = PersonDetails(name="王秀英", area=world.area("330302")), world.area("330302")
    return surveillance.notify(
        surveillance.Notification(disease="covid19", area=place, evidence=evidence, person=who), world.actor("lucheng")
    )


def waiting():
    jobs = DBTaskResult.objects.filter(status="READY", task_path__endswith="events.deliver").order_by(
        "enqueued_at", "id"
    )
    return [(job.args_kwargs["args"], job.run_after) for job in jobs]


def told(monkeypatch, reaction, fails=()):
    """Put a listener in the place of a reaction; it refuses the kinds in ``fails``. Gives the kinds it heard."""
    heard = []

    def listen(event):
        if event.kind in fails:
            raise ValueError(f"no {event.kind}")
        heard.append(event.kind)

    monkeypatch.setattr(*reaction, listen)
    return heard


TRACE, JUDGED = (of_tracing, "trace"), (of_quarantine, "judged")


def test_all_who_react_to_the_same_events_are_told_by_one_job(case, monkeypatch):
    [((names, event_ids, attempt), _)] = waiting()
    assert sorted(names.split()) == ["lianfang.quarantine.reactions:judged", "lianfang.tracing.reactions:trace"]
    kinds = dict(Event.objects.filter(subject_id=case.pk).values_list("pk", "kind"))
    assert sorted(kinds[pk] for pk in kinds if str(pk) in event_ids) == ["case.confirmed", "case.notified"]
    traced, judged = told(monkeypatch, TRACE), told(monkeypatch, JUDGED)
    events.deliver.func(names, event_ids, attempt)
    assert traced == judged == ["case.notified", "case.confirmed"]


def test_a_reaction_that_fails_is_tried_again_alone_event_by_event_and_later_each_time(case, monkeypatch):
    [((names, event_ids, attempt), _)] = waiting()
    DBTaskResult.objects.all().delete()
    traced, judged = told(monkeypatch, TRACE, fails=["case.notified"]), told(monkeypatch, JUDGED)
    events.deliver.func(names, event_ids, attempt)
    assert (traced, judged) == ([], ["case.notified", "case.confirmed"])  # the other is not held up
    again = waiting()
    assert [args for args, _ in again] == [["lianfang.tracing.reactions:trace", [pk], 2] for pk in event_ids]
    assert all(run_after == clock.now() + timedelta(seconds=2) for _, run_after in again)
    DBTaskResult.objects.all().delete()
    for args, _ in again:
        events.deliver.func(*args)
    assert traced == ["case.confirmed"]  # the one that can be delivered is
    [(args, run_after)] = waiting()
    assert (args[1:], run_after) == ([event_ids[:1], 3], clock.now() + timedelta(seconds=4))


def test_the_last_failure_is_raised_after_the_others_were_told(case, monkeypatch):
    [((_, event_ids, _), _)] = waiting()
    DBTaskResult.objects.all().delete()
    judged = told(monkeypatch, JUDGED)
    told(monkeypatch, TRACE, fails=["case.notified"])
    both = "lianfang.tracing.reactions:trace lianfang.quarantine.reactions:judged"
    with pytest.raises(ValueError, match=r"no case\.notified"):
        events.deliver.func(both, event_ids, events.ATTEMPTS)
    assert judged == ["case.notified", "case.confirmed"]
    assert waiting() == []
