"""Stays under observation: what was entered of them, who checked in, what was asked for, which rooms there are.

``StayEntry`` and ``CheckIn`` only grow and are the truth. The columns of ``Stay`` below the line, and ``StayVersion``, are
what ``rules`` derives from them, kept so that lists are fast; they are written by ``services`` in the transaction of the
entry, and a test derives them anew and compares.
"""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.kernel.sealing import SealedText
from lianfang.registry.models import Organisation, Person, Site
from lianfang.surveillance.models import Case
from lianfang.tracing.models import Contact

from .rules import OPEN

READING = ("stay.read", "stay.identify")


class RoomQuerySet(models.QuerySet["Room"]):
    def visible_to(self, actor: Actor, permission: str = "stay.read") -> "RoomQuerySet":
        return in_scope(self, actor, permission, areas=("site__path",), organisation="site__organisation_id")

    def in_use(self) -> "RoomQuerySet":
        return self.filter(closed_at=None)


class Room(models.Model):
    """A room of an isolation site. Who sleeps there follows from the stays; whether it waits for disinfection, from the
    unfinished work order."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=20)
    capacity = models.PositiveSmallIntegerField(default=1)  # beds
    closed_at = models.DateTimeField(null=True)

    objects = RoomQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="room_once_in_its_site"),
            models.CheckConstraint(condition=Q(capacity__gte=1), name="room_has_a_bed"),
        ]

    def __str__(self) -> str:
        return self.name


class StayQuerySet(models.QuerySet["Stay"]):
    def visible_to(self, actor: Actor, permission: str = "stay.read") -> "StayQuerySet":
        """Stays where the actor may do this; to read, also those of people who live in the actor's areas."""
        areas = ("path", "home_path") if permission in READING else ("path",)
        return in_scope(self, actor, permission, areas=areas, organisation="organisation_id")

    def open(self) -> "StayQuerySet":
        return self.filter(status__in=OPEN)

    def observed(self) -> "StayQuerySet":
        return self.filter(status="observed")

    def missing_a_check(self, now: datetime) -> "StayQuerySet":
        """People under observation of whom a check-in was owed by now and none came."""
        return self.filter(status="observed", next_due_at__lte=now)


class Stay(models.Model):
    """One person's medical observation for one disease, from the decision to the day of release."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="stays")
    disease = models.CharField(max_length=40)
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="stays")  # null: other grounds
    home_path = AreaPath(blank=True)  # where the person lives, and goes when released
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    # Derived from the entries by rules.state; see above.
    status = models.CharField(max_length=10, default="awaited")
    grounds = models.CharField(max_length=20)
    notice = models.CharField(max_length=60, blank=True)
    began_at = models.DateTimeField(null=True)
    release_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=30, blank=True)
    path = AreaPath()  # where the person is followed now
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="stays")
    room = models.ForeignKey(Room, models.PROTECT, null=True, related_name="stays")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="stays")
    # Derived from the check-ins.
    last_check_at = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True)  # when something alarming was observed last
    next_due_at = models.DateTimeField(null=True)  # by when the next check-in is owed; null unless under observation
    # Which span without a check-in was called for, and visited for; kept by the job that asks.
    called_for = models.DateTimeField(null=True)
    visited_for = models.DateTimeField(null=True)

    objects = StayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "disease"], condition=Q(status__in=OPEN), name="person_in_one_stay_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(status__in=("released", "ended"), ended_at__isnull=False)
                | Q(status__in=OPEN, ended_at=None),
                name="stay_ends_when_it_says_so",
            ),
            models.CheckConstraint(condition=Q(room=None) | Q(site__isnull=False), name="a_room_is_in_a_site"),
            models.CheckConstraint(
                condition=Q(next_due_at=None) | Q(status="observed"), name="only_the_observed_owe_a_check_in"
            ),
        ]
        indexes = [
            models.Index(fields=["path", "next_due_at"], condition=Q(status="observed"), name="stay_missing_by_area"),
            models.Index(fields=["next_due_at"], condition=Q(status="observed"), name="stay_missing"),
            models.Index(fields=["path", "release_on"], condition=Q(status="observed"), name="stay_release_by_area"),
            models.Index(fields=["path", "status"], name="stay_by_area"),
            models.Index(fields=["home_path"], name="stay_by_home"),
        ]

    def __str__(self) -> str:
        return f"stay {self.pk}"


class StayVersion(models.Model):
    """Where a stay stood, as it was known from one moment until another: what is counted as of any evening."""

    id = models.BigAutoField(primary_key=True)
    stay = models.ForeignKey(Stay, models.PROTECT, related_name="versions")
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)
    disease = models.CharField(max_length=40)
    status = models.CharField(max_length=10)
    reason = models.CharField(max_length=30, blank=True)
    path = AreaPath()
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    release_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stay"], condition=Q(superseded_at=None), name="stay_has_one_current_version"
            ),
            models.CheckConstraint(
                condition=Q(superseded_at=None) | Q(superseded_at__gte=F("recorded_at")), name="stay_version_span"
            ),
        ]
        indexes = [models.Index(fields=["path", "recorded_at"], name="stayversion_by_area")]

    def __str__(self) -> str:
        return f"{self.status} from {self.recorded_at:%Y-%m-%d %H:%M}"


class StayEntry(models.Model):
    """Something that happened to a stay, written once. A correction is a new entry that points at the one it replaces."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    stay = models.ForeignKey(Stay, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=12)
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    retracted = models.BooleanField(default=False)  # with corrects: what it points at did not happen

    last_on = models.DateField(null=True)
    owes = models.BooleanField(default=False)
    edition = models.CharField(max_length=20, blank=True)
    path = AreaPath(blank=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="+")
    room = models.ForeignKey(Room, models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=30, blank=True)
    notice = models.CharField(max_length=60, blank=True)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+")
    words = SealedText()  # of whoever wrote it: where at home, why, by whom told

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(retracted=False) | Q(corrects__isnull=False), name="what_is_retracted_is_named"
            ),
            models.CheckConstraint(
                condition=~Q(kind="exposure") | Q(last_on__isnull=False), name="an_exposure_has_its_last_day"
            ),
        ]
        indexes = [models.Index(fields=["stay", "happened_at"], name="stayentry_of_stay")]

    def __str__(self) -> str:
        return f"{self.kind} of stay {self.stay_id}"


class CheckIn(models.Model):
    """What somebody under observation, or whoever looked after them, told of their health. Written once."""

    class Told(models.TextChoices):
        SELF = "self"
        FAMILY = "family"
        COORDINATOR = "coordinator"
        GRID_WORKER = "grid_worker"

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    stay = models.ForeignKey(Stay, models.PROTECT, related_name="checkins", db_index=False)  # checkin_of_stay serves
    observed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    told_by = models.CharField(max_length=12)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=12)
    temperature = models.DecimalField(max_digits=3, decimal_places=1, null=True)  # °C
    symptoms = models.JSONField(default=list)  # codes of the vocabulary
    words = SealedText()
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    retracted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(temperature=None) | Q(temperature__gte=30, temperature__lte=45), name="a_living_temperature"
            ),
            models.CheckConstraint(
                condition=Q(retracted=False) | Q(corrects__isnull=False), name="checkin_retracted_is_named"
            ),
        ]
        indexes = [models.Index(fields=["stay", "observed_at"], name="checkin_of_stay")]

    def __str__(self) -> str:
        return f"check-in of stay {self.stay_id}"


class NeedQuerySet(models.QuerySet["Need"]):
    def visible_to(self, actor: Actor, permission: str = "stay.read") -> "NeedQuerySet":
        areas = ("stay__path", "stay__home_path")
        return in_scope(self, actor, permission, areas=areas, organisation="stay__organisation_id")


class Need(models.Model):
    """Something a person under observation asked for. Whether it is answered follows from its work order."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    stay = models.ForeignKey(Stay, models.PROTECT, related_name="needs")
    kind = models.CharField(max_length=20)
    words = SealedText()
    asked_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    told_by = models.CharField(max_length=12)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=12)

    objects = NeedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} for stay {self.stay_id}"


class NeedAnswer(models.Model):
    """What was said or done about a need."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    need = models.ForeignKey(Need, models.PROTECT, related_name="answers")
    words = SealedText()
    closes = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"answer to need {self.need_id}"


class PersonalLink(models.Model):
    """A key for one stay, for a phone without an account. Only its digest is kept; it ends, and can be revoked once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    stay = models.ForeignKey(Stay, models.PROTECT, related_name="links")
    told_by = models.CharField(max_length=12, default="self")  # in whose hands it is: self or family
    digest = models.BinaryField(max_length=32, unique=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="a_link_ends_after_it_is_made")
        ]

    def __str__(self) -> str:
        return f"link to stay {self.stay_id}"


class WrongTries(models.Model):
    """How often an unknown link was tried from one address, so that guessing is slowed whichever process answers."""

    address = models.BinaryField(max_length=16, primary_key=True)  # keyed digest of the network address
    count = models.PositiveIntegerField()
    last_at = models.DateTimeField()
    turned_away = models.PositiveIntegerField(default=0)  # tries since then that were not even looked up

    def __str__(self) -> str:
        return f"{self.count} wrong tries"
