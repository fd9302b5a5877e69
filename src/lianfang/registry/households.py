"""Who lives behind one door: as a list numbers its households, or as somebody who asked the family enters it."""

import hashlib
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction

from lianfang.kernel import events
from lianfang.kernel.access import Actor
from lianfang.kernel.refusals import Refused, refuse

from .models import Household, Person


def list_key(desk: str, source: str, number: str) -> bytes:
    """By which a household is known again: its number in the list of a source that a desk keeps."""
    return hashlib.blake2b(f"{desk}\x1f{source}\x1f{number}".encode(), digest_size=16).digest()


def settle(people: Collection[Person], keys: Mapping[UUID, bytes]) -> None:
    """Put people just written into the households that their list tells: {person: key}. In the caller's transaction."""
    known = {bytes(row.list_key or b""): row for row in Household.objects.filter(list_key__in=set(keys.values()))}
    fresh: dict[bytes, Household] = {}
    for person in people:
        key = keys[person.pk]
        if key not in known and person.area is not None:
            known[key] = fresh[key] = Household(
                area=person.area, path=person.path, address=person.address, list_key=key
            )
    Household.objects.bulk_create(fresh.values(), batch_size=500)
    living = [person for person in people if keys[person.pk] in known]
    for person in living:
        person.household = known[keys[person.pk]]
    Person.objects.bulk_update(living, ["household"], batch_size=500)


def members(person: Person, actor: Actor) -> list[Person]:
    """Who else lives with somebody, as far as the actor may know who they are."""
    household = person.stands_under.household_id or person.household_id
    if household is None:
        return []
    others = Person.objects.visible_to(actor).filter(household=household, merged_into=None)
    return list(others.exclude(pk=person.stands_under_id).order_by("created_at", "id"))


def live_together(person_id: UUID, other_id: UUID, by: Actor) -> Household:
    """Enter that somebody lives with another; the first moves into the other's household. Raises Refused.

    The caller has made sure that the actor may change what is known of the first.
    """
    with transaction.atomic():
        person, other = _locked(person_id, by), _locked(other_id, by)
        if person.pk == other.pk:
            raise Refused(refuse("household.with_oneself"))
        if person.household_id and person.household_id == other.household_id:
            raise Refused(refuse("household.already_together"))
        household = other.household
        if household is None:
            place = other.area or person.area
            if place is None:
                raise Refused(refuse("kernel.not_found"))
            household = Household.objects.create(area=place, path=place.path, address=other.address)
            _move(other, household, by)
        _move(person, household, by)
    return household


def move_out(person_id: UUID, by: Actor) -> None:
    """Enter that somebody does not live there. Raises Refused. Asks of the caller what ``live_together`` asks."""
    with transaction.atomic():
        person = _locked(person_id, by)
        if person.household_id is None:
            raise Refused(refuse("household.none"))
        before, person.household = person.household_id, None
        person.save(update_fields=["household"])
        events.record(
            "person.moved_out", by, subject=("person", person.pk), path=person.path, details={"household": str(before)}
        )


def _locked(person_id: UUID, by: Actor) -> Person:
    """The record that stands for a person whom the actor may know."""
    root = Person.objects.filter(pk=person_id).values_list("merged_into_id", flat=True).first() or person_id
    rows = Person.objects.visible_to(by).select_for_update(of=("self",)).select_related("household", "area")
    found = rows.filter(pk=root).first()
    if found is None:
        raise Refused(refuse("kernel.not_found"))
    return found


def _move(person: Person, household: Household, by: Actor) -> None:
    person.household = household
    person.save(update_fields=["household"])
    details = {"household": str(household.pk)}
    events.record("person.moved_in", by, subject=("person", person.pk), path=person.path, details=details)
