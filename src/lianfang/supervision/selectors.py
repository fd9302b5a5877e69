"""Reads of the record. Each starts from the areas over which the actor audits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from lianfang.kernel import audit, clock
from lianfang.kernel.access import Actor, under
from lianfang.kernel.models import Event, Seal, User
from lianfang.kernel.refusals import Refused, refuse
from lianfang.registry.models import Area, Person, Post
from lianfang.surveillance.models import Case, CaseVersion
from lianfang.surveillance.selectors import end_of
from lianfang.tracing.models import TransmissionLink
from lianfang.workorders.models import WorkOrder

from .words import COVERING, LOOKS

PAGE = 50
WIDE = 2  # codes in the path of a country or a province
Place = tuple[datetime, UUID]


@dataclass(frozen=True)
class AuditFilter:
    """What the record is narrowed to. ``kind`` is an event kind, or "looks" or "deeds" for all of either."""

    user: str = ""
    kind: str = ""
    area: str = ""
    first: date | None = None
    last: date | None = None


def recorded(actor: Actor) -> QuerySet[Event]:
    """Events that the actor may audit: those in its areas, and those without a place by whoever holds a post there.

    What nobody did nowhere (a failed sign-in under an unknown name) is seen by those who audit the whole country.
    """
    # Nearly every event lies in a wide area: there the newest are found by walking back in time, not by the index of
    # places, which the embedded database would otherwise read whole and sort. An expression keeps it from that index.
    rows = Event.objects.annotate(place=Concat("path", Value("")))
    if actor.system:
        return rows
    allowed = Q(pk__in=())
    for path in actor.paths("audit.read"):
        column = "place" if path.count("/") <= WIDE else "path"
        allowed |= under(column, path) | Q(**{column: ""}, by__in=_staff_under(path).values("user"))
        if path.count("/") == 1:
            allowed |= Q(**{column: ""}, by=None)
    return rows.filter(allowed)


def _staff_under(path: str) -> QuerySet[Post]:
    return Post.objects.filter(under("area__path", path) | under("organisation__path", path))


def entries(actor: Actor, wanted: AuditFilter) -> QuerySet[Event]:
    """Events that the actor may audit and the filter wants, newest first."""
    rows = recorded(actor)
    if wanted.user:
        named = User.objects.filter(Q(username__iexact=wanted.user) | Q(display_name__icontains=wanted.user))
        rows = rows.filter(by__in=list(named.values_list("pk", flat=True)[:500]))
    if wanted.kind == "looks":
        rows = rows.filter(kind__in=LOOKS)
    elif wanted.kind == "deeds":
        rows = rows.exclude(kind__in=LOOKS)
    elif wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.area:
        inside = Q(pk__in=())
        for path in areas_called(wanted.area):
            inside |= under("path", path)
        rows = rows.filter(inside)
    if wanted.first:
        rows = rows.filter(at__gt=end_of(wanted.first - timedelta(days=1)))
    if wanted.last:
        rows = rows.filter(at__lte=end_of(wanted.last))
    return rows.order_by("-at", "-id")


def areas_called(text: str) -> list[str]:
    """Paths of the areas of this code or name. Raises Refused when there is none."""
    named = Area.objects.filter(Q(code=text) | Q(name=text) | Q(name_en__iexact=text))
    found = sorted(set(named.values_list("path", flat=True)))
    if not found:
        raise Refused(refuse("audit.no_such_area", "area", area=text))
    return found


def page_of(rows: QuerySet[Event], after: Place | None) -> tuple[list[Event], Place | None]:
    """One page of events, newest first, and the place where the next begins. Pages by key, so page 1000 costs as page 1."""
    if after:
        at, pk = after
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=pk), at__lte=at)
    found = list(rows.select_related("by")[: PAGE + 1])
    return found[:PAGE], (found[PAGE - 1].at, found[PAGE - 1].pk) if len(found) > PAGE else None


def write_place(place: Place | None) -> str | None:
    """A place in the record as text for a link; None stays None."""
    return f"{place[0].isoformat()}_{place[1]}" if place else None


def read_place(text: str) -> Place | None:
    """The place that a link names; None for no text. Raises Refused for text that is none."""
    if not text:
        return None
    at, _, pk = text.partition("_")
    try:
        return datetime.fromisoformat(at), UUID(pk)
    except ValueError:
        raise Refused(refuse("kernel.not_found", "after")) from None


def audited_case(actor: Actor, case_id: UUID) -> CaseVersion:
    """The version in force of a case of which the actor may audit something. Raises Refused."""
    version = CaseVersion.objects.filter(case_id=case_id, superseded_at=None).select_related("case", "area").first()
    if version is None or not recorded(actor).filter(subject_id=case_id).exists():
        raise Refused(refuse("kernel.not_found"))
    return version


def case_called(actor: Actor, text: str) -> UUID | None:
    """The case of this number, or of this number in its source, if the actor may audit something of it."""
    known = Case.objects.filter(Q(number=text.upper()) | Q(local_id=text)).values_list("pk", flat=True)[:50]
    seen = recorded(actor).filter(subject_id__in=list(known), subject_kind="case")
    return seen.values_list("subject_id", flat=True).first()


def of_case(actor: Actor, case: Case) -> QuerySet[Event]:
    """Everything done to a case and seen of it, newest first: the case, its person and those merged with it, the orders
    about it, its links, and the imports that brought it in."""
    subjects: set[Any] = {case.pk, *people_merged_with(case.person_id)}
    subjects.update(WorkOrder.objects.filter(subject_id=case.pk).values_list("pk", flat=True))
    subjects.update(TransmissionLink.objects.filter(Q(infector=case) | Q(infectee=case)).values_list("pk", flat=True))
    for details in Event.objects.filter(subject_id=case.pk, kind="case.notified").values_list("details", flat=True):
        if brought_by := details.get("import"):
            subjects.add(UUID(brought_by))
    return recorded(actor).filter(subject_id__in=subjects).order_by("-at", "-id")


def people_merged_with(person_id: UUID) -> set[UUID]:
    """The records that are, or ever were, one person with this one."""
    found, frontier = {person_id}, {person_id}
    while frontier:
        merges = Event.objects.filter(subject_id__in=frontier, kind__in=("person.merged", "person.unmerged"))
        others = {
            UUID(other)
            for details in merges.values_list("details", flat=True)
            for named in (details.get("merged"), details.get("other"))
            for other in (named if isinstance(named, list) else [named] if named else [])
        }
        kept = Person.objects.filter(pk__in=frontier).values_list("merged_into", flat=True)
        others.update(pk for pk in kept if pk is not None)
        frontier = others - found
        found |= others
    return found


def lists_over(actor: Actor, version: CaseVersion) -> QuerySet[Event]:
    """Searches that found a case, and lists and exports over its area since it was written, newest first.

    A list may have shown it: what exactly it held depended on its filter and its page.
    """
    above = _ancestors(version.path) | _ancestors(version.report_path)
    there = Q(area__path__in=above)
    if version.organisation_id:
        there |= Q(organisation=version.organisation_id)
    held = Post.objects.filter(there)
    covering = Q(path__in=above) | Q(path="", by__in=held.values("user"))
    found = Q(kind="case.searched", told__contains=str(version.case_id))
    rows = recorded(actor).annotate(told=Cast("details", TextField())).filter(at__gte=version.case.recorded_at)
    return rows.filter(found | covering & Q(kind__in=COVERING)).order_by("-at", "-id")


def _ancestors(path: str) -> set[str]:
    codes = path.split("/")[:-1]
    return {"/".join(codes[:depth]) + "/" for depth in range(1, len(codes) + 1)}


def audited_user(actor: Actor, user_id: int) -> User:
    """An account of whose doing the actor may audit something. Raises Refused."""
    user = User.objects.filter(pk=user_id).first()
    if user is None or not of_user(actor, user).exists():
        raise Refused(refuse("kernel.not_found"))
    return user


def of_user(actor: Actor, user: User) -> QuerySet[Event]:
    """What an account did and saw, and what was done to it, newest first."""
    about = Q(subject_kind="account", subject_id=user.subject_id)
    return recorded(actor).filter(Q(by=user) | about).order_by("-at", "-id")


@dataclass(frozen=True)
class Chain:
    """Where the chain stands: its last seal, and the events that wait for the next."""

    seal: Seal | None
    seals: int
    unsealed: int
    oldest_unsealed: datetime | None

    @property
    def waits_long(self) -> bool:
        """Whether an event has waited longer than sealing takes: the periodic jobs do not run."""
        return self.oldest_unsealed is not None and clock.now() - self.oldest_unsealed > audit.GRACE


def chain() -> Chain:
    """The state of the chain over the events of the whole installation."""
    unsealed = Event.objects.filter(seal=None)
    return Chain(
        seal=Seal.objects.defer("entries").order_by("-pk").first(),
        seals=Seal.objects.count(),
        unsealed=unsealed.count(),
        oldest_unsealed=unsealed.order_by("pk").values_list("at", flat=True).first(),
    )


def findings_for(actor: Actor, findings: Iterable[dict[str, str]]) -> tuple[list[dict[str, str]], int]:
    """The findings that concern the actor's areas or nobody's, and how many others there are."""
    everything = list(findings)
    shown = [entry for entry in everything if not entry["path"] or actor.may_at("audit.read", entry["path"])]
    return shown, len(everything) - len(shown)
