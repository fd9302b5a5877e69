from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("tests", deadline=None)  # a busy machine is no mistake
settings.load_profile("tests")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def world(db):
    """A small Zhejiang with accounts for each role; see tests/world.py."""
    from tests.world import build

    return build()


@pytest.fixture(autouse=True)
def _a_note_of_the_last_seal_for_each_test(request, tmp_path_factory):
    """Seals are noted outside the database. Each test has its own database, so each has its own note."""
    from django.conf import settings

    if settings.configured:
        settings.LAST_SEAL_FILE = tmp_path_factory.mktemp("seals") / "last-seal.json"
