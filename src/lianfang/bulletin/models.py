from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.registry.models import Area


class BulletinQuerySet(models.QuerySet["Bulletin"]):
    def visible_to(self, actor: Actor, permission: str = "situation.read") -> "BulletinQuerySet":
        return in_scope(self, actor, permission, areas=("path",))

    def published(self) -> "BulletinQuerySet":
        return self.filter(status="published")

    def of(self, code: str, disease: str) -> "BulletinQuerySet":
        """Those of one area, whatever its borders were, and one disease."""
        return self.filter(area__code=code, disease=disease)


class Bulletin(models.Model):
    """The figures of one area and one day on their way to the public: prepared, signed by one, published by another.

    ``figures`` are the true ones, with what was counted and what was changed by hand; ``public_figures`` are what the
    public sees, written once when it is published. Public pages read nothing else. ``protection`` says which cells are
    withheld, which the totals give away, and beside which published bulletins that was worked out.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    area = models.ForeignKey(Area, models.PROTECT)
    path = AreaPath()
    disease = models.CharField(max_length=40)
    day = models.DateField()
    status = models.CharField(max_length=12, default="prepared")
    figures: Any = models.JSONField()
    protection: Any = models.JSONField(default=dict)
    public_figures: Any = models.JSONField(null=True)
    explanation = models.TextField(blank=True)  # why cumulative counts are not those before plus the new; published
    remark = models.TextField(blank=True)  # published
    reason = models.TextField(blank=True)  # why an earlier bulletin is corrected; published
    note = models.TextField(blank=True)  # why it was sent back or withdrawn; not published
    base = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+"
    )  # whose cumulative counts it goes on from
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")
    prepared_at = models.DateTimeField()
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = BulletinQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(published_by=None) | ~Q(published_by=F("signed_by")),
                name="published_by_another_than_signed",
            ),
            models.UniqueConstraint(
                fields=["area", "disease", "day"],
                condition=Q(corrects=None) & ~Q(status="withdrawn"),
                name="one_bulletin_a_day",
            ),
            models.UniqueConstraint(
                fields=["corrects"], condition=~Q(status="withdrawn"), name="one_correction_of_a_bulletin"
            ),
        ]
        indexes = [
            models.Index(fields=["path", "-day"], name="bulletin_by_area"),
            models.Index(fields=["-day"], condition=Q(status="published"), name="bulletin_published"),
        ]

    def __str__(self) -> str:
        return f"bulletin {self.path} {self.day}"
