"""Work orders as pure decisions: the kinds, the states, and how much time is left."""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from lianfang.kernel.refusals import Phrase as _
from lianfang.kernel.workflow import Move, State, Workflow

WORKFLOW = Workflow(
    name="work order",
    initial="open",
    states=(
        State("open", _("open")),
        State("accepted", _("accepted")),
        State("done", _("done"), final=True),
        State("cancelled", _("no longer needed"), final=True),
    ),
    moves=(
        Move("accept", _("Accept"), ("open",), "accepted", "order.do", "order.accepted"),
        Move("give_back", _("Give back"), ("accepted",), "open", "order.do", "order.given_back"),
        Move("complete", _("Done"), ("open", "accepted"), "done", "order.do", "order.done"),
        Move("cancel", _("No longer needed"), ("open", "accepted"), "cancelled", "order.do", "order.cancelled"),
    ),
)


@dataclass(frozen=True)
class Kind:
    """One kind of work order: its words, what it is about, its limit, and the permission that lets somebody do it."""

    code: str
    label: dict[str, str]
    subject: str
    limit: timedelta
    permission: str
    deadline: str = ""  # name of the edition's deadline that overrides the limit


class HalfRight(ValueError):
    """A kind in the file is not whole; the message names the file, the kind and the remedy."""


def read_kinds(path: Path) -> dict[str, Kind]:
    """All kinds of a file. Raises HalfRight naming everything that is wrong."""
    problems, kinds = [], {}
    for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        wrong = sorted(entry.keys() - {"label", "subject", "deadline", "minutes", "permission"})
        missing = sorted({"label", "subject", "minutes", "permission"} - entry.keys())
        if wrong:
            problems.append(f"[{code}] has keys nobody reads: {', '.join(wrong)}; remove them")
        if missing:
            problems.append(f"[{code}] lacks {', '.join(missing)}; add them")
        if not missing and not {"zh", "en"} <= entry["label"].keys():
            problems.append(f"[{code}] needs its label in zh and en")
        if not missing:
            kinds[code] = Kind(
                code,
                entry["label"],
                entry["subject"],
                timedelta(minutes=entry["minutes"]),
                entry["permission"],
                entry.get("deadline", ""),
            )
    if problems:
        raise HalfRight(f"{path.name}: " + "; ".join(problems))
    return kinds


def time_left(due_at: datetime, now: datetime, closed_at: datetime | None = None) -> timedelta:
    """Time until the deadline; negative when it has passed. For a closed order, what was left when it was closed."""
    return due_at - (closed_at or now)


def late(order: Any, now: datetime) -> bool:
    """Whether an order is overdue, or was closed after its deadline."""
    return time_left(order.due_at, now, order.closed_at) < timedelta(0)


@cache
def kinds() -> dict[str, Kind]:
    """The kinds that this installation knows."""
    from lianfang.definitions.editions import definitions_dir

    return read_kinds(definitions_dir() / "workorder_kinds.toml")
