"""Every code the import can utter has its reason and remedy in both languages, and every state and field its words."""

import ast
import re
from pathlib import Path

import pytest
from django.utils import translation

import lianfang.exchange
from lianfang.exchange import words
from lianfang.exchange.reading.fields import FIELDS
from lianfang.exchange.reading.reasons import REASONS
from lianfang.exchange.rules import IMPORT
from lianfang.kernel.events import kinds
from lianfang.kernel.refusals import sentences

PART = Path(lianfang.exchange.__file__).parent


def uttered() -> set[str]:
    """Every text "import.…" in the code of the part that names no event."""
    found = set()
    for path in [*PART.rglob("*.py"), PART.parent / "config" / "importing.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"import\.[a-z_]+", node.value)
            ):
                found.add(node.value)
    return found - set(words.EVENTS) - {"import.run"}


@pytest.mark.pure
def test_every_code_that_the_import_utters_has_its_sentence():
    missing = sorted(code for code in uttered() if code not in sentences())
    assert not missing, f"add to reading/reasons.py: {missing}"


@pytest.mark.pure
def test_every_reason_and_remedy_stands_in_both_languages():
    english = [text for pair in REASONS.values() for text in pair if text]
    with translation.override("en"):
        english += [
            str(text) for text in (*words.SENTENCES.values(), *words.FIELD_WORDS.values(), *words.EVENTS.values())
        ]
    english += [str(state.label) for state in IMPORT.states] + [str(move.label) for move in IMPORT.moves]
    with translation.override("zh-hans"):
        missing = [text for text in english if not re.search(r"[\u4e00-\u9fff]", translation.gettext(text))]
    assert not missing, f"add to exchange/locale/zh_Hans/LC_MESSAGES/django.po: {missing}"


@pytest.mark.pure
def test_a_translation_names_the_same_values_as_its_original():
    with translation.override("zh-hans"):
        for code, (reason, _remedy) in REASONS.items():
            shown = re.findall(r"\{\w+\}", translation.gettext(reason))
            assert sorted(shown) == sorted(re.findall(r"\{\w+\}", reason)), code


@pytest.mark.pure
def test_every_field_has_a_name_and_every_move_its_event():
    assert set(FIELDS) <= set(words.FIELD_WORDS)
    assert {move.event for move in IMPORT.moves} <= set(kinds())
