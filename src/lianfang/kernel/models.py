import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from . import ids


class AreaPath(models.CharField):
    """Codes from the root down, each followed by a slash: "CN/330000/330300/". Compared byte by byte on every database."""

    def __init__(self, *args: Any, **options: Any):
        options.setdefault("max_length", 120)
        super().__init__(*args, **options)

    def db_type(self, connection: Any) -> str | None:
        kind = super().db_type(connection)
        return f'{kind} COLLATE "C"' if connection.vendor == "postgresql" else kind


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """An account. What it may do stands in its posts, never here."""

    username = models.CharField(max_length=60, unique=True)
    display_name = models.CharField(max_length=60)
    language = models.CharField(max_length=10, blank=True)
    is_active = models.BooleanField(default=True)
    password_is_one_time = models.BooleanField(
        default=False
    )  # told by whoever made it; must be changed before anything
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["display_name"]
    objects = UserManager()

    def __str__(self) -> str:
        return self.username

    @property
    def subject_id(self) -> uuid.UUID:
        """The account as the subject of an event."""
        return uuid.UUID(int=self.pk)


class Seal(models.Model):
    """One link of the chain over the events: the digests of a batch, bound to the seal before it and signed."""

    sealed_at = models.DateTimeField()
    previous = models.BinaryField(max_length=32, unique=True)  # unique: a chain has no branches
    digest = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=32)
    count = models.PositiveIntegerField()
    left_none = models.BooleanField()  # no unsealed event was left behind: what comes later was written later
    entries = models.BinaryField()  # for each event 16 bytes of id and 32 of digest

    def __str__(self) -> str:
        return f"seal {self.pk} of {self.count} events"


class Event(models.Model):
    """What happened, written in the transaction that did it. Never changed, never removed; identities never in it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    kind = models.CharField(max_length=60)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)  # event_by_user serves
    channel = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.UUIDField(null=True)
    path = AreaPath(blank=True)
    details = models.JSONField(default=dict)
    digest = models.BinaryField(max_length=32)
    seal = models.ForeignKey(Seal, models.PROTECT, null=True, related_name="events")

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "at"], name="event_by_subject"),
            models.Index(fields=["by", "at"], name="event_by_user"),
            models.Index(fields=["path", "at"], name="event_by_path"),
            models.Index(fields=["at", "id"], name="event_by_hour"),
            models.Index(fields=["id"], condition=models.Q(seal=None), name="event_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_kind}:{self.subject_id}"

    @property
    def subject(self) -> tuple[str, uuid.UUID | None]:
        return self.subject_kind, self.subject_id


class ApiToken(models.Model):
    """A key for a machine that acts for a user. Only its digest is kept; shown once, revocable, with an end."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
