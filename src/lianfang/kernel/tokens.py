"""Keys for machines: a hospital's system, a nightly script. They act with the posts of the user they were made for."""

import hashlib
import secrets
from datetime import timedelta

from . import clock
from .models import ApiToken, User


def issue(user: User, name: str, valid_for: timedelta = timedelta(days=90)) -> str:
    """A new token, returned this once; the database keeps only its digest."""
    token = f"lf_{secrets.token_urlsafe(32)}"
    now = clock.now()
    ApiToken.objects.create(user=user, name=name, digest=_digest(token), created_at=now, expires_at=now + valid_for)
    return token


def holder(token: str) -> User | None:
    """The active user whom a token stands for, or None when it is unknown, ended or revoked."""
    try:
        found = ApiToken.objects.select_related("user").get(digest=_digest(token))
    except ApiToken.DoesNotExist:
        return None
    in_force = found.revoked_at is None and found.expires_at > clock.now() and found.user.is_active
    return found.user if in_force else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
