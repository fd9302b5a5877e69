"""Documents as PDF, set by typst: a source that holds the form, and the words and figures beside it as JSON."""

import json
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.conf import settings


@cache
def held() -> frozenset[str]:
    """The characters that the fonts of documents hold, as their build wrote them down."""
    return frozenset((settings.DOCUMENT_FONTS / "characters.txt").read_text(encoding="utf-8"))


def settable(text: str) -> str:
    """A text that can be set: a character that no font holds is given by its number, [U+20BB7], never by an empty box."""
    return "".join(each if each in held() or each.isspace() else f"[U+{ord(each):04X}]" for each in text)


def typeset(source: Path, content: Mapping[str, Any]) -> bytes:
    """The document that a typst source makes of this content, which it reads as ``content.json``."""
    with tempfile.TemporaryDirectory(prefix="lianfang-document-") as folder:
        copied = Path(folder) / source.name
        copied.write_bytes(source.read_bytes())
        said = settable(json.dumps(content, ensure_ascii=False, default=str))
        (Path(folder) / "content.json").write_text(said, encoding="utf-8")
        return typst.compile(str(copied), root=folder, font_paths=[str(settings.DOCUMENT_FONTS)])
