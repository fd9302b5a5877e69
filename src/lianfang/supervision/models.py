"""Walks over the chain of events, and what each found."""

from typing import Any

from django.conf import settings
from django.db import models

from lianfang.kernel import ids


class Verification(models.Model):
    """One walk over the whole record: how far it came, and what did not fit. The first findings are kept in words."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    progressed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    failed = models.BooleanField(default=False)
    events = models.PositiveBigIntegerField(default=0)
    walked = models.PositiveBigIntegerField(default=0)
    seals = models.PositiveBigIntegerField(default=0)
    counts: Any = models.JSONField(default=dict)  # kind of finding: how many
    findings: Any = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["-ordered_at"], name="verification_newest_first")]

    def __str__(self) -> str:
        return f"verification of {self.ordered_at:%Y-%m-%d %H:%M}"

    @property
    def whole(self) -> bool:
        """Whether the walk came to its end and everything fitted."""
        return self.finished_at is not None and not self.failed and not self.counts
