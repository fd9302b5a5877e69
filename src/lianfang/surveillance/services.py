"""Notifying cases and adding to what is known of them. Form, API, import and jobs come through these doors."""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.db.models.base import ModelState

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.registry import households
from lianfang.registry import services as registry
from lianfang.registry.models import Area, Organisation, Person, PersonKey, PossibleDuplicate
from lianfang.workorders import services as workorders
from lianfang.workorders.models import WorkOrder

from . import rules
from .evidence import Evidence, content_of, parse
from .models import Case, CaseVersion, InvestigationRecord, Observation, number_of
from .selectors import evidence_by_case


@dataclass(frozen=True)
class Notification:
    """What one report card says: the person, the disease, the evidence, who reports and where the patient lives."""

    disease: str
    area: Area
    evidence: Evidence
    person: registry.PersonDetails
    organisation: Organisation | None = None
    same_person_as: UUID | None = None  # a person already known, chosen by whoever enters the case
    source: str = ""
    local_id: str = ""
    desk: str = ""  # whose list the number stands in; empty for that of whoever reports
    channel: str = "web"
    card: dict[str, Any] = field(default_factory=dict)
    diagnosed_at: datetime | None = None
    reported_at: datetime | None = None
    starts_clocks: bool = True
    import_id: UUID | None = None  # the import that brought it in, for the record
    id: UUID = field(default_factory=ids.new_id)


@dataclass(frozen=True)
class Written:
    """What a batch of notifications became."""

    cases: list[Case]
    versions: list[CaseVersion]
    duplicates: list[PossibleDuplicate]


def notify(notification: Notification, by: Actor) -> Case:
    """Write one case; see ``notified``."""
    return notified(notification, by).case


def notified(notification: Notification, by: Actor) -> CaseVersion:
    """Write one case and give its version in force, with the case, its person and its area at hand.

    The same id with the same content again is success; with other content a conflict.
    """
    try:
        return notify_many([notification], by).versions[0]
    except (IntegrityError, Refused) as no:  # mostly it is new, so whether it came before is asked only now
        known = Case.objects.filter(pk=notification.id).first()
        if known is not None:
            return _same_again(known, notification, by)
        if isinstance(no, Refused):
            raise
        raise Refused(refuse("case.already_in_source", "local_id", local_id=notification.local_id)) from None


def _same_again(known: Case, notification: Notification, by: Actor) -> CaseVersion:
    first = known.observations.order_by("recorded_at", "id").first()
    same = (
        known.disease == notification.disease
        and known.recorded_by_id == by.user_id
        and first is not None
        and first.content == content_of(notification.evidence)
    )
    if not same:
        raise Refused(refuse("kernel.id_conflict", "id"))
    return known.versions.select_related("case__person__merged_into", "area").get(superseded_at=None)


@dataclass(frozen=True)
class Judged:
    """A notification that may be written, with what is known from it."""

    notification: Notification
    known: rules.Known


def judge(notification: Notification, by: Actor) -> Judged | list[Refusal]:
    """The notification as it may be written, or every reason why it may not."""
    found = []
    place = notification.organisation
    if place is None and not by.may_at("case.notify", notification.area.path):
        found.append(refuse("case.not_your_area", "area", area=notification.area.name))
    if place is not None and not by.may_at("case.notify", place.path, place.pk):  # nobody reports in another's name
        found.append(refuse("case.not_your_area", "organisation", area=place.name))
    if definitions.disease(notification.disease) is None:
        found.append(refuse("case.unknown_disease", "disease", disease=notification.disease))
        return found
    today, evidence = clock.today(), notification.evidence
    found += rules.impossible_dates(evidence, today)
    if notification.person.birth_date and notification.person.birth_date > today:
        found.append(refuse("case.future_date", "birth_date", day=notification.person.birth_date))
    try:
        aged = rules.aged(evidence, notification.person.birth_date, today)
        known = rules.known(aged, notification.disease, judged_on(evidence), today, notification.area.path)
    except Refused as no:
        return [*found, *no.refusals]
    return found or Judged(notification, known)


def refusals(notification: Notification, by: Actor) -> list[Refusal]:
    """Every reason why this notification would not be written. Empty when it would."""
    found = judge(notification, by)
    return [] if isinstance(found, Judged) else found


def judged_on(evidence: Evidence) -> date:
    """The day whose edition judges a new report: of confirmation, diagnosis or report, or today."""
    return evidence.confirmed_on or evidence.diagnosed_on or evidence.reported_on or clock.today()


def read_evidence(content: Any) -> Evidence:
    """Evidence from JSON-like content. Raises Refused naming what is wrong with it."""
    try:
        return parse(content)
    except msgspec.ValidationError as problem:
        raise Refused(refuse("case.evidence_unreadable", "evidence", problem=str(problem))) from None


def notify_many(
    notifications: Sequence[Notification | Judged], by: Actor, *, look_for_duplicates: bool = True
) -> Written:
    """Write a batch of cases whole or not at all, in one transaction. Raises Refused with the reasons of the first refused.

    Whoever judged them before, to tell the refused from the others, hands over what was judged.
    """
    judged = []
    for given in notifications:
        found = given if isinstance(given, Judged) else judge(given, by)
        if not isinstance(found, Judged):
            raise Refused(*found)
        judged.append(found)
    now = clock.now()
    described = [entry.notification.person for entry in judged if entry.notification.same_person_as is None]
    likely = registry.likely_same(described) if look_for_duplicates else {}
    people: list[Person] = []
    keys: list[PersonKey] = []
    pairs: list[PossibleDuplicate] = []
    chosen: dict[UUID, UUID] = {}
    cases, versions, observations, orders = [], [], [], []
    log: list[Event] = []
    for entry, state in ((each.notification, each.known) for each in judged):
        person, person_keys = registry.new_person(entry.person)
        people.append(person)
        keys += person_keys
        if entry.same_person_as is None:
            pairs += registry.offered(person, likely.get(person.pk, ()))
        else:
            chosen[person.pk] = entry.same_person_as
        case = Case(
            id=entry.id,
            number=number_of(entry.id),
            disease=entry.disease,
            person=person,
            source=entry.source,
            local_id=entry.local_id,
            desk=entry.desk or _desk(entry, by),
            organisation=entry.organisation,
            channel=entry.channel,
            recorded_at=now,
            recorded_by_id=by.user_id,
            card=entry.card,
        )
        cases.append(case)
        evidence = entry.evidence
        observations.append(
            Observation(
                case=case,
                kind="report",
                observed_at=entry.diagnosed_at,
                recorded_at=now,
                by_id=by.user_id,
                channel=entry.channel,
                content=content_of(evidence),
            )
        )
        version = _version(case, state, entry.area, now, by)
        version.report_path = entry.organisation.path if entry.organisation else ""
        version.organisation = entry.organisation
        if evidence.sex is None:
            version.sex = entry.person.sex
        versions.append(version)
        if entry.starts_clocks:
            orders += _clocks(case, version, entry, now, by)
        told: dict[str, Any] = {"reported_by": entry.channel}
        if entry.diagnosed_at:
            told["observed_at"] = entry.diagnosed_at.isoformat()
        if entry.import_id:
            told["import"] = str(entry.import_id)
        log.append(_case_event("case.notified", version, by, **told))
        if version.classification == "confirmed":
            log.append(_case_event("case.confirmed", version, by))
    with transaction.atomic():
        Person.objects.bulk_create(people, batch_size=500)
        PersonKey.objects.bulk_create(keys, batch_size=2000)
        Case.objects.bulk_create(cases, batch_size=500)
        Observation.objects.bulk_create(observations, batch_size=500)
        CaseVersion.objects.bulk_create(versions, batch_size=500)
        if orders:
            WorkOrder.objects.bulk_create(orders, batch_size=500)
        if pairs:
            PossibleDuplicate.objects.bulk_create(pairs, batch_size=500, ignore_conflicts=True)
        if chosen:
            standing = registry.enter_as(chosen, by)
            for person in people:
                person.merged_into = standing.get(person.pk)
        events.write(log)
    return Written(cases, versions, pairs)


def _desk(entry: Notification, by: Actor) -> str:
    """Whose numbering a report follows: the organisation's, or that of the highest area for which the actor reports."""
    if entry.organisation is not None:
        return str(entry.organisation.pk)
    return min(by.paths("case.notify"), key=len, default="")


def _clocks(case: Case, version: CaseVersion, entry: Notification, now: datetime, by: Actor) -> list[WorkOrder]:
    """The legal clocks of a new report: the direct report itself (met or late), its review, the investigation."""
    edition = definitions.edition(entry.disease, version.edition)
    desk = version.report_path or version.path
    orders = []
    if entry.diagnosed_at is not None:
        orders.append(
            workorders.raised(
                "report_directly",
                raised_at=entry.diagnosed_at,
                limit=edition.deadline("direct_report"),
                done_at=entry.reported_at or now,
                done_by=by.user_id,
                subject_id=case.pk,
                path=desk,
            )
        )
    orders.append(
        workorders.raised(
            "review_report", raised_at=now, limit=edition.deadline("review"), subject_id=case.pk, path=desk
        )
    )
    if version.classification not in edition.not_investigated:
        orders.append(
            workorders.raised(
                "investigate_case",
                raised_at=now,
                limit=edition.deadline("investigation"),
                subject_id=case.pk,
                path=version.path,
            )
        )
    return orders


def _version(case: Case, state: rules.Known, area: Area, now: datetime, by: Actor) -> CaseVersion:
    return CaseVersion(
        case=case,
        disease=case.disease,
        area=area,
        path=area.path,
        recorded_at=now,
        by_id=by.user_id,
        edition=state.edition,
        classification=state.classification,
        declared=state.declared,
        judgement=state.judgement,
        judged_on=state.judged_on,
        onset_on=state.onset_on,
        onset_until=state.onset_until,
        reported_on=state.reported_on,
        confirmed_on=state.confirmed_on,
        admitted_on=state.admitted_on,
        severity=state.severity,
        outcome=state.outcome,
        outcome_on=state.outcome_on,
        sex=state.sex,
        age_low=state.age_low,
        age_high=state.age_high,
    )


def _case_event(kind: str, version: CaseVersion, by: Actor, **details: Any) -> Event:
    return events.made(
        kind,
        by,
        subject=("case", version.case_id),
        path=version.path,
        details={"classification": version.classification, "edition": version.edition, **details},
    )


@dataclass(frozen=True)
class Addition:
    """One observation on its way into a case; ``corrects`` names the entry it takes the place of."""

    case_id: UUID
    kind: str
    content: Any
    observed_at: datetime | None = None
    corrects: UUID | None = None
    id: UUID = field(default_factory=ids.new_id)


def observe(case_id: UUID, kind: str, content: Any, by: Actor, *, channel: str = "", **about: Any) -> CaseVersion:
    """Add one observation and judge the case anew. Returns the version now in force; see ``observe_many``."""
    if about.get("id") is None:
        about.pop("id", None)
    return observe_many([Addition(case_id, kind, content, **about)], by, channel=channel)[case_id]


def observe_many(additions: Sequence[Addition], by: Actor, *, channel: str = "") -> dict[UUID, CaseVersion]:
    """Add observations to cases, whole or not at all, and judge each case anew. Returns the versions now in force.

    An observation sent again under its id with the same content is success; with other content a conflict. Raises Refused.
    """
    channel, now, today = channel or by.channel, clock.now(), clock.today()
    evidence = {addition.id: read_evidence(addition.content) for addition in additions}
    for part in evidence.values():
        if found := rules.impossible_dates(part, today):
            raise Refused(*found)
    with transaction.atomic():
        current = _current_many({addition.case_id for addition in additions}, "case.update", by)
        known = Observation.objects.in_bulk([addition.id for addition in additions])
        fresh = []
        for addition in additions:
            before = known.get(addition.id)
            if before is None:
                fresh.append(addition)
            elif (before.case_id, before.kind, before.content) != (
                addition.case_id, addition.kind, content_of(evidence[addition.id])
            ):  # fmt: skip
                raise Refused(refuse("kernel.id_conflict", "id"))
        corrected = {addition.corrects: addition.case_id for addition in fresh if addition.corrects}
        theirs = dict(Observation.objects.filter(pk__in=corrected).values_list("pk", "case_id"))
        if any(theirs.get(pk) != case_id for pk, case_id in corrected.items()):
            raise Refused(refuse("case.corrects_nothing", "corrects"))
        Observation.objects.bulk_create(
            [
                Observation(
                    id=addition.id,
                    case_id=addition.case_id,
                    kind=addition.kind,
                    observed_at=addition.observed_at,
                    recorded_at=now,
                    by_id=by.user_id,
                    channel=channel,
                    content=content_of(evidence[addition.id]),
                    corrects_id=addition.corrects,
                )
                for addition in fresh
            ],
            batch_size=500,
        )
        log = [
            events.made(
                "case.corrected" if addition.corrects else "case.observed",
                by,
                subject=("case", addition.case_id),
                path=current[addition.case_id].path,
                details={"what": addition.kind}
                | ({"observed_at": addition.observed_at.isoformat()} if addition.observed_at else {}),
            )
            for addition in fresh
        ]
        judged_on: dict[UUID, date] = {}
        for addition in fresh:
            day = rules.day_of(evidence[addition.id], addition.observed_at, today)
            judged_on[addition.case_id] = max(day, judged_on.get(addition.case_id, day))
        touched = [current[case_id] for case_id in judged_on]
        current.update(_judged_anew(touched, judged_on, by, log))
        events.write(log)
    return current


def evidence_of(case: Case, *, known_at: datetime | None = None) -> Evidence:
    """All that was known of a case at a moment (None: now), corrections in the place of what they correct."""
    return evidence_by_case([case.pk], known_at)[case.pk]


def _current_many(case_ids: Collection[UUID], permission: str, by: Actor) -> dict[UUID, CaseVersion]:
    rows = (
        CaseVersion.objects.visible_to(by, permission)
        .filter(case_id__in=case_ids, superseded_at=None)
        .select_related("case__person__merged_into", "area", "organisation")
        .select_for_update(of=("self",))
        .order_by("id")
    )
    found = {version.case_id: version for version in rows}
    if len(found) != len(case_ids):
        raise Refused(refuse("kernel.not_found"))
    return found


def _judged_anew(
    current: Sequence[CaseVersion],
    judged_on: dict[UUID, date],
    by: Actor,
    log: list[Event],
) -> dict[UUID, CaseVersion]:
    """Derive what is known from all evidence; write a new version of each case where it differs from the one in force."""
    evidence = evidence_by_case([version.case_id for version in current])
    pairs = []
    for before in current:
        known = rules.aged(evidence[before.case_id], before.case.person.born_on, before.reported_on)
        day = max(judged_on[before.case_id], before.judged_on)
        area = before.area
        if known.area_code and known.area_code != area.code:
            moved_to = Area.objects.valid_on(day).filter(code=known.area_code).first()
            if moved_to is None:
                raise Refused(refuse("case.unknown_area", "area_code", code=known.area_code))
            area = moved_to
        state = rules.known(known, before.disease, day, before.reported_on, area.path)
        version = _version(before.case, state, area, clock.now(), by)
        version.report_path, version.organisation = before.report_path, before.organisation
        version.counted = before.counted
        if known.sex is None:
            version.sex = before.sex
        pairs.append((before, version))
    return _supersede(pairs, by, log)


KEPT = ("classification", "edition", "declared", "onset_on", "onset_until", "reported_on", "confirmed_on", "admitted_on",
        "severity", "outcome", "outcome_on", "sex", "age_low", "age_high", "path", "counted", "judgement")  # fmt: skip


def _supersede(
    pairs: Sequence[tuple[CaseVersion, CaseVersion]], by: Actor, log: list[Event]
) -> dict[UUID, CaseVersion]:
    """Put new versions in the place of old ones, where anything differs. Returns the versions now in force, by case."""
    changed = [(old, new) for old, new in pairs if any(getattr(old, name) != getattr(new, name) for name in KEPT)]
    for old, new in changed:
        new.supersedes, old.superseded_at = old, new.recorded_at
        if old.classification != new.classification:
            log.append(_case_event("case.classified", new, by, before=old.classification))
            if new.classification == "confirmed":
                log.append(_case_event("case.confirmed", new, by))
    if changed:
        moment = changed[0][1].recorded_at
        CaseVersion.objects.filter(pk__in=[old.pk for old, _ in changed]).update(superseded_at=moment)
        CaseVersion.objects.bulk_create([new for _, new in changed], batch_size=500)
    return {old.case_id: old for old, _ in pairs} | {new.case_id: new for _, new in changed}


def receive_case(case_id: UUID, hospital: Organisation) -> None:
    """Let the hospital that receives a patient work on a case that was notified in nobody's name, from now on."""
    CaseVersion.objects.filter(case_id=case_id, superseded_at=None, organisation=None).update(
        organisation=hospital, report_path=hospital.path
    )


def review(case_id: UUID, by: Actor) -> None:
    """Record that a notification was reviewed; its review order is done. Raises Refused when there is nothing to review."""
    review_many([case_id], by)


def review_many(case_ids: Collection[UUID], by: Actor) -> None:
    """Record that notifications were reviewed, all or none. Raises Refused when one of them needs no review."""
    with transaction.atomic():
        current = _current_many(case_ids, "case.review", by)
        if len(workorders.close_for(case_ids, ["review_report"], by)) != len(current):
            raise Refused(refuse("case.nothing_to_review"))
        events.write(_case_event("case.reviewed", version, by) for version in current.values())


def investigate(case_id: UUID, form: str, answers: dict[str, Any], by: Actor) -> InvestigationRecord:
    """Record a case investigation; its order is done. Answers are checked against the edition of the form."""
    return investigate_many({case_id: answers}, form, by)[0]


def investigate_many(answers: Mapping[UUID, dict[str, Any]], form: str, by: Actor) -> list[InvestigationRecord]:
    """Record case investigations, all or none. An earlier record of a case stays and is pointed at. Raises Refused."""
    definition = definitions.form(form)
    with transaction.atomic():
        current = _current_many(answers.keys(), "case.investigate", by)
        for given in answers.values():
            if problems := definition.problems(given, definitions.library().vocabularies):
                raise Refused(*problems)
        before: dict[UUID, InvestigationRecord] = {}
        for record in InvestigationRecord.objects.filter(case_id__in=answers).order_by("recorded_at", "id"):
            before[record.case_id] = record
        records = InvestigationRecord.objects.bulk_create(
            InvestigationRecord(
                case_id=case_id,
                form=form,
                answers=given,
                recorded_at=clock.now(),
                by_id=by.user_id,
                replaces=before.get(case_id),
            )
            for case_id, given in answers.items()
        )
        workorders.close_for(answers.keys(), ["investigate_case"], by)
        events.write(_case_event("case.investigated", version, by, form=form) for version in current.values())
    return records


def correct_person(case_id: UUID, said: registry.PersonDetails, by: Actor) -> None:
    """Correct who a case is; its age follows the date of birth. Asks for the right to change the case and to know who it
    is. Raises Refused."""
    with transaction.atomic():
        _current_many({case_id}, "case.identify", by)
        person_id = _current_many({case_id}, "case.update", by)[case_id].case.person_id
        registry.correct_person(person_id, said, by)
        current = _current_many({case_id}, "case.update", by)[case_id]  # with the person as known now
        log = [_case_event("case.person_corrected", current, by)]
        _judged_anew([current], {case_id: current.judged_on}, by, log)
        events.write(log)


def live_together(case_id: UUID, other_number: str, by: Actor) -> None:
    """Enter that a case lives in the household of another case, told by its number. Raises Refused."""
    with transaction.atomic():
        version = _current_many({case_id}, "case.update", by)[case_id]
        others = CaseVersion.objects.visible_to(by, "case.identify").filter(superseded_at=None)
        other = others.filter(case__number=other_number.strip().upper()).select_related("case").first()
        if other is None:
            raise Refused(refuse("case.no_such_number", "number", number=other_number.strip()[:20]))
        households.live_together(version.case.person_id, other.case.person_id, by)


def move_out(case_id: UUID, by: Actor) -> None:
    """Enter that a case does not live in the household where it stands. Raises Refused."""
    with transaction.atomic():
        households.move_out(_current_many({case_id}, "case.update", by)[case_id].case.person_id, by)


def mark_duplicate(case_id: UUID, by: Actor, *, duplicate: bool = True) -> CaseVersion:
    """Say that a case is another record of one already counted, or take that back. A new version tells it from now on."""
    with transaction.atomic():
        current = _current_many({case_id}, "person.merge", by)
        _count(current, not duplicate, "case.not_counted" if duplicate else "case.counted_again", by)
        return CaseVersion.objects.get(case_id=case_id, superseded_at=None)


def withdraw_many(case_ids: Collection[UUID], source: str, by: Actor) -> set[UUID]:
    """Take cases out of every count, with the import that brought them. Returns those that were counted until now.

    They stay on record under another source, so that what the import should have said can be entered in their place.
    """
    with transaction.atomic():
        withdrawn = _count(_current_many(case_ids, "case.update", by), False, "case.withdrawn", by)
        Case.objects.filter(pk__in=withdrawn).update(source=source)
    return withdrawn


def restore_many(case_ids: Collection[UUID], source: str, by: Actor) -> set[UUID]:
    """Count withdrawn cases again, under their source. Raises Refused when another case has the number there meanwhile."""
    with transaction.atomic():
        restored = _count(_current_many(case_ids, "case.update", by), True, "case.restored", by)
        numbers = Case.objects.filter(pk__in=restored).exclude(local_id="").values_list("desk", "local_id")
        standing = Case.objects.filter(source=source, local_id__in=[number for _desk, number in numbers])
        if taken := set(numbers) & set(standing.values_list("desk", "local_id")):
            raise Refused(refuse("case.already_in_source", "local_id", local_id=min(taken)[1]))
        Case.objects.filter(pk__in=restored).update(source=source)
    return restored


def _count(current: Mapping[UUID, CaseVersion], counted: bool, event: str, by: Actor) -> set[UUID]:
    """Let cases count, or no longer, where that changes anything. A new version of each tells it. Returns the changed."""
    pairs = []
    for before in current.values():
        if before.counted != counted:
            version = copy(before)
            version._state = ModelState()
            version.pk, version.tallied, version.counted = ids.new_id(), False, counted
            version.recorded_at, version.by_id = clock.now(), by.user_id
            pairs.append((before, version))
    log: list[Event] = []
    changed = _supersede(pairs, by, log)
    events.write([*log, *(_case_event(event, version, by) for version in changed.values())])
    return set(changed)
