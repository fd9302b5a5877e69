"""State machines as tables: statuses, moves, who may make them, the event each leaves, the guard.

The diagram in the manual is drawn from the same table, and a test checks that every state is reachable and left or final.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .refusals import Phrase, Refusal, refuse


@dataclass(frozen=True)
class State:
    """A status a record can be in. ``label`` is translated when shown; a ``final`` state is never left."""

    name: str
    label: Phrase
    final: bool = False


@dataclass(frozen=True)
class Move:
    """A step from one of several states to another. ``guard(record) -> Refusal | None`` is asked last."""

    name: str
    label: Phrase
    sources: tuple[str, ...]
    target: str
    permission: str
    event: str
    guard: Callable[[Any], Refusal | None] | None = None


@dataclass(frozen=True)
class Workflow:
    """A table of states and moves. Raises ValueError when the table contradicts itself."""

    name: str
    states: tuple[State, ...]
    initial: str
    moves: tuple[Move, ...]

    def __post_init__(self) -> None:
        names = [state.name for state in self.states]
        known = set(names)
        if len(known) != len(names):
            raise ValueError(f"{self.name}: a state is listed twice")
        if self.initial not in known:
            raise ValueError(f"{self.name}: initial state {self.initial} is not listed")
        final = {state.name for state in self.states if state.final}
        for move in self.moves:
            if unknown := ({*move.sources, move.target} - known):
                raise ValueError(f"{self.name}.{move.name}: unknown states {sorted(unknown)}")
            if left := final & set(move.sources):
                raise ValueError(f"{self.name}.{move.name}: leaves final states {sorted(left)}")
        if unreachable := known - self.reachable():
            raise ValueError(f"{self.name}: states never reached {sorted(unreachable)}")
        left_by_a_move = {source for move in self.moves for source in move.sources}
        if stuck := known - final - left_by_a_move:
            raise ValueError(f"{self.name}: states neither left nor final {sorted(stuck)}")

    def reachable(self) -> set[str]:
        """Every state that some sequence of moves leads to from the initial one."""
        seen, frontier = {self.initial}, [self.initial]
        while frontier:
            here = frontier.pop()
            for move in self.moves:
                if here in move.sources and move.target not in seen:
                    seen.add(move.target)
                    frontier.append(move.target)
        return seen

    def move(self, name: str) -> Move:
        """The move of that name. Raises KeyError."""
        for move in self.moves:
            if move.name == name:
                return move
        raise KeyError(name)

    def label(self, state: str) -> Phrase:
        """The words of a state."""
        return next(entry.label for entry in self.states if entry.name == state)

    def refusal(self, name: str, record: Any, *, status: str, permitted: bool) -> Refusal | None:
        """Why this move may not be made now, or None."""
        move = self.move(name)
        if not permitted:
            return refuse("kernel.not_permitted", permission=move.permission)
        if status not in move.sources:
            return refuse("kernel.wrong_state", move=move.label, state=self.label(status))
        return move.guard(record) if move.guard else None

    def open_moves(
        self, record: Any, *, status: str, may: Callable[[str], bool]
    ) -> Iterable[tuple[Move, Refusal | None]]:
        """The moves that leave this state, each with the refusal that would meet it now, or None."""
        for move in self.moves:
            if status in move.sources:
                yield move, self.refusal(move.name, record, status=status, permitted=may(move.permission))
