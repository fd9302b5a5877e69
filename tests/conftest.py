import os
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("LIANFANG_HOME", tempfile.mkdtemp(prefix="lianfang-tests-"))

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def world(db):
    """A small Zhejiang with accounts for each role; see tests/world.py."""
    from tests.world import build

    return build()
