"""Notifying cases and adding to what is known of them. Form, API, import and jobs come through these doors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.models import Event
from lianfang.kernel.refusals import Refusal, Refused, refuse
from lianfang.registry import services as registry
from lianfang.registry.models import Area, Organisation, Person, PersonKey, PossibleDuplicate
from lianfang.workorders import services as workorders
from lianfang.workorders.models import WorkOrder

from . import rules
from .evidence import Evidence, content_of, parse, total
from .models import Case, CaseVersion, InvestigationRecord, Observation


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
    channel: str = "web"
    card: dict[str, Any] = field(default_factory=dict)
    diagnosed_at: datetime | None = None
    reported_at: datetime | None = None
    starts_clocks: bool = True
    id: UUID = field(default_factory=ids.new_id)


@dataclass(frozen=True)
class Written:
    """What a batch of notifications became."""

    cases: list[Case]
    duplicates: list[PossibleDuplicate]


def notify(notification: Notification, by: Actor) -> Case:
    """Write one case. The same id with the same content again is success; with other content a conflict."""
    known = Case.objects.filter(pk=notification.id).first()
    if known is not None:
        return _same_again(known, notification, by)
    try:
        return notify_many([notification], by).cases[0]
    except IntegrityError:
        known = Case.objects.filter(pk=notification.id).first()
        if known is None:
            raise Refused(refuse("case.already_in_source", "local_id", local_id=notification.local_id)) from None
        return _same_again(known, notification, by)


def _same_again(known: Case, notification: Notification, by: Actor) -> Case:
    first = known.observations.order_by("recorded_at", "id").first()
    same = (
        known.disease == notification.disease
        and known.recorded_by_id == by.user_id
        and first is not None
        and first.content == content_of(notification.evidence)
    )
    if not same:
        raise Refused(refuse("kernel.id_conflict", "id"))
    return known


def refusals(notification: Notification, by: Actor) -> list[Refusal]:
    """Every reason why this notification would not be written. Empty when it would."""
    found = []
    place = notification.organisation
    allowed = by.may_at("case.notify", notification.area.path, place.pk if place else None) or (
        place is not None and by.may_at("case.notify", place.path, place.pk)
    )
    if not allowed:
        found.append(refuse("case.not_your_area", "area", area=notification.area.name))
    if definitions.disease(notification.disease) is None:
        found.append(refuse("case.unknown_disease", "disease", disease=notification.disease))
        return found
    today = clock.today()
    found += rules.impossible_dates(notification.evidence, today)
    if notification.person.birth_date and notification.person.birth_date > today:
        found.append(refuse("case.future_date", "birth_date", day=notification.person.birth_date))
    try:
        rules.known(notification.evidence, notification.disease, judged_on(notification.evidence), today)
    except Refused as no:
        found += no.refusals
    return found


def judged_on(evidence: Evidence) -> date:
    """The day whose edition judges a new report: of confirmation, diagnosis or report, or today."""
    return evidence.confirmed_on or evidence.diagnosed_on or evidence.reported_on or clock.today()


def read_evidence(content: Any) -> Evidence:
    """Evidence from JSON-like content. Raises Refused naming what is wrong with it."""
    try:
        return parse(content)
    except msgspec.ValidationError as problem:
        raise Refused(refuse("case.evidence_unreadable", "evidence", problem=str(problem))) from None


def notify_many(notifications: Sequence[Notification], by: Actor, *, look_for_duplicates: bool = True) -> Written:
    """Write a batch of cases whole or not at all, in one transaction. Raises Refused with the reasons of the first refused."""
    for notification in notifications:
        if found := refusals(notification, by):
            raise Refused(*found)
    now, today = clock.now(), clock.today()
    described = [entry.person for entry in notifications if entry.same_person_as is None]
    likely = registry.likely_same(described) if look_for_duplicates else {}
    people: list[Person] = []
    keys: list[PersonKey] = []
    pairs: list[PossibleDuplicate] = []
    cases, versions, observations, orders = [], [], [], []
    log: list[Event] = []
    for entry in notifications:
        if entry.same_person_as is None:
            person, person_keys = registry.new_person(entry.person)
            people.append(person)
            keys += person_keys
            pairs += registry.offered(person, likely.get(entry.person.id, ()))
            person_id = person.pk
        else:
            person_id = entry.same_person_as
        case = Case(
            id=entry.id,
            disease=entry.disease,
            person_id=person_id,
            source=entry.source,
            local_id=entry.local_id,
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
        state = rules.known(evidence, entry.disease, judged_on(evidence), today)
        version = _version(case, state, entry.area, now, by)
        version.report_path = entry.organisation.path if entry.organisation else ""
        version.organisation = entry.organisation
        if evidence.sex is None:
            version.sex = entry.person.sex
        versions.append(version)
        if entry.starts_clocks:
            orders += _clocks(case, version, entry, now, by)
        log.append(_case_event("case.notified", version, by, reported_by=entry.channel))
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
        events.write(log)
    return Written(cases, pairs)


def _clocks(case: Case, version: CaseVersion, entry: Notification, now: datetime, by: Actor) -> list[WorkOrder]:
    """The legal clocks of a new report: the direct report itself (met or late), its review, the investigation."""
    edition = definitions.edition(entry.disease, version.edition)
    where = {"subject_id": case.pk, "path": version.report_path or version.path}
    orders = []
    if entry.diagnosed_at is not None:
        orders.append(
            workorders.raised(
                "report_directly",
                raised_at=entry.diagnosed_at,
                limit=edition.deadline("direct_report"),
                done_at=entry.reported_at or now,
                done_by=by.user_id,
                **where,
            )
        )
    orders.append(workorders.raised("review_report", raised_at=now, limit=edition.deadline("review"), **where))
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


def observe(
    case_id: UUID,
    kind: str,
    content: Any,
    by: Actor,
    *,
    observed_at: datetime | None = None,
    corrects: UUID | None = None,
    id: UUID | None = None,
    channel: str = "",
) -> CaseVersion:
    """Add to the evidence of a case and judge it anew. Returns the version now in force.

    The same id with the same content again is success; with other content a conflict. Raises Refused.
    """
    evidence = parse(content)
    channel = channel or by.channel
    now, today = clock.now(), clock.today()
    with transaction.atomic():
        current = _current(case_id, "case.update", by)
        if id is not None and (known := Observation.objects.filter(pk=id).first()):
            if known.case_id != case_id or known.content != content_of(evidence) or known.kind != kind:
                raise Refused(refuse("kernel.id_conflict", "id"))
            return current
        if found := rules.impossible_dates(evidence, today):
            raise Refused(*found)
        if corrects is not None and not Observation.objects.filter(pk=corrects, case_id=case_id).exists():
            raise Refused(refuse("case.corrects_nothing", "corrects"))
        Observation.objects.create(
            id=id or ids.new_id(),
            case_id=case_id,
            kind=kind,
            observed_at=observed_at,
            recorded_at=now,
            by_id=by.user_id,
            channel=channel,
            content=content_of(evidence),
            corrects_id=corrects,
        )
        log = [
            events.made(
                "case.corrected" if corrects else "case.observed",
                by,
                subject=("case", case_id),
                path=current.path,
                details={"what": kind},
            )
        ]
        version = _judged_anew(current, by, log, judged_on=rules.day_of(evidence, observed_at, today))
        events.write(log)
    return version


def evidence_of(case: Case, *, known_at: datetime | None = None) -> Evidence:
    """All that was known of a case at a moment (None: now), corrections in the place of what they correct."""
    entries = case.observations.order_by("recorded_at", "id")
    if known_at is not None:
        entries = entries.filter(recorded_at__lte=known_at)
    kept = list(entries)
    corrected = {entry.corrects_id for entry in kept if entry.corrects_id}
    return total(parse(entry.content) for entry in kept if entry.pk not in corrected)


def _current(case_id: UUID, permission: str, by: Actor) -> CaseVersion:
    """The version in force, locked for a change. Raises Refused when there is none that the actor may change."""
    current = (
        CaseVersion.objects.visible_to(by, permission)
        .filter(case_id=case_id, superseded_at=None)
        .select_related("case", "area", "organisation")
        .select_for_update(of=("self",))
        .first()
    )
    if current is None:
        raise Refused(refuse("kernel.not_found"))
    return current


def _judged_anew(current: CaseVersion, by: Actor, log: list[Event], *, judged_on: date) -> CaseVersion:
    """Derive what is known from all evidence; write a new version when it differs from the one in force."""
    evidence = evidence_of(current.case)
    state = rules.known(evidence, current.disease, max(judged_on, current.judged_on), current.reported_on)
    area = current.area
    if evidence.area_code and evidence.area_code != area.code:
        moved_to = Area.objects.valid_on(state.judged_on).filter(code=evidence.area_code).first()
        if moved_to is None:
            raise Refused(refuse("case.unknown_area", "area_code", code=evidence.area_code))
        area = moved_to
    version = _version(current.case, state, area, clock.now(), by)
    version.report_path, version.organisation = current.report_path, current.organisation
    version.counted = current.counted
    if evidence.sex is None:
        version.sex = current.sex
    return _supersede(current, version, by, log)


KEPT = ("classification", "edition", "declared", "onset_on", "onset_until", "reported_on", "confirmed_on", "admitted_on",
        "severity", "outcome", "outcome_on", "sex", "age_low", "age_high", "path", "counted", "judgement")  # fmt: skip


def _supersede(current: CaseVersion, version: CaseVersion, by: Actor, log: list[Event]) -> CaseVersion:
    if all(getattr(current, name) == getattr(version, name) for name in KEPT):
        return current
    version.supersedes = current
    current.superseded_at = version.recorded_at
    current.save(update_fields=["superseded_at"])
    version.save(force_insert=True)
    if current.classification != version.classification:
        log.append(_case_event("case.classified", version, by, before=current.classification))
        if version.classification == "confirmed":
            log.append(_case_event("case.confirmed", version, by))
    return version


def review(case_id: UUID, by: Actor) -> None:
    """Record that a notification was reviewed; its review order is done. Raises Refused when there is nothing to review."""
    with transaction.atomic():
        current = _current(case_id, "case.review", by)
        if not workorders.close_for(case_id, ["review_report"], by):
            raise Refused(refuse("case.nothing_to_review"))
        events.write([_case_event("case.reviewed", current, by)])


def investigate(case_id: UUID, form: str, answers: dict[str, Any], by: Actor) -> InvestigationRecord:
    """Record a case investigation; its order is done. Answers are checked against the edition of the form."""
    with transaction.atomic():
        current = _current(case_id, "case.investigate", by)
        if problems := definitions.form(form).problems(answers):
            raise Refused(*problems)
        before = InvestigationRecord.objects.filter(case_id=case_id).order_by("-recorded_at").first()
        record = InvestigationRecord.objects.create(
            case_id=case_id, form=form, answers=answers, recorded_at=clock.now(), by_id=by.user_id, replaces=before
        )
        workorders.close_for(case_id, ["investigate_case"], by)
        events.write([_case_event("case.investigated", current, by, form=form)])
    return record


def mark_duplicate(case_id: UUID, by: Actor, *, duplicate: bool = True) -> CaseVersion:
    """Say that a case is another record of one already counted, or take that back. A new version tells it from now on."""
    with transaction.atomic():
        current = _current(case_id, "person.merge", by)
        if current.counted != duplicate:
            return current
        version = CaseVersion.objects.get(pk=current.pk)
        version.pk, version.tallied, version.counted = ids.new_id(), False, not duplicate
        version.recorded_at, version.by_id, version._state.adding = clock.now(), by.user_id, True
        log: list[Event] = []
        version = _supersede(current, version, by, log)
        log.append(_case_event("case.not_counted" if duplicate else "case.counted_again", version, by))
        events.write(log)
    return version
