"""The official order of the daily bulletin, what its figures must fulfil, and how it comes to be published. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from lianfang.kernel.refusals import Phrase as _
from lianfang.kernel.refusals import Refusal, refuse
from lianfang.kernel.workflow import Move, State, Workflow

NEW, TOTAL, NOW, HAND = "new", "total", "now", "hand"
BALANCED = ("confirmed", "discharged", "deaths")  # cumulative = before + new + correction
BY_PART = ("confirmed", "discharged")
OTHER = "other"  # the part that no named area below holds
REASON_LENGTH = 4


@dataclass(frozen=True)
class Figure:
    """One figure of the bulletin. ``kind``: of the day, cumulative, as it stands at 24:00, or entered by hand."""

    code: str
    label: _
    of: str
    kind: str

    @property
    def by_part(self) -> bool:
        """Whether it is also given for each area just below."""
        return self.of in BY_PART and self.kind in (NEW, TOTAL)


FIGURES: tuple[Figure, ...] = (
    Figure("new_confirmed", _("New confirmed"), "confirmed", NEW),
    Figure("new_severe", _("New severe"), "severe", NEW),
    Figure("new_discharged", _("New discharged"), "discharged", NEW),
    Figure("new_deaths", _("New deaths"), "deaths", NEW),
    Figure("new_suspected", _("New suspected"), "suspected", NEW),
    Figure("total_confirmed", _("Confirmed, cumulative"), "confirmed", TOTAL),
    Figure("severe", _("Severe now"), "severe", NOW),
    Figure("critical", _("of which critical"), "severe", NOW),
    Figure("total_discharged", _("Discharged, cumulative"), "discharged", TOTAL),
    Figure("total_deaths", _("Deaths, cumulative"), "deaths", TOTAL),
    Figure("suspected", _("Suspected now"), "suspected", NOW),
    Figure("contacts_tracked", _("Contacts tracked"), "contacts", HAND),
    Figure("contacts_released", _("Contacts released that day"), "contacts", HAND),
    Figure("contacts_released_total", _("Contacts released in total"), "contacts", HAND),
    Figure("contacts_observed", _("Contacts still under observation"), "contacts", HAND),
)
COUNTED = tuple(figure for figure in FIGURES if figure.kind != HAND)
BY_HAND = tuple(figure for figure in FIGURES if figure.kind == HAND)
PART_FIGURES = tuple(figure for figure in FIGURES if figure.by_part)


@dataclass(frozen=True)
class Before:
    """The cumulative counts of the bulletin that this one goes on from."""

    day: date
    area: Mapping[str, int]
    parts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Sheet:
    """The figures of a bulletin as they stand, beside the cumulative counts they go on from."""

    area: Mapping[str, int]
    parts: Mapping[str, Mapping[str, int]]
    before: Before | None = None
    explanation: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def correction(self, of: str) -> int | None:
        """What the cumulative count holds beyond the one before and the new; None without one before."""
        if self.before is None:
            return None
        return self.area[f"total_{of}"] - self.before.area[f"total_{of}"] - self.area[f"new_{of}"]

    def part_correction(self, of: str, part: str) -> int | None:
        """The same for one area below; one that the bulletin before did not name counted nothing there."""
        if self.before is None:
            return None
        before = self.before.parts.get(part, {}).get(f"total_{of}", 0)
        return self.parts[part][f"total_{of}"] - before - self.parts[part][f"new_{of}"]

    def corrected(self) -> bool:
        """Whether any cumulative count, of the area or of a part, is more or less than before and new together."""
        return any(self.correction(of) for of in BALANCED) or any(
            self.part_correction(of, part) for of in BY_PART for part in self.parts
        )


def contradictions(sheet: Sheet) -> list[Refusal]:
    """Everything in the figures that cannot be, each in words. A bulletin is not signed while there is one."""
    found = []
    area = sheet.area
    label = {figure.code: figure.label for figure in FIGURES}
    for code, value in area.items():
        if value < 0:
            found.append(refuse("bulletin.negative", code, figure=label[code], value=value))
    for part, values in sheet.parts.items():
        for code, value in values.items():
            if value < 0:
                about = f"{part}.{code}"
                name = sheet.names.get(part, part)
                found.append(refuse("bulletin.negative_part", about, part=name, figure=label[code], value=value))
    if sheet.parts:
        for figure in PART_FIGURES:
            parts = sum(values[figure.code] for values in sheet.parts.values())
            if parts != area[figure.code]:
                found.append(
                    refuse(
                        "bulletin.parts_do_not_add_up",
                        figure.code,
                        figure=figure.label,
                        parts=parts,
                        total=area[figure.code],
                    )
                )
    rows = [("", area)] + [(sheet.names.get(part, part), values) for part, values in sheet.parts.items()]
    for name, values in rows:
        for of in BALANCED:
            new, total = values.get(f"new_{of}"), values.get(f"total_{of}")
            if new is not None and total is not None and new > total:
                found.append(
                    refuse(
                        "bulletin.new_exceeds_total",
                        f"new_{of}",
                        part=name,
                        figure=label[f"new_{of}"],
                        new=new,
                        total=total,
                    )
                )
        ended = values["total_discharged"] + values.get("total_deaths", 0)
        if ended > values["total_confirmed"]:
            found.append(
                refuse(
                    "bulletin.more_ended_than_confirmed",
                    "total_discharged",
                    part=name,
                    ended=ended,
                    confirmed=values["total_confirmed"],
                )
            )
    if area["critical"] > area["severe"]:
        found.append(
            refuse("bulletin.critical_exceeds_severe", "critical", critical=area["critical"], severe=area["severe"])
        )
    ill = area["total_confirmed"] - area["total_discharged"] - area["total_deaths"]
    if area["severe"] > ill >= 0:
        found.append(refuse("bulletin.severe_exceeds_ill", "severe", severe=area["severe"], ill=ill))
    tracked = area.get("contacts_tracked")
    for code in ("contacts_released", "contacts_released_total", "contacts_observed"):
        if tracked is not None and area.get(code, 0) > tracked:
            found.append(
                refuse("bulletin.contacts_exceed_tracked", code, figure=label[code], value=area[code], tracked=tracked)
            )
    released, released_total = area.get("contacts_released"), area.get("contacts_released_total")
    if released is not None and released_total is not None and released > released_total:
        found.append(
            refuse("bulletin.released_exceeds_total", "contacts_released", released=released, total=released_total)
        )
    if sheet.corrected() and not sheet.explanation.strip():
        found.append(refuse("bulletin.correction_unexplained", "explanation"))
    return found


@dataclass(frozen=True)
class Step:
    """What the guards of a step look at: the figures, who asks, who signed, and whether all of it still holds."""

    sheet: Sheet
    actor_id: int | None = None
    signed_by_id: int | None = None
    same_as_seen: bool = True
    up_to_date: bool = True
    note: str = ""


def _sound(step: Step) -> Refusal | None:
    if not step.same_as_seen:
        return refuse("bulletin.changed_meanwhile")
    if not step.up_to_date:
        return refuse("bulletin.out_of_date")
    return next(iter(contradictions(step.sheet)), None)


def _by_another(step: Step) -> Refusal | None:
    if step.actor_id is not None and step.actor_id == step.signed_by_id:
        return refuse("bulletin.signed_by_yourself")
    if not step.up_to_date:
        return refuse("bulletin.out_of_date_signed")
    return _sound(step)


def _with_a_reason(step: Step) -> Refusal | None:
    return None if len(step.note.strip()) >= REASON_LENGTH else refuse("bulletin.reason_missing", "note")


WORKFLOW = Workflow(
    name="bulletin",
    initial="prepared",
    states=(
        State("prepared", _("prepared")),
        State("signed", _("signed")),
        State("published", _("published"), final=True),
        State("withdrawn", _("withdrawn"), final=True),
    ),
    moves=(
        Move("sign", _("Sign"), ("prepared",), "signed", "bulletin.sign", "bulletin.signed", _sound),
        Move("publish", _("Publish"), ("signed",), "published", "bulletin.publish", "bulletin.published", _by_another),
        Move("revise", _("Change figures"), ("prepared",), "prepared", "bulletin.prepare", "bulletin.revised"),
        Move("recount", _("Count again"), ("prepared",), "prepared", "bulletin.prepare", "bulletin.recounted"),
        Move("unsign", _("Take the signature back"), ("signed",), "prepared", "bulletin.sign", "bulletin.unsigned", _with_a_reason),
        Move("send_back", _("Send back"), ("signed",), "prepared", "bulletin.publish", "bulletin.sent_back", _with_a_reason),
        Move("withdraw", _("Withdraw"), ("prepared", "signed"), "withdrawn", "bulletin.prepare", "bulletin.withdrawn", _with_a_reason),
    ),
)  # fmt: skip


def day_refusal(day: date, today: date) -> Refusal | None:
    """Why no bulletin of a day can be prepared yet: its window runs until 24:00."""
    return refuse("bulletin.day_not_over", "day", day=day) if day >= today else None


def change_refusals(changed: Mapping[tuple[str, str], int], reason: str) -> list[Refusal]:
    """Why figures may not be changed by hand: no reason for the one who signs, or no count."""
    found = [refuse("bulletin.reason_missing", "reason")] if changed and len(reason.strip()) < REASON_LENGTH else []
    if any(value < 0 for value in changed.values()):
        found.append(refuse("bulletin.no_count", "figures"))
    return found
