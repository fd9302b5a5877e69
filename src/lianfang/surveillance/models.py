"""Cases, what was observed of them, and what was known of them at each moment."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.kernel.sealing import SealedJSON
from lianfang.registry.models import Area, Organisation, Person


class Case(models.Model):
    """One person's illness, as first notified. What is known of it stands in its observations and versions."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    number = models.CharField(max_length=11, db_index=True)  # short, to say on the telephone
    disease = models.CharField(max_length=40)
    person = models.ForeignKey(Person, models.PROTECT, related_name="cases")
    source = models.CharField(max_length=80, blank=True)
    local_id = models.CharField(max_length=120, blank=True)
    desk = models.CharField(
        max_length=120, blank=True
    )  # whose list that number stands in: an area's, an organisation's
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    channel = models.CharField(max_length=12)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    card = SealedJSON()  # what only people read, under the form edition named in it

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["local_id", "source", "desk"], condition=~Q(local_id=""), name="case_once_in_its_source"
            )
        ]

    def __str__(self) -> str:
        return f"case {self.number}"


def number_of(case_id: UUID) -> str:
    """The short number of a case, from the random end of its id."""
    tail = case_id.hex[-10:].upper()
    return f"{tail[:5]}-{tail[5:]}"


class Observation(models.Model):
    """Something seen of a case, written once: part of the evidence. A correction is a new entry that points at the old."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="observations")
    kind = models.CharField(max_length=20)
    observed_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=12)
    content = models.JSONField()
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrections")

    def __str__(self) -> str:
        return f"{self.kind} of case {self.case_id}"


class CaseVersionQuerySet(models.QuerySet["CaseVersion"]):
    def visible_to(self, actor: Actor, permission: str = "case.read") -> "CaseVersionQuerySet":
        return in_scope(self, actor, permission, areas=("path", "report_path"), organisation="organisation_id")

    def known_at(self, moment: datetime | None) -> "CaseVersionQuerySet":
        """The version of each case that was in force at a moment; None means now."""
        if moment is None:
            return self.filter(superseded_at=None)
        return self.filter(Q(superseded_at=None) | Q(superseded_at__gt=moment), recorded_at__lte=moment)

    def counted(self) -> "CaseVersionQuerySet":
        return self.filter(counted=True)


class CaseVersion(models.Model):
    """What was known of a case from one moment until another, judged under one edition of the protocol.

    A new version is written whenever evidence changes what is known. Lists, maps and counts read versions, so that any
    of them can be shown as it was known on any day.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="versions")
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    disease = models.CharField(max_length=40)
    area = models.ForeignKey(Area, models.PROTECT)
    path = AreaPath()
    report_path = AreaPath(blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, db_index=False
    )  # version_by_organisation serves
    counted = models.BooleanField(default=True)  # False for a case found to be another one's duplicate

    edition = models.CharField(max_length=20)
    classification = models.CharField(max_length=30)
    declared = models.BooleanField()  # the class rests on the notifier's word, not on the criteria
    judgement = models.JSONField(default=dict)
    judged_on = models.DateField()

    onset_on = models.DateField(null=True)
    onset_until = models.DateField(null=True)  # later than onset_on when only a span is known
    reported_on = models.DateField()
    confirmed_on = models.DateField(null=True)
    admitted_on = models.DateField(null=True)
    severity = models.CharField(max_length=12, blank=True)
    outcome = models.CharField(max_length=12, blank=True)
    outcome_on = models.DateField(null=True)
    sex = models.CharField(max_length=1)
    age_low = models.FloatField(null=True)
    age_high = models.FloatField(null=True)

    tallied = models.BooleanField(default=False)

    objects = CaseVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(superseded_at=None), name="case_has_one_current_version"
            ),
            models.CheckConstraint(
                condition=Q(onset_until=None) | Q(onset_until__gte=F("onset_on")), name="onset_span"
            ),
        ]
        indexes = [
            models.Index(
                fields=["-reported_on", "-id"], name="version_newest_first"
            ),  # of any evening, so superseded ones too
            models.Index(
                fields=["path", "-reported_on", "-id"], condition=Q(superseded_at=None), name="version_by_area"
            ),
            models.Index(fields=["report_path"], condition=Q(superseded_at=None), name="version_by_reporter"),
            models.Index(fields=["organisation", "-reported_on", "-id"], name="version_by_organisation"),
            models.Index(fields=["recorded_at"], name="version_by_hour"),
            models.Index(fields=["id"], condition=Q(tallied=False), name="version_untallied"),
        ]

    def __str__(self) -> str:
        return f"{self.classification} from {self.recorded_at:%Y-%m-%d %H:%M}"


class CaseTally(models.Model):
    """Counts of cases kept ready: how many, in an area, of a class, with a day of some kind, as known from a day on.

    ``known_on`` is the day a change became known and ``delta`` what it added, so the sum up to a day is the count as
    known that evening. A carried row is the balance of a figure at the end of ``known_on``, in the place of all movements
    up to then. Rows stand for each level from county up, so a province's page reads the province's rows only.
    """

    id = models.BigAutoField(primary_key=True)
    disease = models.CharField(max_length=40)
    area_code = models.CharField(max_length=20)
    measure = models.CharField(max_length=12)
    day = models.DateField()  # tally.NO_DAY where it is not known
    classification = models.CharField(max_length=30)
    value = models.SmallIntegerField(default=0)
    known_on = models.DateField()
    carried = models.BooleanField(default=False)
    delta = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area_code", "disease", "carried", "measure", "known_on", "day", "classification", "value"],
                name="tally_of_a_figure_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.day} {self.classification} {self.delta:+d}"


class TallyState(models.Model):
    """Where the tallies stand: a number that each change of them raises, and the day up to which a balance is carried."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    revision = models.BigIntegerField(default=0)
    carried_until = models.DateField(null=True)

    def __str__(self) -> str:
        return f"revision {self.revision}, carried until {self.carried_until}"


class InvestigationRecord(models.Model):
    """A case investigation as filled in, under the edition of its form. A later record points at the one it replaces."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="investigations")
    form = models.CharField(max_length=40)
    answers = SealedJSON()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.form} of case {self.case_id}"
