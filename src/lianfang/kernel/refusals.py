"""A rule that says no says why, in words.

Rules return a ``Refusal`` or None. The same refusal greys out the button, answers the API and stops the import row.
The code and its values are the refusal; the words belong to the reader's language and are looked up when shown.
Each part registers its sentences in ``words.py`` as ``SENTENCES = {"code": gettext_lazy("…{value}…")}``.
"""

from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from django.utils.translation import gettext


class Phrase(str):
    """A few words that stand in a table without Django and are translated when shown. The English is the msgid."""

    __slots__ = ()


@dataclass(frozen=True)
class Refusal:
    """Why something may not be done: a code, the values its sentence needs, and the field it concerns, if one."""

    code: str
    values: dict[str, Any] = field(default_factory=dict, hash=False)
    about: str = ""

    def __str__(self) -> str:
        return words_for(self.code, self.values)


class Refused(Exception):
    """Raised by a service when a rule said no. Carries one refusal or several; nothing was written."""

    def __init__(self, *refusals: Refusal):
        super().__init__(*refusals)
        self.refusals = refusals

    def __str__(self) -> str:
        return " ".join(str(refusal) for refusal in self.refusals)


def refuse(code: str, about: str = "", /, **values: Any) -> Refusal:
    """A refusal with its values as keywords."""
    return Refusal(code, values, about)


def words_for(code: str, values: dict[str, Any]) -> str:
    """The sentence of a code in the language in force. An unknown code is shown as it is rather than hidden."""
    sentence = sentences().get(code)
    if sentence is None:
        return f"{code} {values or ''}".strip()
    shown = {name: gettext(value) if isinstance(value, Phrase) else value for name, value in values.items()}
    return str(sentence).format_map(_Shown(shown))


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


@cache
def sentences() -> dict[str, Any]:
    """All registered sentences of all installed parts, by code. Two parts may not claim one code."""
    from django.apps import apps

    found: dict[str, Any] = {}
    for config in apps.get_app_configs():
        if not config.name.startswith("lianfang."):
            continue
        try:
            words = import_module(f"{config.name}.words")
        except ModuleNotFoundError as missing:
            if missing.name != f"{config.name}.words":
                raise
            continue
        twice = found.keys() & words.SENTENCES.keys()
        if twice:
            raise RuntimeError(f"sentences registered twice: {sorted(twice)}")
        found.update(words.SENTENCES)
    return found
