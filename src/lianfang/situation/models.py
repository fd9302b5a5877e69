from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import models

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.registry.models import Area


class SourceEditionQuerySet(models.QuerySet["SourceEdition"]):
    def visible_to(self, actor: Actor, permission: str = "situation.read") -> "SourceEditionQuerySet":
        return in_scope(self, actor, permission, areas=("path",))

    def known_at(self, moment: datetime | None) -> "SourceEditionQuerySet":
        """Of each source the edition that was the latest at a moment; None for now."""
        then = {} if moment is None else {"kept_at__lte": moment}
        newer = SourceEdition.objects.filter(
            source=models.OuterRef("source"), number__gt=models.OuterRef("number"), **then
        )
        return self.filter(~models.Exists(newer), **then)


class SourceEdition(models.Model):
    """What a source said of an area and its parts when it was kept. Never changed: keeping it again makes the next edition.

    ``source`` is the same for all editions of one source: it stands for its area, disease, measure and name.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    source = models.UUIDField()
    number = models.PositiveIntegerField()  # from 1
    name = models.CharField(max_length=80)
    area = models.ForeignKey(Area, models.PROTECT)
    path = AreaPath()
    disease = models.CharField(max_length=40)
    measure = models.CharField(max_length=20)
    cumulative = models.BooleanField()  # totals up to the day; otherwise new cases of the day
    counts: Any = models.JSONField(default=dict)  # by code of area, by day
    put_away = models.BooleanField(default=False)  # from this edition on it is compared no longer
    kept_at = models.DateTimeField()
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = SourceEditionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="one_source_edition_a_number")]
        indexes = [models.Index(fields=["path", "disease"], name="source_edition_by_area")]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    def figures(self) -> list[tuple[str, date, int]]:
        """Code of area, day and count of every figure."""
        return [
            (code, date.fromisoformat(day), count) for code, days in self.counts.items() for day, count in days.items()
        ]
