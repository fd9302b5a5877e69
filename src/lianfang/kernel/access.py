"""Who may do what, where.

A person acts through posts: a role held over an area and everything below it, or in one organisation. The permissions
of each role are the table ``ROLES``; the manual's permission matrix is printed from it. Reads start from ``in_scope``:
a query that begins with what the reader may see cannot leak by forgetting a check further up.
"""

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

PERMISSIONS: dict[str, Any] = {
    "area.read": _("see areas and organisations"),
    "case.read": _("see cases, names masked"),
    "case.identify": _("see who a case is: name, ID number, phone, address"),
    "case.notify": _("notify a case"),
    "case.update": _("add results, course and corrections to a case"),
    "case.review": _("review a notification"),
    "case.investigate": _("record a case investigation"),
    "case.export": _("export the case list"),
    "person.merge": _("merge and unmerge persons"),
    "import.run": _("import a line list"),
    "link.read": _("see transmission links"),
    "contact.read": _("see contacts, names masked"),
    "contact.identify": _("see who a contact is and how to reach them"),
    "contact.trace": _("enter contacts, exposures and visits, and record calls"),
    "site.manage": _("keep the lists of organisations and sites"),
    "stay.read": _("see stays under observation, names masked"),
    "stay.identify": _("see who is under observation and how to reach them"),
    "stay.manage": _("begin, move and end stays under observation, and hand out personal links"),
    "checkin.record": _("record check-ins"),
    "need.answer": _("answer needs"),
    "order.read": _("see work orders"),
    "order.do": _("accept and do work orders"),
    "order.raise": _("raise work orders by hand and plan rounds"),
    "order.assign": _("assign work orders, hand them over and verify what was done"),
    "situation.read": _("see the situation: counts, never names"),
    "source.keep": _("keep the counts of other sources"),
    "bulletin.prepare": _("prepare bulletin figures"),
    "bulletin.sign": _("sign bulletin figures"),
    "bulletin.publish": _("publish a bulletin"),
    "audit.read": _("see who did and saw what"),
    "account.manage": _("manage accounts and posts"),
}

_EPIDEMIOLOGIST = {
    "area.read", "case.read", "case.identify", "case.notify", "case.update", "case.review", "case.investigate",
    "case.export", "person.merge", "import.run", "link.read", "contact.read", "contact.identify", "contact.trace",
    "site.manage", "stay.read", "stay.identify", "stay.manage", "checkin.record", "need.answer", "order.read",
    "order.do", "order.raise", "order.assign", "situation.read", "source.keep", "bulletin.prepare",
}  # fmt: skip

ROLES: dict[str, tuple[Any, frozenset[str]]] = {
    "epidemiologist": (_("epidemiologist"), frozenset(_EPIDEMIOLOGIST)),
    "clinician": (
        _("clinician"),
        frozenset({"area.read", "case.read", "case.identify", "case.notify", "case.update", "order.read", "order.do"}),
    ),
    "site_coordinator": (
        _("coordinator of an isolation site"),
        frozenset(
            {
                "area.read",
                "stay.read",
                "stay.identify",
                "stay.manage",
                "checkin.record",
                "need.answer",
                "order.read",
                "order.do",
                "order.raise",
                "order.assign",
            }
        ),
    ),
    "grid_worker": (
        _("grid worker"),
        frozenset(
            {"area.read", "stay.read", "stay.identify", "checkin.record", "need.answer", "order.read", "order.do"}
        ),
    ),
    "crew": (_("service crew"), frozenset({"area.read", "order.read", "order.do"})),
    "supervisor": (
        _("supervisor"),
        frozenset(
            {"area.read", "order.read", "order.raise", "order.assign", "stay.read", "contact.read", "situation.read"}
        ),
    ),
    "situation_officer": (
        _("situation room officer"),
        frozenset(
            {"area.read", "situation.read", "case.read", "link.read", "order.read", "source.keep", "bulletin.prepare"}
        ),
    ),
    "signatory": (_("signatory"), frozenset({"area.read", "situation.read", "bulletin.sign"})),
    "publisher": (_("publisher"), frozenset({"area.read", "situation.read", "bulletin.publish"})),
    "auditor": (_("auditor"), frozenset({"area.read", "situation.read", "order.read", "audit.read"})),
    "administrator": (_("administrator"), frozenset({"area.read", "account.manage", "site.manage"})),
}


@dataclass(frozen=True)
class Grant:
    """One post as access sees it: a role over an area's subtree (``path`` ends in "/"), or in one organisation."""

    role: str
    path: str | None = None
    organisation_id: UUID | None = None

    def __post_init__(self) -> None:
        if (self.path is None) == (self.organisation_id is None):
            raise ValueError("a grant is over an area or in an organisation, one of the two")
        if self.path is not None and not self.path.endswith("/"):
            raise ValueError("an area path ends in a slash")

    def allows(self, permission: str) -> bool:
        return permission in ROLES[self.role][1]


@dataclass(frozen=True)
class Actor:
    """Whoever acts: a user with the posts held at this moment, or the platform itself (``system``), which may do all."""

    user_id: int | None
    name: str
    grants: tuple[Grant, ...] = ()
    system: bool = False
    channel: str = "web"

    def may(self, permission: str) -> bool:
        """Whether some post allows this somewhere. Refuses by default; an unknown permission is a programming error."""
        if permission not in PERMISSIONS:
            raise KeyError(permission)
        return self.system or any(grant.allows(permission) for grant in self.grants)

    def may_at(self, permission: str, path: str, organisation_id: UUID | None = None) -> bool:
        """Whether some post allows this at that place, or in that organisation."""
        if permission not in PERMISSIONS:
            raise KeyError(permission)
        if self.system:
            return True
        for grant in self.grants:
            if not grant.allows(permission):
                continue
            if grant.path is not None and path.startswith(grant.path):
                return True
            if organisation_id is not None and grant.organisation_id == organisation_id:
                return True
        return False

    def paths(self, permission: str) -> tuple[str, ...]:
        """The area subtrees over which a post allows this."""
        return tuple(grant.path for grant in self.grants if grant.path is not None and grant.allows(permission))

    def organisations(self, permission: str) -> tuple[UUID, ...]:
        """The organisations in which a post allows this."""
        return tuple(
            grant.organisation_id
            for grant in self.grants
            if grant.organisation_id is not None and grant.allows(permission)
        )


Rows = TypeVar("Rows", bound=QuerySet[Any])

SYSTEM = Actor(user_id=None, name="system", system=True, channel="system")
NOBODY = Actor(user_id=None, name="nobody")


def under(field: str, path: str) -> Q:
    """Rows whose area path lies in the subtree of ``path``: a half-open range, which an index answers."""
    return Q(**{f"{field}__gte": path, f"{field}__lt": path[:-1] + "0"})  # "0" follows "/" in byte order


def in_scope(
    rows: Rows, actor: Actor, permission: str, *, areas: tuple[str, ...], organisation: str | None = None
) -> Rows:
    """The rows that lie in one of the actor's areas (by any of the path fields) or belong to one of its organisations."""
    if actor.system:
        return rows
    allowed = Q(pk__in=())
    for path in actor.paths(permission):
        for field in areas:
            allowed |= under(field, path)
    if organisation and (held := actor.organisations(permission)):
        allowed |= Q(**{f"{organisation}__in": held})
    return rows.filter(allowed)
