"""Writing people down, finding the likely same person, merging and unmerging.

A merge changes no record. Two records are one person because somebody decided so of a pair; which records stand under
which is worked out from the decisions that hold, so taking any one of them back gives what the others still say.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _

from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.sealing import SETTLES_SECONDS, Keyring, change_keys, keyring, told_of_key

from . import matching
from .models import Area, Level, Person, PersonKey, PossibleDuplicate
from .selectors import area_name, records_of

AT_ONCE = 900  # values in one query

Value = TypeVar("Value")


@dataclass(frozen=True)
class PersonDetails:
    """What somebody said of a person. Everything but the area may be missing."""

    name: str = ""
    id_number: str = ""
    phone: str = ""
    address: str = ""
    parent_name: str = ""
    sex: str = "U"
    birth_date: date | None = None
    birth_year: int | None = None
    area: Area | None = None
    organisation_id: UUID | None = None
    id: UUID = field(default_factory=ids.new_id)


@dataclass(frozen=True)
class Likeness:
    """A person already known who may be the one described, with the reasons."""

    person: Person
    match: matching.Match


def new_person(details: PersonDetails) -> tuple[Person, list[PersonKey]]:
    """A person and the keys to find it by, ready to be written."""
    person = _record_of(details)
    return person, [PersonKey(person=person, kind=kind, digest=digest) for kind, digest in keys_of(details)]


def _record_of(details: PersonDetails) -> Person:
    return Person(
        id=details.id,
        name=details.name,
        id_number=details.id_number,
        phone=details.phone,
        address=details.address,
        parent_name=details.parent_name,
        sex=details.sex,
        birth_date=details.birth_date,
        birth_year=details.birth_date.year if details.birth_date else details.birth_year,
        area=details.area,
        path=details.area.path if details.area else "",
        known_to_id=details.organisation_id,
        created_at=clock.now(),
    )


def as_matched(said: PersonDetails | Person) -> matching.Person:
    """A description, or a record, as the matching rules see it. Opens the sealed fields of a record."""
    path = said.path if isinstance(said, Person) else said.area.path if said.area else ""
    steps = path.split("/")
    return matching.Person(
        name=said.name,
        id_number=said.id_number,
        phone=said.phone,
        sex=said.sex,
        birth_date=said.birth_date,
        birth_year=said.birth_year,
        county=steps[3] if len(steps) > 4 else "",
        township=steps[4] if len(steps) > 5 else "",
        parent_name=said.parent_name,
    )


def keys_of(said: PersonDetails | Person) -> list[tuple[str, bytes]]:
    """Blind digests under which a person is found: (kind, digest)."""
    ring = keyring()
    return [(kind, ring.blind(kind, text)) for kind, text in matching.blocking_keys(as_matched(said))]


def _looked_up(details: PersonDetails) -> list[tuple[str, bytes]]:
    """The digests under which somebody so described may stand: those of before too, while the index key is being changed."""
    ring, keys = keyring(), matching.blocking_keys(as_matched(details))
    return [(kind, digest) for kind, text in keys for digest in ring.blinds(kind, text)]


def rotate_index_key(
    by: Actor, progress: Callable[[int, int], None] = lambda done, all: None, settles: float = SETTLES_SECONDS
) -> None:
    """Make the digests of all people again with a new index key, some at a time, while the platform runs.

    Until the last one is made again people are looked up under both keys; then the one of before is gone. After a stop
    the next call goes on with what is left. ``progress`` is told the digests done and the digests in all.
    """
    if len(keyring().index) == 1:
        with transaction.atomic():
            change_keys(Keyring.with_index_key)
            told_of_key("index", by)
    number = max(keyring().index)
    time.sleep(settles)
    _make_digests_again(progress)
    change_keys(lambda ring: ring.with_index_keys_from(number))
    _make_digests_again(lambda done, all: None)  # of whoever wrote with the key of before until now


def _make_digests_again(progress: Callable[[int, int], None]) -> None:
    done, total = 0, _digests_of_before().count()
    while people := set(_digests_of_before().values_list("person_id", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            locked = {person.pk: person for person in Person.objects.filter(pk__in=people).select_for_update()}
            standing = set(_digests_of_before().filter(person__in=locked).values_list("person_id", flat=True))
            keys = PersonKey.objects.filter(person__in=standing)
            made = [
                PersonKey(person_id=pk, kind=kind, digest=digest)
                for pk in standing
                for kind, digest in keys_of(locked[pk])
            ]
            done += keys.delete()[0]
            PersonKey.objects.bulk_create(made, batch_size=2000)
        progress(done, total)


def _digests_of_before() -> QuerySet[PersonKey]:
    first, end = keyring().blind_from
    return PersonKey.objects.filter(Q(digest__lt=first) | Q(digest__gte=end))


def likely_same(described: Sequence[PersonDetails]) -> dict[UUID, list[Likeness]]:
    """For each description the people who may be the same, likeliest first: people already known, and people described
    before it in the same sequence. A few queries for any number.

    Looks across the whole registry, whatever the caller may see: whoever shows a likeness decides what to disclose.
    """
    wanted = {details.id: as_matched(details) for details in described}
    told = {details.id: details for details in described}
    keys = {details.id: _looked_up(details) for details in described}
    sharing, found = _sharing({digest for own in keys.values() for _, digest in own})
    compared = {
        details_id: [
            pk for pk, by_name_alone in shared.items()
            if not (by_name_alone and pk in found and matching.born_apart(wanted[details_id], _born(found[pk])))
        ]
        for details_id, shared in matching.candidates(keys, sharing).items()
    }  # fmt: skip
    known = _with_who_stands({pk: found[pk] for others in compared.values() for pk in others if pk in found})
    opened: dict[UUID, matching.Person] = dict(wanted)
    result: dict[UUID, list[Likeness]] = {}
    for details_id, others in compared.items():
        best: dict[UUID, Likeness] = {}
        for pk in others:
            record = known.get(pk)
            if pk not in opened:
                if record is None:
                    continue  # removed since
                opened[pk] = as_matched(record)
            match = matching.score(wanted[details_id], opened[pk])
            if match.verdict == "unlikely":
                continue
            person = known.get(record.merged_into_id or pk, record) if record else _record_of(told[pk])
            if person.pk not in best or best[person.pk].match.score < match.score:
                best[person.pk] = Likeness(person, match)
        if best:
            result[details_id] = sorted(best.values(), key=lambda likeness: -likeness.match.score)
    return result


SHARING = """
WITH wanted (digest) AS (VALUES {digests})
SELECT found.digest, person.*
FROM wanted CROSS JOIN {keys} found JOIN {persons} person ON person.id = found.person_id
WHERE found.digest = wanted.digest
AND (SELECT COUNT(*) FROM (SELECT 1 FROM {keys} each WHERE each.digest = wanted.digest LIMIT %s) few) < %s
"""


def _sharing(digests: Collection[bytes]) -> tuple[dict[bytes, list[UUID]], dict[UUID, Person]]:
    """Who stands in the registry under each digest, where they are few enough, and their records, still sealed.

    Of a digest that many share no more is read than shows that they are many, so a common name costs the same in a
    registry of any size.
    """
    found: dict[bytes, list[UUID]] = defaultdict(list)
    records: dict[UUID, Person] = {}
    too_many = matching.MOST_SHARING + 1
    for some in _in_batches(digests):
        query = SHARING.format(
            digests=", ".join(["(%s)"] * len(some)), keys=PersonKey._meta.db_table, persons=Person._meta.db_table
        )
        record: Any
        for record in Person.objects.raw(query, [*some, too_many, too_many]):
            found[bytes(record.digest)].append(record.pk)
            records[record.pk] = record
    return found, records


def _born(record: Person) -> matching.Person:
    return matching.Person(birth_date=record.birth_date, birth_year=record.birth_year)


def _with_who_stands(known: dict[UUID, Person]) -> dict[UUID, Person]:
    """The records and, for merged ones, the records that stand for them."""
    while missing := {record.merged_into_id for record in known.values() if record.merged_into_id} - known.keys():
        for some in _in_batches(missing):
            known |= Person.objects.in_bulk(some)
    return known


def _in_batches(values: Iterable[Value]) -> Iterator[list[Value]]:
    every = list(values)
    return (every[start : start + AT_ONCE] for start in range(0, len(every), AT_ONCE))


def offered(person: Person, likenesses: Iterable[Likeness], most: int = 3) -> list[PossibleDuplicate]:
    """The pairs to lay before somebody for a decision, ready to be written."""
    return [_pair(person, likeness.person, likeness.match) for likeness in list(likenesses)[:most]]


def _pair(person: Person, other: Person, match: matching.Match) -> PossibleDuplicate:
    return PossibleDuplicate(
        person=person,
        other=other,
        path=person.path,
        score=match.score,
        verdict=match.verdict,
        reasons=[{"code": reason.code, "weight": round(reason.weight, 2)} for reason in match.reasons],
        found_at=clock.now(),
    )


def merge(keep_id: UUID, merged_id: UUID, by: Actor) -> Person:
    """Say that two records are one person, who is then shown by the record to keep. Nothing of the other is lost."""
    with transaction.atomic():
        records = _people_of([keep_id, merged_id])
        if not all(pk in records and _may_merge(by, records[pk]) for pk in (keep_id, merged_id)):
            raise Refused(refuse("kernel.not_found"))
        return _join(records, keep_id, merged_id, by, how="merge")


def enter_as(chosen: Mapping[UUID, UUID], by: Actor) -> dict[UUID, Person]:
    """Join records just written to the people whom whoever entered them chose: {new record: record chosen}.

    The new record stays as it was said, so a wrong choice can be undone. Who may not see a record cannot choose it.
    Returns the record that stands for each new one from now on.
    """
    standing = {}
    with transaction.atomic():
        visible = set(Person.objects.visible_to(by).filter(pk__in=set(chosen.values())).values_list("pk", flat=True))
        for new_id, chosen_id in chosen.items():
            if chosen_id not in visible:
                raise Refused(refuse("person.not_yours_to_choose", "same_person_as"))
            records = _people_of([new_id, chosen_id])
            _join(records, chosen_id, new_id, by, how="entry")
            standing[new_id] = records[records[chosen_id].stands_under_id]
    return standing


CORRECTED = ("name", "id_number", "phone", "address", "parent_name", "sex", "birth_date")


def correct_person(person_id: UUID, said: PersonDetails, by: Actor) -> Person:
    """Write down who somebody really is: a new record that stands for the person from now on; what was said before stays.

    The caller has made sure that the actor may change what is known of this person. Undone like any merge.
    """
    with transaction.atomic():
        records = _people_of([person_id])
        before = records[records[person_id].stands_under_id]
        changed = [name for name in CORRECTED if getattr(said, name) != getattr(before, name)]
        if not changed:
            raise Refused(refuse("person.nothing_to_correct"))
        details = replace(said, area=before.area, organisation_id=before.known_to_id)
        person, keys = new_person(details)
        person.save(force_insert=True)
        PersonKey.objects.bulk_create(keys)
        events.record(
            "person.corrected", by, subject=("person", person.pk), path=person.path, details={"changed": changed}
        )
        return _join(_people_of([person.pk, before.pk]), person.pk, before.pk, by, how="correction")


def _join(records: dict[UUID, Person], keep_id: UUID, merged_id: UUID, by: Actor, how: str) -> Person:
    if keep_id == merged_id:
        raise Refused(refuse("person.merge_with_itself"))
    keep, other = records[keep_id].stands_under_id, records[merged_id].stands_under_id
    if keep == other:
        raise Refused(refuse("person.already_merged"))
    sides = [[pk for pk, record in records.items() if record.stands_under_id == root] for root in (keep, other)]
    if _between(*sides).filter(decision="different").exists():
        raise Refused(refuse("person.told_apart_before"))
    pair = _between([keep_id], [merged_id]).first()
    if pair is None:
        left, right = records[merged_id], records[keep_id]
        pair = _pair(left, right, matching.score(as_matched(left), as_matched(right)))
    pair.decision, pair.decided_at, pair.decided_by_id = "same", clock.now(), by.user_id
    pair.save()
    Person.objects.filter(pk__in=sides[1]).update(merged_into=keep)
    events.record(
        "person.merged",
        by,
        subject=("person", keep),
        path=records[keep].path,
        details={"merged": sorted(map(str, sides[1])), "pair": str(pair.pk), "how": how},
    )
    return records[keep]


def decide_different(pair_id: UUID, by: Actor) -> PossibleDuplicate:
    """Say that a pair is two people; it is not offered again."""
    with transaction.atomic():
        pair, records = _locked_pair(pair_id, by)
        if pair.decision:
            raise Refused(refuse("person.already_decided"))
        if records[pair.person_id].stands_under_id == records[pair.other_id].stands_under_id:
            raise Refused(refuse("person.already_merged"))
        pair.decision, pair.decided_at, pair.decided_by_id = "different", clock.now(), by.user_id
        pair.save()
        events.record("person.told_apart", by, **_about(pair))
    return pair


def undo(pair_id: UUID, by: Actor) -> PossibleDuplicate:
    """Take the decision on a pair back. After a merge each record stands again where the other decisions put it."""
    with transaction.atomic():
        pair, records = _locked_pair(pair_id, by)
        before, pair.decision, pair.decided_at, pair.decided_by_id = pair.decision, "", None, None
        if not before:
            raise Refused(refuse("person.nothing_to_undo"))
        pair.save()
        if before == "same":
            _stand_as_decided(records)
            events.record("person.unmerged", by, **_about(pair))
        else:
            events.record("person.reconsidered", by, **_about(pair))
    return pair


def _about(pair: PossibleDuplicate) -> dict[str, Any]:
    details = {"other": str(pair.other_id), "pair": str(pair.pk)}
    return {"subject": ("person", pair.person_id), "path": pair.path, "details": details}


def _stand_as_decided(records: dict[UUID, Person]) -> None:
    """Let each record stand under the one that shows its person, by the merges that hold among these records.

    Whoever stood for a person stands for it still; of those set free, the record written first does.
    """
    linked: dict[UUID, list[UUID]] = defaultdict(list)
    for one, other in _between(records, records).filter(decision="same").values_list("person_id", "other_id"):
        linked[one].append(other)
        linked[other].append(one)
    placed: set[UUID] = set()
    for first in sorted(
        records.values(), key=lambda record: (record.merged_into_id is not None, record.created_at, record.pk)
    ):
        if first.pk in placed:
            continue
        group, ahead = {first.pk}, [first.pk]
        while ahead:
            ahead = [pk for pk in chain.from_iterable(linked[pk] for pk in ahead) if pk not in group]
            group.update(ahead)
        placed |= group
        Person.objects.filter(pk=first.pk).update(merged_into=None)
        Person.objects.filter(pk__in=group - {first.pk}).update(merged_into=first.pk)


def _between(one: Collection[UUID], other: Collection[UUID]) -> QuerySet[PossibleDuplicate]:
    return PossibleDuplicate.objects.filter(
        Q(person__in=list(one), other__in=list(other)) | Q(person__in=list(other), other__in=list(one))
    )


def _locked_pair(pair_id: UUID, by: Actor) -> tuple[PossibleDuplicate, dict[UUID, Person]]:
    """A pair and all records of the people in it, locked. Raises Refused unless the actor may merge both."""
    pair = PossibleDuplicate.objects.filter(pk=pair_id).first()
    records = _people_of([pair.person_id, pair.other_id]) if pair else {}
    if pair is None or not all(_may_merge(by, records[pk]) for pk in (pair.person_id, pair.other_id)):
        raise Refused(refuse("kernel.not_found"))
    pair.refresh_from_db()  # whoever held the lock before may have decided
    return pair, records


def _people_of(ids: Collection[UUID]) -> dict[UUID, Person]:
    """All records of the people to whom these records belong, locked; who else wants to merge them waits."""
    while True:
        theirs = Person.objects.filter(pk__in=records_of(ids)).order_by("pk")
        records = {record.pk: record for record in theirs.select_for_update(of=("self",))}
        if set(records) == set(records_of(ids)):
            return records


def _may_merge(by: Actor, person: Person) -> bool:
    return by.may_at("person.merge", person.path, person.known_to_id)


def pairs_of(person_id: UUID, actor: Actor) -> list[PossibleDuplicate]:
    """The pairs that the actor may decide and nobody has, in which a record of this person stands, the likeliest first."""
    records = records_of([person_id])
    return list(
        PossibleDuplicate.objects.visible_to(actor)
        .undecided()
        .filter(Q(person__in=records) | Q(other__in=records))
        .order_by("-score", "id")
    )


@dataclass(frozen=True)
class Disclosed:
    """What whoever enters a case may be shown of a likely same person. Outside their areas: that a record exists, and where."""

    person_id: UUID | None  # None: may not be chosen
    name: str
    area: Area | None
    score: float
    reasons: tuple[str, ...]

    @property
    def percent(self) -> int:
        """The likeness in hundredths, never 100: the last word is a person's."""
        return min(99, round(self.score * 100))


def disclosed(actor: Actor, likenesses: Sequence[Likeness], most: int = 5) -> list[Disclosed]:
    """What the actor may be shown of each likely same person; each look leaves an event.

    Of somebody outside the actor's areas no name, no reason and no id is shown, and nothing at all unless the likeness
    is strong: otherwise anybody could try names and numbers and learn who is a case elsewhere.
    """
    likenesses = list(likenesses)[:most]
    prefetch_related_objects([likeness.person for likeness in likenesses], "area")
    ids_seen = [likeness.person.pk for likeness in likenesses]
    visible = set(Person.objects.visible_to(actor).filter(pk__in=ids_seen).values_list("pk", flat=True))
    shown: list[Disclosed] = []
    log = []
    for likeness in likenesses:
        person, match = likeness.person, likeness.match
        if person.pk in visible:
            words = tuple(_(matching.REASON_WORDS[reason.code]) for reason in match.reasons if reason.weight > 0)
            shown.append(Disclosed(person.pk, person.name, person.area, match.score, words))
        elif match.verdict in ("certain", "likely"):
            area = _county(person.area)
            where = area_name(area) if area else _("another area")
            words = (_("Enter it as a new person; whoever answers for both areas is asked."),)
            shown.append(
                Disclosed(None, _("A record exists in {area}; ask them").format(area=where), area, match.score, words)
            )
        else:
            continue
        log.append(
            events.made(
                "person.offered",
                actor,
                subject=("person", person.pk),
                path=person.path,
                details={"shown": "name" if person.pk in visible else "area", "verdict": match.verdict},
            )
        )
    if log:
        with transaction.atomic():
            events.write(log)
    return shown


def _county(area: Area | None) -> Area | None:
    while area is not None and area.parent_id and area.level in (Level.TOWNSHIP, Level.VILLAGE, Level.GRID):
        area = area.parent
    return area
