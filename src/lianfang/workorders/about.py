"""What a work order is about, named and linked.

Each part declares the subjects it knows in its ``subjects.py``: ``SUBJECTS = {"case": Subject(_("case"), cases)}``, where
``cases(actor, ids)`` gives of each id its name and the address of its page, as far as the actor may know them. What a part
leaves out is shown by the word for its kind alone. Where the platform has more to say than the kind does, the order keeps it
as values, ``told``, and the part's ``words`` put it in the language of whoever reads.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

from django.apps import apps

from lianfang.kernel.access import Actor

from .models import WorkOrder

Named = Mapping[UUID, tuple[str, str]]  # id: (name, address of its page or "")


@dataclass(frozen=True)
class Subject:
    """A kind of subject: its word, and how some of them are named for an actor, in one query or two for any number."""

    label: Any
    named: Callable[[Actor, Collection[UUID]], Named]
    words: Callable[[WorkOrder], str] | None = None


@dataclass(frozen=True)
class About:
    """What one order is about, for a reader."""

    label: str
    name: str = ""
    link: str = ""


@cache
def subjects() -> dict[str, Subject]:
    """Every kind of subject that a part declares."""
    found: dict[str, Subject] = {}
    for config in apps.get_app_configs():
        if config.name.startswith("lianfang."):
            try:
                found.update(import_module(f"{config.name}.subjects").SUBJECTS)
            except ModuleNotFoundError as missing:
                if missing.name != f"{config.name}.subjects":
                    raise
    return found


def about(actor: Actor, orders: Iterable[WorkOrder]) -> dict[UUID, About]:
    """Of each order what it is about. As many queries as there are kinds of subject."""
    by_kind: dict[str, list[WorkOrder]] = defaultdict(list)
    for order in orders:
        by_kind[order.subject_kind].append(order)
    found: dict[UUID, About] = {}
    for kind, some in by_kind.items():
        subject = subjects().get(kind)
        names = subject.named(actor, {order.subject_id for order in some}) if subject else {}
        label = str(subject.label) if subject else kind
        found.update((order.pk, About(label, *names.get(order.subject_id, ("", "")))) for order in some)
    return found


def note_of(order: WorkOrder) -> str:
    """What an order says to whoever does it, in the language in force: what the platform told, and what a person wrote."""
    subject = subjects().get(order.subject_kind)
    told = subject.words(order) if subject and subject.words and order.told else ""
    return "\n".join(filter(None, (told, order.note)))
