"""The source of the platform as the completeness tests read it: syntax trees, templates, catalogues."""

import ast
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "lianfang"
PARTS = sorted(path.parent.name for path in SOURCE.glob("*/apps.py"))
DJANGO = [part for part in PARTS if part != "epi"]
MARKS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "Phrase": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3), "npgettext_lazy": ((1, "c"), 2, 3),
}  # fmt: skip


@cache
def trees() -> dict[Path, ast.Module]:
    """Every Python file of the platform, parsed, by its path from the package."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        if path.parent.name == "migrations":
            continue
        found[path.relative_to(SOURCE)] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def templates() -> list[Path]:
    return sorted(SOURCE.glob("*/templates/**/*.html"))


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """(file:line, call) of every call of a function of one of these names."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                function = node.func
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if name in names:
                    yield f"{path}:{node.lineno}", node


def literals(but: str = "") -> Iterator[tuple[str, str]]:
    """(file:line, text) of every string in the code, but for files of one name."""
    for path, tree in trees().items():
        if path.name != but:
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{path}:{node.lineno}", node.value


@dataclass(frozen=True)
class Words:
    """Something to be translated, and where it stands."""

    msgid: str
    context: str
    plural: str
    where: str


def words_of(part: str) -> list[Words]:
    """Everything in the code and the templates of a part that is to be translated."""
    found = []
    folder = SOURCE / part
    for path in sorted(folder.rglob("*.py")):
        found += _extracted(path.read_bytes(), path)
    for path in sorted(folder.glob("templates/**/*.html")):
        as_code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        found += _extracted("\n".join(line.lstrip() for line in as_code.splitlines()).encode(), path)
    return found


def _extracted(code: bytes, path: Path) -> Iterator[Words]:
    for line, message, _comments, context in extract("python", io.BytesIO(code), MARKS, options={"encoding": "utf-8"}):
        parts = message if isinstance(message, tuple) else (message,)
        where = f"{path.relative_to(SOURCE)}:{line}"
        if parts[0]:
            yield Words(parts[0], context or "", parts[1] if len(parts) > 1 and parts[1] else "", where)


def entries(part: str) -> list[Message]:
    """The entries of a part's Chinese catalogue; none when it has no catalogue yet."""
    path = SOURCE / part / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return []
    with path.open("rb") as source:
        return [entry for entry in read_po(source, abort_invalid=True) if entry.id and not entry.fuzzy]


def told(text: str | tuple[str, ...] | list[str]) -> list[str]:
    """The forms of an entry: one, or singular and plural."""
    return [text] if isinstance(text, str) else list(text)


@cache
def catalogues() -> dict[tuple[str, str], dict[str, str]]:
    """The Chinese of everything: {(context, msgid): {part: msgstr}}; empty and fuzzy entries are left out."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for part in PARTS:
        for entry in entries(part):
            if all(told(entry.string)):
                found.setdefault((entry.context or "", told(entry.id)[0]), {})[part] = told(entry.string)[0]
    return found


def placeholders(text: str) -> set[str]:
    """The names that a sentence leaves open: {name} and %(name)s."""
    return set(re.findall(r"\{(\w+)[^{}]*\}", text)) | set(re.findall(r"%\((\w+)\)", text))


def as_entry(words: Words) -> str:
    """The lines to paste into a catalogue."""

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    lines = [f"#: {words.where}"]
    if words.context:
        lines.append(f"msgctxt {quoted(words.context)}")
    lines.append(f"msgid {quoted(words.msgid)}")
    if words.plural:
        lines += [f"msgid_plural {quoted(words.plural)}", 'msgstr[0] ""']
    else:
        lines.append('msgstr ""')
    return "\n".join(lines)
