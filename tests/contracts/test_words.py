"""Whatever is shown has words, in both languages, and whatever has words is used."""

import ast
import re

import pytest
from django.utils import translation

from lianfang.kernel import events
from lianfang.kernel.access import PERMISSIONS, ROLES
from lianfang.kernel.refusals import sentences
from tests.contracts.source import (
    PARTS,
    as_entry,
    calls,
    catalogues,
    entries,
    literals,
    placeholders,
    told,
    trees,
    words_of,
)

DOTTED = re.compile(r"^[a-z_]+\.[a-z_]+$")
SAME_IN_BOTH = {"API", "CSV", "PDF", "PNG", "Lianfang", "Rt"}


@pytest.mark.parametrize("part", PARTS)
def test_everything_to_be_shown_has_its_chinese(part):
    known = catalogues()
    missing = {(entry.context, entry.msgid): entry for entry in words_of(part)}
    missing = {key: entry for key, entry in missing.items() if key not in known and entry.msgid not in SAME_IN_BOTH}
    lines = "\n\n".join(as_entry(entry) for entry in missing.values())
    assert not missing, (
        f"{len(missing)} without Chinese. Paste into src/lianfang/{part}/locale/zh_Hans/LC_MESSAGES/django.po:\n\n{lines}"
    )


@pytest.mark.parametrize("part", PARTS)
def test_the_chinese_leaves_open_what_the_english_leaves_open(part):
    wrong = []
    for entry in entries(part):
        left_open = {name for form in told(entry.id) for name in placeholders(form)}
        for form in told(entry.string):
            if form and placeholders(form) != left_open:
                wrong.append(f"{told(entry.id)[0]!r}: {sorted(left_open)} but {sorted(placeholders(form))}")
    assert not wrong, "\n".join(wrong)


def test_no_english_has_two_different_chinese():
    """Catalogues are one at run time: of two translations one would be shown everywhere. Tell them apart by context."""
    twice = {msgid: words for (_context, msgid), words in catalogues().items() if len(set(words.values())) > 1}
    assert not twice, "\n".join(f"{msgid!r}: {words}" for msgid, words in sorted(twice.items()))


def in_chinese(words):
    with translation.override("zh-hans"):
        return str(words)


def in_english(words):
    with translation.override("en"):
        return str(words)


@pytest.mark.parametrize(
    ("what", "table"),
    [
        ("event", events.kinds),
        ("sentence", sentences),
        ("permission", lambda: PERMISSIONS),
        ("role", lambda: {role: words for role, (words, _allowed) in ROLES.items()}),
    ],
)
def test_every_entry_of_the_tables_of_words_reads_in_both_languages(what, table):
    same = [
        f'{code}: msgid "{in_english(words)}"'
        for code, words in table().items()
        if in_chinese(words) == in_english(words)
    ]
    assert not same, f"no Chinese for the {what}:\n" + "\n".join(same)


def known_codes():
    return events.kinds().keys() | sentences().keys() | PERMISSIONS.keys()


def test_every_event_that_the_code_names_is_declared():
    """Any text like "case.notified" whose first word is one that events have."""
    families = {kind.partition(".")[0] for kind in events.kinds()}
    unknown = sorted(
        f'{where}: "{text}"'
        for where, text in literals()
        if DOTTED.match(text) and text.partition(".")[0] in families and text not in known_codes()
    )
    assert not unknown, "not declared; add to EVENTS or SENTENCES of the part's words.py:\n" + "\n".join(unknown)


def test_every_declared_event_happens_somewhere():
    used = {text for _where, text in literals(but="words.py")}
    never = sorted(events.kinds().keys() - used)
    assert not never, f"declared in EVENTS and never recorded; remove: {never}"


def refusals():
    for where, call in calls("refuse"):
        if call.args and isinstance(call.args[0], ast.Constant):
            yield where, call.args[0].value, call


def test_every_refusal_has_its_sentence():
    missing = sorted(f'{where}: "{code}": _("…"),' for where, code, _call in refusals() if code not in sentences())
    assert not missing, "add to SENTENCES of the part's words.py:\n" + "\n".join(missing)


def test_every_refusal_gives_what_its_sentence_leaves_open():
    wrong = []
    for where, code, call in refusals():
        if code in sentences() and all(keyword.arg for keyword in call.keywords):
            given = {keyword.arg for keyword in call.keywords}
            if lacking := placeholders(in_english(sentences()[code])) - given:
                wrong.append(f"{where}: {code} needs {sorted(lacking)}")
    assert not wrong, "\n".join(wrong)


def test_every_sentence_is_used():
    used = {text for _where, text in literals(but="words.py")}
    never = sorted(code for code in sentences() if code not in used and not code.startswith("import."))
    assert not never, f"registered in SENTENCES and never refused with; remove: {never}"


def test_every_detail_of_an_event_has_words():
    """Names under which events keep their details, as written in the calls that record them."""
    from lianfang.supervision.words import DETAILS

    written = [
        (where, keyword.value)
        for where, call in calls("record", "made")
        for keyword in call.keywords
        if keyword.arg == "details"
    ]
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Assign)
                and getattr(node.targets[0], "id", "") == "details"
                and path.parts[0] != "config"
            ):
                written.append((f"{path}:{node.lineno}", node.value))
    unknown = set()
    for where, value in written:
        for node in ast.walk(value):
            if isinstance(node, ast.Dict):
                names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
                unknown |= {f'{where}: "{name}": _("…"),' for name in names if name not in DETAILS}
    assert not unknown, "add to DETAILS of supervision/words.py:\n" + "\n".join(sorted(unknown))
