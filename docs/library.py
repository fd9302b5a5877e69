"""The pages of the analytic library, written from its docstrings: one a module, and one that lists them.

docs/generate.py writes them with the other reference pages.
"""

import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from lianfang import epi

ARGUMENT = re.compile(r"^(?P<names>[a-z0-9_]+(?:, [a-z0-9_]+)*) : (?P<words>.*)$")

INDEX = """# The analytic library

`lianfang.epi`: arrays and dates in, arrays and dates out. It needs numpy and scipy alone, no platform and no database, and takes
one series `(n_days,)` or a whole panel `(n_series, n_days)` in one call; index 0 is the first day, always. What it cannot work
with it refuses with one error, `EpiInputError`, that names the argument:

    >>> from lianfang.epi.transmission import estimate_rt
    >>> estimate_rt([3, 5, -1, 8], [0, 0.5, 0.5])
    Traceback (most recent call last):
        ...
    lianfang.epi._checks.EpiInputError: counts: must not be negative (-1 at index 2)

[In five minutes](../../tutorial/library-in-five-minutes.md) takes a line list from a Python prompt to a forecast.

[How near it comes to references](parity.md) and [how often its intervals held](coverage.md) is measured.
"""


def modules() -> list[str]:
    """The parts of the library, without what they share inside."""
    return sorted(m.name for m in pkgutil.iter_modules(epi.__path__) if not m.name.startswith("_"))


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Functions and classes a module offers, in the order of its text; of a package, in the order of its list."""
    inside = getattr(module, "__all__", None)
    names = list(inside) if inside else [name for name in vars(module) if not name.startswith("_")]
    for name in names:
        thing = getattr(module, name)
        if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing.__module__.startswith(module.__name__):
            yield name, thing


def pages() -> dict[str, str]:
    """Text of each page by its name."""
    index = INDEX
    texts = {}
    for part in modules():
        module = importlib.import_module(f"lianfang.epi.{part}")
        things = list(public(module))
        texts[part] = _page(part, module, things)
        index += f"\n## [{part}]({part}.md)\n\n{_plain(_first(module))}\n\n"
        index += "".join(
            f"- [`{name}`]({part}.md#{name.lower()}): {_plain(_first(thing))}\n"
            for name, thing in things
            if inspect.isfunction(thing)
        )
    return {"index": index, **texts}


def _page(part: str, module: ModuleType, things: list[tuple[str, Any]]) -> str:
    text = f"# {part}\n\n{_described(inspect.getdoc(module) or '')}\n\n"
    names = textwrap.wrap(", ".join(name for name, _ in things), 90)
    lines = [f"from lianfang.epi.{part} import (", *(f"    {line}" for line in names), ")"]
    text += "".join(f"    {'>>>' if i == 0 else '...'} {line}\n" for i, line in enumerate(lines))
    for name, thing in things:
        text += f"\n## {name}\n\n"
        if inspect.isfunction(thing):
            text += _indented(f"{name}{_signature(thing)}") + "\n"
        text += _described(inspect.getdoc(thing) or "") + "\n"
        if inspect.isclass(thing):
            for method, function in vars(thing).items():
                function = function.fget if isinstance(function, property) else function
                if inspect.isfunction(function) and not method.startswith("_") and function.__doc__:
                    call = method if isinstance(vars(thing)[method], property) else f"{method}{_signature(function)}"
                    text += (
                        f"\n### {name}.{method}\n\n{_indented(call)}\n{_described(inspect.getdoc(function) or '')}\n"
                    )
    return text


def _signature(function: Any) -> str:
    """Names and defaults; types are told in words below."""
    parts = []
    only_named = False
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not only_named:
            only_named = True
            parts.append("*")
        sign = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        only_named |= parameter.kind is parameter.VAR_POSITIONAL
        default = "" if parameter.default is parameter.empty else f"={_default(parameter.default)}"
        parts.append(f"{sign}{name}{default}")
    return "(" + ", ".join(parts) + ")"


def _default(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) < 40 else "..."


def _first(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def _plain(words: str) -> str:
    return words.replace("<", "&lt;")


def _indented(code: str) -> str:
    return textwrap.indent("\n".join(textwrap.wrap(code, 96, subsequent_indent="    ")), "    ") + "\n"


def _described(doc: str) -> str:
    """A docstring as Markdown: arguments as a list, examples as code."""
    return "\n\n".join(_paragraph(lines) for lines in (block.splitlines() for block in doc.split("\n\n")) if lines)


def _paragraph(lines: list[str]) -> str:
    if lines[0].lstrip().startswith(">>>"):
        return textwrap.indent("\n".join(lines), "    ")
    out: list[str] = []
    for line in lines:
        if found := ARGUMENT.match(line):
            if out and not out[-1].startswith("- "):
                out.append("")
            out.append(f"- `{found['names']}`: {_plain(found['words'])}")
        elif line.startswith("    ") and out and out[-1].startswith("- "):
            out[-1] += " " + _plain(line.strip())
        else:
            if out and out[-1].startswith("- "):
                out.append("")
            out.append(_plain(line.strip()))
    return "\n".join(out)
