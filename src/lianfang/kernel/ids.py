"""Ids are made where an observation is made, so that work done offline needs no renumbering and a retry is harmless."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A UUIDv7: unique without asking anyone, and ordered by the time it was made."""
    return uuid_utils.compat.uuid7()
