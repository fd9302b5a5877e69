from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.kernel.sealing import SealedText
from lianfang.registry.models import Organisation, Site


class RoundQuerySet(models.QuerySet["Round"]):
    def visible_to(self, actor: Actor, permission: str = "order.read") -> "RoundQuerySet":
        return in_scope(self, actor, permission, areas=("path",), organisation="organisation_id")

    def in_force(self) -> "RoundQuerySet":
        return self.filter(stopped_at=None)


class Round(models.Model):
    """What is done again and again at a list of sites, at the same hours of each day: a disinfection round is one."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    path = AreaPath()  # the desk that planned it
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)  # who does it; None: who runs the site
    sites = models.ManyToManyField(Site, related_name="rounds")
    times = models.JSONField()  # hours of the day, "08:00"
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)  # the last day
    planned_at = models.DateTimeField()
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    raised_until = models.DateTimeField()  # the orders of every moment up to here were raised
    stopped_at = models.DateTimeField(null=True)

    objects = RoundQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["path"], name="round_by_area")]

    def __str__(self) -> str:
        return f"round {self.pk} of {self.kind}"


class WorkOrderQuerySet(models.QuerySet["WorkOrder"]):
    def visible_to(self, actor: Actor, permission: str = "order.read") -> "WorkOrderQuerySet":
        """Orders that lie at a desk of the actor, or were offered to one."""
        if actor.system:
            return self
        return self.at_desks_of(actor, permission) | self.offered_to(actor, permission)

    def at_desks_of(self, actor: Actor, permission: str = "order.read") -> "WorkOrderQuerySet":
        return in_scope(self, actor, permission, areas=("path",), organisation="organisation_id")

    def offered_to(self, actor: Actor, permission: str = "order.read") -> "WorkOrderQuerySet":
        waiting = self.filter(status="offered")
        return in_scope(waiting, actor, permission, areas=("offered_path",), organisation="offered_organisation_id")

    def unfinished(self) -> "WorkOrderQuerySet":
        return self.filter(closed_at=None)

    def overdue(self, now: Any) -> "WorkOrderQuerySet":
        return self.filter(closed_at=None, due_at__lt=now)


class WorkOrder(models.Model):
    """Something somebody must do by a deadline. Overdue is never stored: it follows from the clock.

    ``closed_at`` is when it was reported done, or was no longer needed; verifying comes after and does not change it.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=12, default="open")
    subject_kind = models.CharField(max_length=30)
    subject_id = models.UUIDField()
    path = AreaPath()
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="orders")
    raised_at = models.DateTimeField()
    due_at = models.DateTimeField()
    promised_at = models.DateTimeField(null=True)  # when whoever accepted it said it would be done
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    applicant = SealedText()
    place = SealedText()
    note = SealedText()  # in the words of whoever asked
    told: Any = models.JSONField(null=True)  # what the platform raised it for; the part of its subject finds the words
    offered_path = AreaPath(blank=True)
    offered_organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, related_name="+", db_index=False
    )  # order_offered_to serves
    round = models.ForeignKey(Round, models.PROTECT, null=True, related_name="orders")

    objects = WorkOrderQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["path", "due_at", "id"], condition=Q(closed_at=None), name="order_unfinished"),
            models.Index(fields=["due_at", "id"], condition=Q(closed_at=None), name="order_by_deadline"),
            models.Index(
                fields=["organisation", "due_at", "id"],
                condition=Q(closed_at=None, organisation__isnull=False),
                name="order_of_organisation",
            ),
            models.Index(
                fields=["assignee", "due_at", "id"],
                condition=Q(closed_at=None, assignee__isnull=False),
                name="order_of_person",
            ),
            models.Index(fields=["closed_at", "id"], condition=Q(closed_at__isnull=False), name="order_closed"),
            models.Index(fields=["offered_path"], condition=Q(status="offered"), name="order_offered"),
            models.Index(fields=["offered_organisation"], name="order_offered_to"),
            models.Index(fields=["path", "closed_at"], condition=Q(status="reported"), name="order_to_verify"),
            models.Index(fields=["subject_id"], name="order_by_subject"),
            models.Index(fields=["path", "raised_at"], name="order_by_area"),
            models.Index(fields=["raised_at", "kind"], name="order_by_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.subject_kind} {self.subject_id}"


class OrderEntry(models.Model):
    """A step of an order, or a proof that it was done, or both. Never changed: a correction points at what it corrects."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="entries")
    move = models.CharField(max_length=12, blank=True)
    observed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=20)
    note = models.CharField(max_length=1000, blank=True)
    reading = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    passed = models.BooleanField(null=True)
    photo = models.CharField(max_length=64, blank=True)  # the fingerprint under which the file is kept
    place = models.CharField(max_length=200, blank=True)
    longitude = models.FloatField(null=True)  # WGS 84
    latitude = models.FloatField(null=True)
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="correction")

    def __str__(self) -> str:
        return f"entry {self.pk} of order {self.order_id}"

    @property
    def gives(self) -> list[str]:
        """Which fields of proof this entry holds."""
        held = {
            "note": bool(self.note),
            "photo": bool(self.photo),
            "reading": self.reading is not None,
            "place": bool(self.place) or self.longitude is not None,
            "passed": self.passed is not None,
        }
        return [field for field, there in held.items() if there]
