"""Who was exposed to whom, who is called and by whom, where cases and others were, and who may have infected whom."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.kernel.sealing import SealedJSON, SealedText
from lianfang.registry.models import Area, Organisation, Person, Site
from lianfang.surveillance.models import Case


class Appended(models.QuerySet[Any]):
    """Entries that are written once. A correction is a new entry that points at the one it takes the place of."""

    def known_at(self, moment: datetime | None) -> Any:
        """Entries on record at a moment, corrected ones among them; None means now."""
        return self if moment is None else self.filter(recorded_at__lte=moment)

    def standing(self, moment: datetime | None = None) -> Any:
        """Entries that held at a moment (None: now): neither corrected nor taken back by then."""
        replaced = self.model.objects.known_at(moment).filter(corrects=models.OuterRef("pk"))
        return self.known_at(moment).filter(~models.Exists(replaced), retracted=False)


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, actor: Actor, permission: str = "contact.read") -> "ContactQuerySet":
        """Contacts followed in the actor's areas, and those handed over to them and not yet answered.

        To enter or to call is for whoever follows the contact, so an unanswered hand-over opens only the reading.
        """
        areas = ("path",) if permission == "contact.trace" else ("path", "offered_path")
        return in_scope(self, actor, permission, areas=areas, organisation="organisation_id")


class Contact(models.Model):
    """A person exposed to at least one case of a disease. What is known stands in exposures, calls and hand-overs."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    number = models.CharField(max_length=11, db_index=True)  # short, to say on the telephone
    person = models.ForeignKey(Person, models.PROTECT, related_name="contacts")
    disease = models.CharField(max_length=40)
    area = models.ForeignKey(Area, models.PROTECT)  # where the contact stays and is followed
    path = AreaPath()
    offered_path = AreaPath(blank=True)  # of the area that was asked to take the contact over and has not answered
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    channel = models.CharField(max_length=12)
    first_recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "disease"], name="contact_once_for_a_disease"),
        ]
        indexes = [
            models.Index(fields=["path", "-first_recorded_at"], name="contact_by_area"),
            models.Index(fields=["offered_path"], condition=~Q(offered_path=""), name="contact_offered"),
        ]

    def __str__(self) -> str:
        return f"contact {self.number}"


class ExposureQuerySet(Appended):
    def visible_to(self, actor: Actor, permission: str = "contact.read") -> "ExposureQuerySet":
        return in_scope(self, actor, permission, areas=("path", "contact__path", "contact__offered_path"))


class Exposure(models.Model):
    """One person exposed to one case: when first and last, where, how close, with what protection. Written once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="exposures")
    case = models.ForeignKey(Case, models.PROTECT, related_name="exposures")  # the infectious one
    path = AreaPath()  # where the case lives
    first_on = models.DateField(null=True)
    last_on = models.DateField(null=True)  # None: goes on, or is not known
    category = models.CharField(max_length=30, blank=True)  # of the edition; empty: none of its categories
    judged = models.BooleanField(default=False)  # the category is the investigator's own judgement
    edition = models.CharField(max_length=20)
    window_from = models.DateField(null=True)  # from which day contact with the case counted when it was judged
    rejudged = models.BooleanField(default=False)  # in the place of another entry, of which only the judgement is new
    kind = models.CharField(max_length=30)
    relation = models.CharField(max_length=30, blank=True)
    protected = models.BooleanField(default=False)  # effective protection was stated
    distance = models.FloatField(null=True)  # metres
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="exposures")
    place = SealedText()
    note = SealedText()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=12)
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="correction")
    retracted = models.BooleanField(default=False)  # takes back what it corrects, and puts nothing in its place

    objects = ExposureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on")) | Q(last_on=None) | Q(first_on=None), name="exposure_span"
            ),
        ]
        indexes = [models.Index(fields=["path"], name="exposure_by_area")]

    def __str__(self) -> str:
        return f"exposure of contact {self.contact_id} to case {self.case_id}"

    @property
    def told_at(self) -> datetime:
        """When somebody told of the exposure: judging it anew tells nothing new of it."""
        return self.corrects.told_at if self.rejudged and self.corrects else self.recorded_at


class VisitQuerySet(Appended):
    def visible_to(self, actor: Actor, permission: str = "contact.read") -> "VisitQuerySet":
        return in_scope(self, actor, permission, areas=("path",))


class Visit(models.Model):
    """Where a case was, from when until when, and where in a vehicle it sat. Written once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="visits")
    path = AreaPath()  # where the case lives
    site = models.ForeignKey(Site, models.PROTECT, null=True, related_name="visits")
    place = SealedText()  # in words, where it is no site on the list
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    vehicle = models.CharField(max_length=20, blank=True)
    compartment = models.CharField(max_length=20, blank=True)  # carriage, cabin or room
    row = models.PositiveSmallIntegerField(null=True)
    protected = models.BooleanField(default=False)
    note = SealedText()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=12)
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="correction")
    retracted = models.BooleanField(default=False)

    objects = VisitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until_at__gte=F("from_at")), name="visit_span"),
        ]
        indexes = [models.Index(fields=["site", "from_at"], name="visit_by_site")]

    def __str__(self) -> str:
        return f"visit of case {self.case_id}"


class PresenceListQuerySet(models.QuerySet["PresenceList"]):
    def visible_to(self, actor: Actor, permission: str = "contact.read") -> "PresenceListQuerySet":
        return in_scope(self, actor, permission, areas=("path",))


class PresenceList(models.Model):
    """Who was at a place: check-ins, a roster or a seat list, asked for because a case had been there."""

    class Kind(models.TextChoices):
        CHECK_INS = "check_ins"
        ROSTER = "roster"
        SEATS = "seats"

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="presence_lists")
    path = AreaPath()  # of whoever asked for the list
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=120)
    vehicle = models.CharField(max_length=20, blank=True)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    forgotten_at = models.DateTimeField(null=True)  # when the people on it who are nobody's contact were removed

    objects = PresenceListQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(until_at__gte=F("from_at")), name="presence_list_span")]
        indexes = [
            models.Index(fields=["site", "from_at"], name="presence_list_by_site"),
            models.Index(fields=["recorded_at"], condition=Q(forgotten_at=None), name="presence_list_kept"),
        ]

    def __str__(self) -> str:
        return self.title


class Presence(models.Model):
    """One line of a presence list. Nobody is entered in the registry for having been somewhere: only as a contact."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    list = models.ForeignKey(PresenceList, models.PROTECT, related_name="lines")
    said = SealedJSON()  # name, sex, ID number, telephone, address, as on the list
    from_at = models.DateTimeField(null=True)  # None: as long as the list
    until_at = models.DateTimeField(null=True)
    compartment = models.CharField(max_length=20, blank=True)
    row = models.PositiveSmallIntegerField(null=True)
    seat = models.CharField(max_length=10, blank=True)
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="found_in")

    def __str__(self) -> str:
        return f"line of list {self.list_id}"


class ContactCall(models.Model):
    """One attempt to speak to a contact, and what came of it. Written once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="calls")
    called_at = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    temperature = models.DecimalField(max_digits=3, decimal_places=1, null=True)  # °C
    symptoms = models.JSONField(default=list)
    call_again_on = models.DateField(null=True)
    note = SealedText()
    reason = SealedText()  # of a correction: why the earlier entry was wrong
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=12)
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="correction")
    retracted = models.BooleanField(default=False)

    objects = Appended.as_manager()

    def __str__(self) -> str:
        return f"call to contact {self.contact_id}: {self.outcome}"


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def visible_to(self, actor: Actor, permission: str = "contact.read") -> "HandOverQuerySet":
        return in_scope(self, actor, permission, areas=("from_path", "to_path"))


class HandOver(models.Model):
    """A contact on the way from one area's care into another's. Until it is accepted the giver stays responsible."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="hand_overs")
    from_area = models.ForeignKey(Area, models.PROTECT, related_name="+")
    from_path = AreaPath()
    to_area = models.ForeignKey(Area, models.PROTECT, related_name="+")
    to_path = AreaPath()
    status = models.CharField(max_length=12, default="offered")
    reason = SealedText()
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answer = SealedText()

    objects = HandOverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contact"], condition=Q(answered_at=None), name="one_hand_over_at_a_time")
        ]
        indexes = [
            models.Index(fields=["to_path"], condition=Q(answered_at=None), name="hand_over_to_answer"),
            models.Index(fields=["from_path"], name="hand_over_given"),
        ]

    def __str__(self) -> str:
        return f"hand-over of contact {self.contact_id}: {self.status}"


class TransmissionLinkQuerySet(models.QuerySet["TransmissionLink"]):
    def visible_to(self, actor: Actor, permission: str = "link.read") -> "TransmissionLinkQuerySet":
        return in_scope(self, actor, permission, areas=("path",))

    def standing(self, moment: datetime | None = None) -> "TransmissionLinkQuerySet":
        """Links that held at a moment, or now."""
        if moment is None:
            return self.filter(retracted_at=None)
        return self.filter(Q(retracted_at=None) | Q(retracted_at__gt=moment), recorded_at__lte=moment)


class TransmissionLink(models.Model):
    """Who may have infected whom, and how sure that is. A change of mind retracts the link and states it anew."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    infector = models.ForeignKey(Case, models.PROTECT, related_name="infected")
    infectee = models.ForeignKey(Case, models.PROTECT, related_name="infected_by")
    path = AreaPath()  # where the infectee lives
    certainty = models.CharField(max_length=12, default="stated")  # of the vocabulary "certainties"
    relation = models.CharField(max_length=80, blank=True)
    setting = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=80, blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    retracted_at = models.DateTimeField(null=True)

    objects = TransmissionLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["infector", "infectee"], condition=Q(retracted_at=None), name="link_stated_once"
            ),
            models.CheckConstraint(condition=~Q(infector=F("infectee")), name="nobody_infects_oneself"),
        ]
        indexes = [models.Index(fields=["path"], name="link_by_area")]

    def __str__(self) -> str:
        return f"{self.infector_id} → {self.infectee_id}"
