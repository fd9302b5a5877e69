"""Documents as PDF, set by typst: a source that holds the form, and the words and figures beside it as JSON."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst
from django.conf import settings


def typeset(source: Path, content: Mapping[str, Any]) -> bytes:
    """The document that a typst source makes of this content, which it reads as ``content.json``."""
    with tempfile.TemporaryDirectory(prefix="lianfang-document-") as folder:
        copied = Path(folder) / source.name
        copied.write_bytes(source.read_bytes())
        said = json.dumps(content, ensure_ascii=False, default=str)
        (Path(folder) / "content.json").write_text(said, encoding="utf-8")
        return typst.compile(str(copied), root=folder, font_paths=[str(settings.DOCUMENT_FONTS)])
