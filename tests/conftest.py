import os
import tempfile
from pathlib import Path

os.environ.setdefault("LIANFANG_HOME", tempfile.mkdtemp(prefix="lianfang-tests-"))

SHARED = Path(__file__).resolve().parents[2] / "shared"
