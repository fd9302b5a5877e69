from typing import Any

from django.conf import settings
from django.db import models

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.registry.models import Organisation


class WorkOrderQuerySet(models.QuerySet["WorkOrder"]):
    def visible_to(self, actor: Actor, permission: str = "order.read") -> "WorkOrderQuerySet":
        return in_scope(self, actor, permission, areas=("path",), organisation="organisation_id")

    def unfinished(self) -> "WorkOrderQuerySet":
        return self.filter(closed_at=None)

    def overdue(self, now: Any) -> "WorkOrderQuerySet":
        return self.filter(closed_at=None, due_at__lt=now)


class WorkOrder(models.Model):
    """Something somebody must do by a deadline. Overdue is never stored: it follows from the clock."""

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
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    objects = WorkOrderQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["path", "due_at"], condition=models.Q(closed_at=None), name="order_unfinished"),
            models.Index(fields=["subject_id"], name="order_by_subject"),
            models.Index(fields=["kind", "raised_at"], name="order_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.subject_kind} {self.subject_id}"
