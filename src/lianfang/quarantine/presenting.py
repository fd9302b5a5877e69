"""Stays as pages show them: in which words, with which signs. Reads only what it is given and today's check-ins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lianfang.definitions import selectors as definitions
from lianfang.kernel import clock
from lianfang.kernel.refusals import Refusal
from lianfang.registry.models import Area, Organisation, Person, Site
from lianfang.registry.selectors import area_name

from . import rules, selectors, services
from .models import CheckIn, Stay

TAGS = {"awaited": "", "observed": "tag-note", "lost": "tag-bad", "released": "tag-good", "ended": ""}


@dataclass(frozen=True)
class Check:
    """One span of today in which a check-in is owed: done, alert, missed, due (the next one) or later."""

    state: str
    words: str


@dataclass
class Row:
    """A stay on a page. ``name`` is masked or in full, as the page may show it."""

    stay: Stay
    name: str
    place: str
    home: str
    checks: list[Check]
    missing: bool
    refusals: list[Refusal] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """Sex and age, as far as known."""
        person: Person = self.stay.person.stands_under
        said = {"M": _("male"), "F": _("female")}.get(person.sex, "")
        if person.birth_year:
            said += " " + _("{years} years").format(years=clock.today().year - person.birth_year)
        return said.strip()

    @property
    def room(self) -> str:
        return self.stay.room.name if self.stay.room else ""

    @property
    def site(self) -> str:
        return place_name(self.stay.site) if self.stay.site else ""

    @property
    def phone(self) -> str:
        """The telephone of whoever looks after the person."""
        return services.phone_of(self.stay)

    @property
    def state(self) -> str:
        return _(str(rules.WORKFLOW.label(self.stay.status)))

    @property
    def tag(self) -> str:
        return TAGS[self.stay.status]

    @property
    def late(self) -> bool:
        return self.missing or self.alarmed

    @property
    def alarmed(self) -> bool:
        """Whether something alarming was observed so lately that it still counts."""
        at, open_ = self.stay.alarmed_at, self.stay.status in rules.OPEN
        return open_ and at is not None and clock.now() - at < timedelta(hours=rules.CALM_HOURS)

    @property
    def left(self) -> str:
        """How far the last day is away, while it is still to come or was missed."""
        if self.stay.status not in rules.OPEN or self.stay.release_on is None:
            return ""
        days = (self.stay.release_on - clock.today()).days
        if days == 0:
            return _("today")
        if days == 1:
            return _("tomorrow")
        if days > 0:
            return ngettext("in {days} day", "in {days} days", days).format(days=days)
        return ngettext("{days} day ago", "{days} days ago", -days).format(days=-days)


def rows(stays: Sequence[Stay], names: dict[UUID, str] | None = None) -> list[Row]:
    """Stays with their places in words and today's check-ins. Without names these are masked. A few queries for any number."""
    names = names or {stay.pk: stay.person.stands_under.masked_name for stay in stays}
    return shown(selectors.guests(stays, names))


def shown(guests: Sequence[selectors.Guest]) -> list[Row]:
    """Guests, with their check-ins, as rows."""
    places = area_names({path for guest in guests for path in (guest.stay.path, guest.stay.home_path)})
    return [
        Row(
            guest.stay,
            guest.name,
            place_of(guest.stay, places),
            places.get(guest.stay.home_path, ""),
            checks(guest),
            guest.missing,
            extra={"alarm": alarm_in_words(guest.alarm) if guest.alarm else ""},
        )
        for guest in guests
    ]


def place_name(place: Site | Organisation) -> str:
    """The name of a place in the language in force; the Chinese one where no other is known."""
    return place.name if definitions.language() == "zh" else place.name_en or place.name


def called(place: Site | Organisation) -> str:
    """A place with its telephone, in the language in force."""
    return " ".join(filter(None, (place_name(place), place.phone)))


def place_of(stay: Stay, places: dict[str, str]) -> str:
    """Where somebody is observed, in words."""
    if stay.site is not None:
        name = place_name(stay.site)
        return f"{name} · {_('room {room}').format(room=stay.room.name)}" if stay.room else name
    place = places.get(stay.path, "")
    if stay.status == "awaited":
        return _("expected: {place}").format(place=stay.organisation.name if stay.organisation else place)
    return _("at home, {place}").format(place=place) if place else _("at home")


def area_names(paths: Iterable[str]) -> dict[str, str]:
    """The names of areas by path, in the language in force."""
    found = Area.objects.filter(path__in={path for path in paths if path}).order_by("valid_from")
    return {area.path: area_name(area) for area in found}


def checks(guest: selectors.Guest) -> list[Check]:
    """Today's spans with what came in them."""
    stay, now = guest.stay, clock.now()
    found: list[Check] = []
    next_one = True
    for due, came in guest.checks:
        if came is not None:
            hot = services.alarm_of(stay.disease, as_check(came))
            words = f"{_hour(came.observed_at)} {came.temperature if came.temperature is not None else ''}".strip()
            found.append(Check("alert" if hot else "done", words))
        elif stay.status != "observed" or stay.began_at is None or due < stay.began_at + rules.SETTLING:
            continue
        elif due <= now:
            found.append(Check("missed", _("by {hour}: none").format(hour=_hour(due))))
        else:
            found.append(Check("due" if next_one else "later", _("by {hour}").format(hour=_hour(due))))
            next_one = False
    return found


def as_check(row: CheckIn) -> rules.Check:
    """A check-in as the rules read it."""
    celsius = None if row.temperature is None else float(row.temperature)
    return rules.Check(row.pk, row.observed_at, celsius, tuple(row.symptoms), row.corrects_id, row.retracted)


def _hour(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"


def symptoms_in_words(codes: Iterable[str]) -> str:
    """Symptoms in the language in force, one after another."""
    words = definitions.terms("symptoms")
    return _(", ").join(words.get(code, code) for code in codes)


def alarm_in_words(alarm: rules.Alarm) -> str:
    """What was found that must be seen at once."""
    fever = [f"{alarm.fever:.1f} °C"] if alarm.fever is not None else []
    return _(", ").join([*fever, *filter(None, [symptoms_in_words(alarm.symptoms)])])


def what_follows(stay: Stay) -> list[str]:
    """What an alarming check-in causes, step by step, said before it is confirmed."""
    hospitals = services.receiving_hospitals(stay)
    disease = definitions.disease(stay.disease)
    edition = definitions.edition_on(stay.disease, clock.today())
    code = next(iter(edition.suspected_classes), "")
    labels = definitions.all_class_labels()
    steps = [
        _("The check-in is recorded."),
        _("Whoever is responsible for this stay gets an alert, due at once."),
    ]
    if not hospitals:
        asked = _(
            "A transfer is ordered. No hospital is designated here: the county is asked at once to name one. Ring it."
        )
        desks = desks_of(services.county_of(stay.path))
        steps.append(" ".join([asked, *map(called, desks)]))
    elif len(hospitals) == 1:
        asked = _("A transfer to hospital is ordered, and {hospital} is asked to receive the person.")
        steps.append(asked.format(hospital=called(hospitals[0])))
    else:
        steps.append(_("A transfer is ordered, and the hospital that you choose below is asked to receive the person."))
    if services.open_case(stay) is None:
        notified = _(
            "The person is notified to the county as {classification}: {disease}. The clock of the report runs."
        )
        label = labels.get((stay.disease, code), code)
        steps.append(
            notified.format(classification=label, disease=definitions.label(disease) if disease else stay.disease)
        )
    else:
        steps.append(_("The person is notified as a case already and is not notified again."))
    return steps


def desks_of(path: str) -> list[Organisation]:
    """Who can be rung in a place about somebody there or on the way there: its centres and authorities with a telephone."""
    kinds = (Organisation.Kind.CLINIC, Organisation.Kind.CDC, Organisation.Kind.AUTHORITY)
    here = (
        Organisation.objects.filter(path=path, kind__in=kinds).exclude(phone="")
        if path
        else Organisation.objects.none()
    )
    return list(here.order_by("name")[:5])


def day_in_words(day: date | None) -> str:
    """A day as people write it in the language in force."""
    return date_format(day, _("j F Y")) if day else ""
