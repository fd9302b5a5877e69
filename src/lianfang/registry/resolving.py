"""The areas of the registry by name and code, held in memory and refreshed when areas were loaded."""

from dataclasses import dataclass
from datetime import date
from threading import Lock
from uuid import UUID

from lianfang.kernel.models import Event

from .gazetteer import Ambiguous, Candidate, Gazetteer, NotFound, Place, Resolved
from .models import Area

AREAS = UUID("6b0e6c1c-7d0b-5f0a-9d0e-2260002260aa")  # the subject under which every load of areas is recorded


@dataclass(frozen=True)
class FoundArea:
    """The area that a text means on a day; or those it may mean; or none, with those that look alike."""

    area: Area | None = None
    candidates: tuple[Candidate, ...] = ()
    unread: tuple[str, ...] = ()
    suggestions: tuple[Candidate, ...] = ()


_held: tuple[UUID, Gazetteer] | None = None
_lock = Lock()


def gazetteer() -> Gazetteer:
    """Every area by name and code. Read once per process and again after a load, wherever the load ran."""
    global _held
    loaded = Event.objects.filter(subject_id=AREAS).order_by("-at").values_list("pk", flat=True).first()
    if _held is not None and loaded is not None and _held[0] == loaded:
        return _held[1]
    with _lock:
        if _held is None or loaded is None or _held[0] != loaded:
            fields = ("pk", "code", "name", "name_en", "level", "path", "valid_from", "valid_until")
            made = Gazetteer(Place(*row) for row in Area.objects.values_list(*fields).order_by("code", "valid_from"))
            if loaded is None:
                return made
            _held = (loaded, made)
        return _held[1]


def import_resolver() -> Gazetteer:
    """What the import asks for the code of a place."""
    return gazetteer()


def resolve_area(text: str, day: date) -> FoundArea:
    """The area that a person typed: a code, or names in Chinese, English or pinyin, with or without the higher areas."""
    known = gazetteer()
    match known.read(text, day):
        case Resolved(code=code, unread=unread):
            area = Area.objects.valid_on(day).filter(code=code).select_related("parent").first()
            return FoundArea(area, unread=unread)
        case Ambiguous(candidates=candidates):
            return FoundArea(candidates=candidates)
        case NotFound(suggestions=suggestions):
            return FoundArea(suggestions=suggestions)
