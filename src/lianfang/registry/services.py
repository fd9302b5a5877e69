"""Writing people down, finding the likely same person, merging and unmerging."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from lianfang.kernel import clock, events, ids
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse
from lianfang.kernel.sealing import keyring

from . import matching
from .models import Area, Person, PersonKey, PossibleDuplicate

MOST_CANDIDATES = 200  # a key shared by more people than this tells nobody apart


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
    person = Person(
        id=details.id,
        name=details.name,
        id_number=details.id_number,
        phone=details.phone,
        address=details.address,
        parent_name=details.parent_name,
        sex=details.sex,
        birth_date=details.birth_date,
        area=details.area,
        path=details.area.path if details.area else "",
        known_to_id=details.organisation_id,
        created_at=clock.now(),
    )
    return person, [PersonKey(person=person, kind=kind, digest=digest) for kind, digest in keys_of(details)]


def as_matched(details: PersonDetails) -> matching.Person:
    """The description as the matching rules see it."""
    path = details.area.path.split("/") if details.area else []
    return matching.Person(
        name=details.name,
        id_number=details.id_number,
        phone=details.phone,
        sex=details.sex,
        birth_date=details.birth_date,
        birth_year=details.birth_year,
        county=path[3] if len(path) > 4 else "",
        township=path[4] if len(path) > 5 else "",
        parent_name=details.parent_name,
    )


def details_of(person: Person) -> PersonDetails:
    """The description of a person already written down; opens the sealed fields."""
    return PersonDetails(
        name=person.name,
        id_number=person.id_number,
        phone=person.phone,
        address=person.address,
        parent_name=person.parent_name,
        sex=person.sex,
        birth_date=person.birth_date,
        area=person.area,
        id=person.pk,
    )


def keys_of(details: PersonDetails) -> list[tuple[str, bytes]]:
    """Blind digests under which a person is found: (kind, digest)."""
    ring = keyring()
    return [(kind, ring.blind(kind, text)) for kind, text in matching.blocking_keys(as_matched(details))]


def likely_same(described: Sequence[PersonDetails]) -> dict[UUID, list[Likeness]]:
    """For each description the people already known who may be the same, likeliest first. Two queries for any number.

    Looks across the whole registry, whatever the caller may see: whoever shows a likeness decides what to disclose.
    """
    digests: dict[bytes, list[UUID]] = defaultdict(list)
    for details in described:
        for _, digest in keys_of(details):
            digests[digest].append(details.id)
    found: dict[UUID, set[UUID]] = defaultdict(set)
    wanted = list(digests)
    for start in range(0, len(wanted), 900):
        rows = PersonKey.objects.filter(digest__in=wanted[start : start + 900]).values_list("digest", "person_id")
        by_digest: dict[bytes, list[UUID]] = defaultdict(list)
        for shared, person_id in rows:
            by_digest[bytes(shared)].append(person_id)
        for digest, sharing in by_digest.items():
            if len(sharing) <= MOST_CANDIDATES:
                for details_id in digests[digest]:
                    found[details_id].update(sharing)
    everyone = list({pk for people in found.values() for pk in people})
    known: dict[UUID, Person] = {}
    for start in range(0, len(everyone), 900):
        batch = Person.objects.filter(pk__in=everyone[start : start + 900], merged_into=None).select_related("area")
        known.update((person.pk, person) for person in batch)
    by_id = {details.id: details for details in described}
    result: dict[UUID, list[Likeness]] = {}
    for details_id, people in found.items():
        described_as = as_matched(by_id[details_id])
        likenesses = [
            Likeness(known[pk], matching.score(described_as, as_matched(details_of(known[pk]))))
            for pk in people
            if pk in known and pk != details_id
        ]
        likenesses = [likeness for likeness in likenesses if likeness.match.verdict != "unlikely"]
        if likenesses:
            result[details_id] = sorted(likenesses, key=lambda likeness: -likeness.match.score)
    return result


def offered(person: Person, likenesses: Iterable[Likeness], most: int = 3) -> list[PossibleDuplicate]:
    """The pairs to lay before somebody for a decision, ready to be written."""
    return [
        PossibleDuplicate(
            person=person,
            other=likeness.person,
            path=person.path,
            score=likeness.match.score,
            verdict=likeness.match.verdict,
            reasons=[{"code": reason.code, "weight": round(reason.weight, 2)} for reason in likeness.match.reasons],
            found_at=clock.now(),
        )
        for likeness in list(likenesses)[:most]
    ]


def merge(keep_id: UUID, merged_id: UUID, by: Actor) -> Person:
    """Say that two records are one person. The merged one stays as it is and points at the kept one, so it can be undone."""
    with transaction.atomic():
        people = {
            person.pk: person for person in Person.objects.select_for_update().filter(pk__in=[keep_id, merged_id])
        }
        keep, merged = people.get(keep_id), people.get(merged_id)
        if keep is None or merged is None or not all(_may_merge(by, person) for person in people.values()):
            raise Refused(refuse("kernel.not_found"))
        if keep.pk == merged.pk:
            raise Refused(refuse("person.merge_with_itself"))
        if merged.merged_into_id or keep.merged_into_id:
            raise Refused(refuse("person.already_merged"))
        merged.merged_into = keep
        merged.save(update_fields=["merged_into"])
        now = clock.now()
        PossibleDuplicate.objects.filter(
            Q(person=keep, other=merged) | Q(person=merged, other=keep), decision=""
        ).update(decision="same", decided_at=now, decided_by=by.user_id)
        events.record(
            "person.merged", by, subject=("person", keep.pk), path=keep.path, details={"merged": str(merged.pk)}
        )
    return keep


def unmerge(merged_id: UUID, by: Actor) -> Person:
    """Take a merge back. The record stands on its own again, with everything that was ever said of it."""
    with transaction.atomic():
        merged = Person.objects.select_for_update().filter(pk=merged_id).first()
        if merged is None or not _may_merge(by, merged):
            raise Refused(refuse("kernel.not_found"))
        if merged.merged_into_id is None:
            raise Refused(refuse("person.not_merged"))
        kept_id = merged.merged_into_id
        merged.merged_into = None
        merged.save(update_fields=["merged_into"])
        PossibleDuplicate.objects.filter(
            Q(person=kept_id, other=merged) | Q(person=merged, other=kept_id), decision="same"
        ).update(decision="", decided_at=None, decided_by=None)
        events.record(
            "person.unmerged", by, subject=("person", kept_id), path=merged.path, details={"unmerged": str(merged.pk)}
        )
    return merged


def decide_different(pair_id: UUID, by: Actor) -> PossibleDuplicate:
    """Say that a pair is two people; it is not offered again."""
    with transaction.atomic():
        pair = PossibleDuplicate.objects.select_for_update().filter(pk=pair_id).first()
        if pair is None or not by.may_at("person.merge", pair.path):
            raise Refused(refuse("kernel.not_found"))
        if pair.decision:
            raise Refused(refuse("person.already_decided"))
        pair.decision, pair.decided_at, pair.decided_by_id = "different", clock.now(), by.user_id
        pair.save()
        events.record(
            "person.told_apart",
            by,
            subject=("person", pair.person_id),
            path=pair.path,
            details={"other": str(pair.other_id)},
        )
    return pair


def _may_merge(by: Actor, person: Person) -> bool:
    return by.may_at("person.merge", person.path, person.known_to_id)
