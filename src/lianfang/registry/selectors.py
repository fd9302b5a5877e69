"""Reads of areas, posts and people, each starting from what the reader may see."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.translation import get_language

from lianfang.kernel import clock
from lianfang.kernel.access import NOBODY, ROLES, Actor, Grant, under
from lianfang.kernel.models import User
from lianfang.kernel.sealing import keyring

from .matching import exact_keys
from .models import Area, Organisation, Person, PossibleDuplicate, Post


def actor_for(user: User, channel: str = "web") -> Actor:
    """The user as an actor, with the posts held today. A user without posts may do nothing."""
    if not user.is_active:
        return NOBODY
    today = clock.today()
    posts = Post.objects.filter(
        Q(starts_on=None) | Q(starts_on__lte=today), Q(ends_on=None) | Q(ends_on__gt=today), user=user
    ).values_list("role", "area__path", "organisation_id")
    grants = tuple(Grant(*post) for post in posts if post[0] in ROLES)
    return Actor(user.pk, user.display_name, grants, channel=channel)


def chosen_area(code: str, day: date) -> Area | None:
    """The area of a code on a day, or the latest one that ever had it."""
    return Area.objects.valid_on(day).filter(code=code).first() or (
        Area.objects.filter(code=code).order_by("-valid_from").first()
    )


def top_area(actor: Actor, permission: str) -> Area | None:
    """The highest area over which a post of the actor allows this."""
    paths = sorted(actor.paths(permission), key=len)
    if actor.system:
        return Area.objects.filter(parent=None).first()
    return Area.objects.filter(path=paths[0]).order_by("-valid_from").first() if paths else None


def designated_around(path: str, disease: str, day: date) -> list[Organisation]:
    """Who is designated to receive patients of a disease in the smallest area around a place that has anybody designated,
    those designated longest first. Empty where nobody is, up to the whole province."""
    steps = path.rstrip("/").split("/")
    for length in range(len(steps), 1, -1):
        around = Organisation.objects.designated_on(day).filter(under("path", "/".join(steps[:length]) + "/"))
        in_order = around.order_by(F("designated_from").asc(nulls_first=True), "pk")
        if found := [row for row in in_order if row.receives(disease)]:
            return found
    return []


def area_name(area: Area) -> str:
    """An area's name in the language in force; the Chinese name where no other is known."""
    return area.name if (get_language() or "").startswith("zh") else area.name_en or area.name


def people_called(actor: Actor, text: str) -> list[UUID]:
    """Records with exactly this name, ID number or phone and the other records of the same people, as far as the actor
    may identify them."""
    ring = keyring()
    digests = [digest for kind, norm in exact_keys(text) for digest in ring.blinds(kind, norm)]
    if not digests or not actor.may("case.identify"):
        return []
    people = Person.objects.visible_to(actor).filter(keys__digest__in=digests)
    found = records_of(people.values_list("pk", flat=True).distinct()[:200])
    return list(Person.objects.visible_to(actor).filter(pk__in=found).values_list("pk", flat=True))


def records_of(person_ids: Iterable[UUID]) -> list[UUID]:
    """All records of the people to whom these records belong, whoever may see them."""
    belonging = Person.objects.filter(pk__in=list(person_ids)).values_list("pk", "merged_into_id")
    roots = {merged_into or pk for pk, merged_into in belonging}
    return [*roots, *Person.objects.filter(merged_into__in=roots).values_list("pk", flat=True)]


def possible_duplicates(actor: Actor, *, decided: bool | None = False) -> QuerySet[PossibleDuplicate]:
    """Pairs that may be one person, of which the actor may merge both. None for decided and undecided alike."""
    pairs = PossibleDuplicate.objects.visible_to(actor)
    if decided is not None:
        pairs = pairs.exclude(decision="") if decided else pairs.undecided()
    return pairs.select_related("person__area", "other__area", "decided_by").order_by("-score", "id")
