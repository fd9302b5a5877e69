"""Areas, organisations, sites, households, people, and the posts that people hold."""

from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from lianfang.kernel import ids
from lianfang.kernel.access import Actor, in_scope
from lianfang.kernel.models import AreaPath
from lianfang.kernel.sealing import SealedText


class Level(models.TextChoices):
    COUNTRY = "country", _("country")
    PROVINCE = "province", _("province")
    CITY = "city", _("city")
    COUNTY = "county", _("county")
    TOWNSHIP = "township", _("township")
    VILLAGE = "village", _("village")
    GRID = "grid", _("grid")


class AreaQuerySet(models.QuerySet["Area"]):
    def valid_on(self, day: date) -> "AreaQuerySet":
        """Areas that exist on a day. A code may stand for different ground before and after a change."""
        return self.filter(Q(valid_from=None) | Q(valid_from__lte=day), Q(valid_until=None) | Q(valid_until__gt=day))


class Area(models.Model):
    """A place in the administrative tree, valid from a day until (not including) another."""

    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    level = models.CharField(max_length=10, choices=Level.choices)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    path = AreaPath()
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    population = models.PositiveBigIntegerField(null=True)
    population_year = models.PositiveSmallIntegerField(null=True)
    population_source = models.CharField(max_length=120, blank=True)

    objects = AreaQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], nulls_distinct=False, name="area_code_once_a_day"),
            models.CheckConstraint(condition=Q(path__endswith="/"), name="area_path_ends_in_slash"),
        ]
        indexes = [models.Index(fields=["path"], name="area_path"), models.Index(fields=["level"], name="area_level")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class AreaShape(models.Model):
    """The outline of an area in longitude and latitude (WGS 84), as a GeoJSON geometry."""

    area = models.OneToOneField(Area, models.CASCADE, related_name="shape")
    geometry = models.JSONField()
    source = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return f"shape of {self.area_id}"


ANY_DISEASE = "all"


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, actor: Actor, permission: str = "area.read") -> "OrganisationQuerySet":
        return in_scope(self, actor, permission, areas=("path",), organisation="pk")

    def designated_on(self, day: date) -> "OrganisationQuerySet":
        """Those designated on a day to receive patients, of whatever disease."""
        begun = Q(designated_from=None) | Q(designated_from__lte=day)
        going_on = Q(designated_until=None) | Q(designated_until__gt=day)
        return self.exclude(designated_for=[]).filter(begun, going_on)


class Organisation(models.Model):
    """A hospital, a centre for disease control, an enterprise, a school: whoever reports or must act."""

    class Kind(models.TextChoices):
        HOSPITAL = "hospital", _("hospital")
        CLINIC = "clinic", _("clinic or health centre")
        CDC = "cdc", _("centre for disease control")
        LABORATORY = "laboratory", _("laboratory")
        AUTHORITY = "authority", _("health authority")
        ENTERPRISE = "enterprise", _("enterprise")
        SCHOOL = "school", _("school")
        OTHER = "other", _("other")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    area = models.ForeignKey(Area, models.PROTECT)
    path = AreaPath()
    phone = models.CharField(max_length=40, blank=True)  # of its desk, not of a person
    # Which patients it was designated to receive: codes of diseases, or ANY_DISEASE; nothing where it was not.
    designated_for = models.JSONField(default=list)
    designated_from = models.DateField(null=True)
    designated_until = models.DateField(null=True)  # the first day on which it no longer is

    PATIENTS = ("hospital", "clinic")  # kinds that may be designated

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "area"], name="organisation_once_in_its_area"),
            models.CheckConstraint(
                condition=Q(designated_until=None)
                | Q(designated_from=None)
                | Q(designated_until__gte=F("designated_from")),
                name="designation_span",
            ),
        ]
        indexes = [models.Index(fields=["path"], name="organisation_path")]

    def __str__(self) -> str:
        return self.name

    def receives(self, disease: str) -> bool:
        """Whether patients of a disease are among those it was designated to receive."""
        return ANY_DISEASE in self.designated_for or disease in self.designated_for


class SiteQuerySet(models.QuerySet["Site"]):
    def visible_to(self, actor: Actor, permission: str = "area.read") -> "SiteQuerySet":
        return in_scope(self, actor, permission, areas=("path",), organisation="organisation_id")

    def in_use(self, day: date) -> "SiteQuerySet":
        return self.filter(Q(closed_on=None) | Q(closed_on__gt=day))


class Site(models.Model):
    """A place with a door: an isolation site, a station, a market, a school building. Where something happened or is done."""

    class Kind(models.TextChoices):
        ISOLATION = "isolation", _("isolation site")
        HEALTH = "health", _("health facility")
        SCHOOL = "school", _("school or kindergarten")
        CARE_HOME = "care_home", _("home for the aged or welfare institution")
        WORKPLACE = "workplace", _("workplace")
        MARKET = "market", _("market or shop")
        PUBLIC = "public", _("public place or entertainment")
        TRANSPORT = "transport", _("station, vehicle or checkpoint")
        RESIDENTIAL = "residential", _("residential compound")
        OTHER = "other", _("other")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    area = models.ForeignKey(Area, models.PROTECT)
    path = AreaPath()
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="sites")  # who runs it
    address = models.CharField(max_length=200, blank=True)  # of a public place, so not sealed
    phone = models.CharField(max_length=40, blank=True)  # of its desk, not of a person
    longitude = models.FloatField(null=True)  # WGS 84
    latitude = models.FloatField(null=True)
    opened_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)  # the first day on which it is no longer used

    objects = SiteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_on=None) | Q(opened_on=None) | Q(closed_on__gte=F("opened_on")), name="site_span"
            ),
            models.UniqueConstraint(fields=["name", "area"], name="site_once_in_its_area"),
        ]
        indexes = [models.Index(fields=["path", "kind"], name="site_by_area")]

    def __str__(self) -> str:
        return self.name


class HouseholdQuerySet(models.QuerySet["Household"]):
    def visible_to(self, actor: Actor, permission: str = "case.identify") -> "HouseholdQuerySet":
        return in_scope(self, actor, permission, areas=("path",))


class Household(models.Model):
    """People who live behind one door."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    area = models.ForeignKey(Area, models.PROTECT)
    path = AreaPath()
    address = SealedText()
    list_key = models.BinaryField(max_length=16, null=True, unique=True)  # its number in the list that told of it

    objects = HouseholdQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["path"], name="household_path")]

    def __str__(self) -> str:
        return str(self.pk)


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, actor: Actor, permission: str = "case.identify") -> "PersonQuerySet":
        return in_scope(self, actor, permission, areas=("path",), organisation="known_to_id")


class Person(models.Model):
    """Somebody the platform knows of. Who it is stays sealed; what rules read is in the open columns."""

    class Sex(models.TextChoices):
        MALE = "M", _("male")
        FEMALE = "F", _("female")
        UNKNOWN = "U", _("unknown")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    name = SealedText()
    id_number = SealedText()
    phone = SealedText()
    address = SealedText()
    parent_name = SealedText()
    sex = models.CharField(max_length=1, choices=Sex.choices, default=Sex.UNKNOWN)
    birth_date = models.DateField(null=True)
    birth_year = models.SmallIntegerField(null=True)  # of the birth date, or from an age: then right to a year
    area = models.ForeignKey(Area, models.PROTECT, null=True)
    path = AreaPath(blank=True)
    household = models.ForeignKey(Household, models.PROTECT, null=True)
    known_to = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="merged", db_index=False
    )  # itself never merged
    created_at = models.DateTimeField()

    PERSONAL = ("name", "id_number", "phone", "address", "parent_name", "sex", "birth_date", "birth_year")

    objects = PersonQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["path"], name="person_path"),
            # Few were ever merged: an index of all the others would be passed over by a planner that knows so.
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="person_merged"),
        ]

    def __str__(self) -> str:
        return f"person {self.pk}"

    @property
    def stands_under_id(self) -> UUID:
        """The record that stands for this person: this one, or the one it was merged into."""
        return self.merged_into_id or self.pk

    @property
    def stands_under(self) -> "Person":
        """That record itself; load it with ``merged_into``."""
        return self.merged_into or self

    @property
    def born_on(self) -> date | None:
        """The date of birth by the record that stands for this person, or else by this one; load it with ``merged_into``."""
        return self.stands_under.birth_date or self.birth_date

    @property
    def masked_name(self) -> str:
        """The name as lists show it: the family name and stars."""
        name: Any = self.name
        if not name:
            return ""
        return name[0] + "*" * max(1, min(len(name) - 1, 3))


class PersonKey(models.Model):
    """A blind index entry: the digest of something by which this person may be found again."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="keys")
    kind = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=16)

    class Meta:
        indexes = [models.Index(fields=["digest"], name="personkey_digest")]

    def __str__(self) -> str:
        return f"{self.kind} key of {self.person_id}"


class Post(models.Model):
    """A role held by a user over an area and all below it, or in one organisation, for a time."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="posts")
    role = models.CharField(max_length=30)
    area = models.ForeignKey(Area, models.PROTECT, null=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(area=None, organisation__isnull=False) | Q(area__isnull=False, organisation=None),
                name="post_is_over_an_area_or_in_an_organisation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.user_id}"


class PossibleDuplicateQuerySet(models.QuerySet["PossibleDuplicate"]):
    def undecided(self) -> "PossibleDuplicateQuerySet":
        """Pairs to be decided: not decided themselves, and not one person already by decisions on other pairs."""
        return self.filter(decision="").exclude(
            Exact(Coalesce("person__merged_into_id", "person_id"), Coalesce("other__merged_into_id", "other_id"))
        )

    def visible_to(self, actor: Actor, permission: str = "person.merge") -> "PossibleDuplicateQuerySet":
        """Pairs of which the actor may merge both records."""
        one = in_scope(self, actor, permission, areas=("person__path",), organisation="person__known_to_id")
        return in_scope(one, actor, permission, areas=("other__path",), organisation="other__known_to_id")


class PossibleDuplicate(models.Model):
    """Two records that may be one person, with the reasons; kept until somebody decides, and the decision kept after."""

    class Decision(models.TextChoices):
        OPEN = "", _("to be decided")
        SAME = "same", _("the same person")
        DIFFERENT = "different", _("different people")

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    other = models.ForeignKey(Person, models.PROTECT, related_name="+")
    path = AreaPath()
    score = models.FloatField()
    verdict = models.CharField(max_length=10)
    reasons = models.JSONField()
    found_at = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = PossibleDuplicateQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "other"], name="pair_offered_once")]
        indexes = [
            models.Index(fields=["path", "-score"], condition=Q(decision=""), name="duplicate_to_decide"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} ~ {self.other_id}"

    @property
    def percent(self) -> int:
        """The likeness in hundredths, never 100: the last word is a person's."""
        return min(99, round(self.score * 100))
