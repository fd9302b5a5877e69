from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.surveillance.models import Case


class TransmissionLinkQuerySet(models.QuerySet["TransmissionLink"]):
    def visible_to(self, actor: Actor, permission: str = "link.read") -> "TransmissionLinkQuerySet":
        return in_scope(self, actor, permission, areas=("path",))


class TransmissionLink(models.Model):
    """Who may have infected whom, and how sure that is."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    infector = models.ForeignKey(Case, models.PROTECT, related_name="infected")
    infectee = models.ForeignKey(Case, models.PROTECT, related_name="infected_by")
    path = AreaPath()  # where the infectee lives
    certainty = models.CharField(max_length=12, default="stated")
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
