"""Line-list imports: the file, how its columns were read, and what became of each row."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.kernel.sealing import SealedJSON, SealedText
from lianfang.surveillance.models import Case
from lianfang.tracing.models import TransmissionLink


class SavedMappingQuerySet(models.QuerySet["SavedMapping"]):
    def visible_to(self, actor: Actor, permission: str = "import.run") -> "SavedMappingQuerySet":
        """Those kept for the actor's own areas or for an area above them: a province's mappings serve its counties."""
        if actor.system:
            return self
        steps = [path.rstrip("/").split("/") for path in actor.paths(permission)]
        above = {"/".join(step[: n + 1]) + "/" for step in steps for n in range(len(step))}
        return self.filter(path__in=above)


class SavedMapping(models.Model):
    """How the columns of a kind of file are read, under a name, to be used again in an area and all below it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    path = AreaPath(blank=True)
    name = models.CharField(max_length=120)
    content = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = SavedMappingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["path", "name"], name="mapping_name_once_in_its_area")]

    def __str__(self) -> str:
        return self.name


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def visible_to(self, actor: Actor, permission: str = "import.run") -> "ImportRunQuerySet":
        return in_scope(self, actor, permission, areas=("path",))


class ImportRun(models.Model):
    """One file on its way in. Rows enter in batches, each batch whole or not at all, so a stopped run goes on where it was."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    path = AreaPath()  # the area whose staff may see and go on with this import
    file_name = models.CharField(max_length=200)
    stored_as = models.CharField(max_length=200, blank=True)  # empty once the file was removed
    size = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    table: Any = models.JSONField(default=dict)  # encoding, delimiter, sheet, header row
    mapping: Any = models.JSONField(default=dict)
    disease = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=12, default="uploaded")  # the states of rules.IMPORT
    progressed_at = models.DateTimeField(null=True)
    outlook = SealedJSON()  # of a large file: what would happen, as a job counted it; {} when that is to be done
    rows_foreseen = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    counts: Any = models.JSONField(default=dict)
    problem: Any = models.JSONField(default=dict)  # why it stopped: a refusal's code and values
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )  # the work at it
    finished_at = models.DateTimeField(null=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["path", "-created_at"], name="import_by_area")]

    def __str__(self) -> str:
        return f"import {self.pk}"


class ImportRowQuerySet(models.QuerySet["ImportRow"]):
    def to_correct(self) -> "ImportRowQuerySet":
        """Refused rows whose content is still kept."""
        return self.filter(result="refused").exclude(raw=b"")


class ImportRow(models.Model):
    """What became of one row. What the row said is kept sealed, and only while somebody has yet to correct it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # the row in the file
    ordinal = models.PositiveIntegerField()  # the place in what was read: a row of counts or of a pair tells of several
    key = models.BinaryField(max_length=16)
    result = models.CharField(max_length=12)  # entered, refused, passed_over, undone
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+")
    link = models.ForeignKey(TransmissionLink, models.PROTECT, null=True, related_name="+")
    codes: Any = models.JSONField(default=list)
    findings = SealedText()
    raw = SealedText()

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "ordinal"], name="row_once_in_its_import"),
            models.UniqueConstraint(fields=["key"], condition=Q(result="entered"), name="row_entered_once"),
        ]

    def __str__(self) -> str:
        return f"row {self.number} of {self.run_id}"
