"""Writes the reference pages of the manual from the tables that the platform runs on.

    python -m docs.generate

The pages are committed; a test compares them with what this writes.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from docs import library

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
REFERENCE = DOCS / "reference"
NOTE = "<!-- Written by docs/generate.py from the tables of the platform. Run: python -m docs.generate -->\n\n"


def pages() -> dict[Path, str]:
    """Every generated page: its file and its text."""
    from django.utils import translation

    with translation.override("en"):
        texts = {
            "states": states(),
            "permissions": permissions(),
            "events": event_catalogue(),
            "refusals": refusals(),
            "forms": forms(),
            "vocabularies": vocabularies(),
            "diseases": diseases(),
            "work-orders": work_orders(),
            "indicators": indicators(),
            "api": api(),
            "command-line": command_line(),
            "personal-data": personal_data(),
        }
        texts |= {f"epi/{name}": text for name, text in library.pages().items()}
    return {REFERENCE / f"{name}.md": NOTE + text.rstrip() + "\n" for name, text in texts.items()}


# --- writing -----------------------------------------------------------------------------------------------------


def table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table."""
    heads = list(heads)
    lines = [f"| {' | '.join(heads)} |", f"| {' | '.join('---' for _ in heads)} |"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("{", "&#123;").strip()


@cache
def _catalogue() -> dict[str, str]:
    from babel.messages.pofile import read_po

    found: dict[str, str] = {}
    for path in sorted((ROOT / "src").rglob("locale/zh_Hans/LC_MESSAGES/*.po")):
        with path.open("rb") as source:
            found.update({str(entry.id): str(entry.string) for entry in read_po(source) if entry.id and entry.string})
    return found


def chinese(words: Any) -> str:
    """The Chinese of words whose English is the msgid; empty where there is none yet."""
    return _catalogue().get(str(words), "")


def both(label: Mapping[str, str]) -> str:
    return f"{label['en']} · {label['zh']}"


def code(text: Any) -> str:
    return f"`{text}`" if str(text) else ""


# --- the pages ---------------------------------------------------------------------------------------------------


def workflows() -> list[Any]:
    """Every workflow table of the platform, by name."""
    from lianfang.kernel.workflow import Workflow

    found = []
    for path in sorted((ROOT / "src" / "lianfang").glob("*/rules.py")):
        module = import_module(f"lianfang.{path.parent.name}.rules")
        found += [value for value in vars(module).values() if isinstance(value, Workflow)]
    return sorted(found, key=lambda flow: flow.name)


def states() -> str:
    text = "# States and moves\n\nA record moves from state to state only as these tables say. Each move leaves its event.\n"
    for flow in workflows():
        text += f"\n## {flow.name.capitalize()}\n\n{drawing(flow)}\n\n"
        labels = {state.name: str(state.label) for state in flow.states}
        text += table(
            ("state", "中文", "kind"),
            (
                (
                    state.label,
                    chinese(state.label),
                    "first" if state.name == flow.initial else "final" if state.final else "",
                )
                for state in flow.states
            ),
        )
        text += "\n" + table(
            ("move", "中文", "from", "to", "permission", "event"),
            (
                (
                    move.label,
                    chinese(move.label),
                    ", ".join(labels[source] for source in move.sources),
                    labels[move.target],
                    code(move.permission),
                    code(move.event),
                )
                for move in flow.moves
            ),
        )
    return text


WIDE, HIGH, COLUMN, ROW, EDGE = 150, 36, 210, 92, 24


def drawing(flow: Any) -> str:
    """A workflow as a picture: states from top to bottom in the order of the moves, moves as arrows, those back at the side."""
    moves: dict[tuple[str, str], list[str]] = {}
    for move in flow.moves:
        for source in move.sources:
            moves.setdefault((source, move.target), []).append(str(move.label))
    back = _moves_back(flow.initial, moves)
    depth = {state.name: 0 for state in flow.states}
    for _ in flow.states:  # the longest way down to each state
        for source, target in moves.keys() - back:
            depth[target] = max(depth[target], depth[source] + 1)
    places: dict[str, tuple[int, int]] = {}
    filled: dict[int, int] = {}
    for state in flow.states:
        row = depth[state.name]
        places[state.name] = (EDGE + filled.get(row, 0) * COLUMN, EDGE + row * ROW)
        filled[row] = filled.get(row, 0) + 1
    right = EDGE + max(filled.values()) * COLUMN
    shapes, sides = [], 0
    for (source, target), labels in moves.items():
        if (source, target) in back:
            shapes.append(_arrow_back(places[source], places[target], right + 26 * sides, ", ".join(labels)))
            sides += source != target
        else:
            shapes.append(_arrow_down(places[source], places[target], ", ".join(labels)))
    for state in flow.states:
        x, y = places[state.name]
        shapes.append(
            f'<rect x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="8" fill="none" stroke="currentColor" '
            f'stroke-width="{2.5 if state.final else 1.2}"/>'
            f'<text x="{x + WIDE // 2}" y="{y + 23}" text-anchor="middle">{state.label}</text>'
        )
    width, height = right + 26 * sides + 150, 2 * EDGE + max(depth.values()) * ROW + HIGH
    head = '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    head += '<path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="States of the {flow.name}" font-size="13" '
        f'fill="currentColor" xmlns="http://www.w3.org/2000/svg">{head}{"".join(shapes)}</svg>'
    )


def _moves_back(initial: str, moves: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The moves that lead to a state already passed on the way, or stay where they are."""
    found: set[tuple[str, str]] = set()
    seen: set[str] = set()

    def go(here: str, way: tuple[str, ...]) -> None:
        seen.add(here)
        for source, target in moves:
            if source == here:
                if target in way:
                    found.add((source, target))
                elif target not in seen:
                    go(target, (*way, target))

    go(initial, (initial,))
    return found


def _arrow_down(start: tuple[int, int], end: tuple[int, int], label: str) -> str:
    (x1, y1), (x2, y2) = (start[0] + WIDE // 2, start[1] + HIGH), (end[0] + WIDE // 2, end[1])
    if x1 == x2 and y2 - y1 > ROW:  # past the states between
        x1, x2 = x1 + WIDE // 2 - 16, x2 + WIDE // 2 - 16
        path = f"M{x1} {y1}C{x1 + 60} {y1 + 40} {x2 + 60} {y2 - 40} {x2} {y2}"
        return _arrow(path, (x1 + 50, (y1 + y2) // 2), label)
    path = f"M{x1} {y1}C{x1} {(y1 + y2) // 2} {x2} {(y1 + y2) // 2} {x2} {y2}"
    return _arrow(path, (x2 + 6 if x2 >= x1 else x2 - 6, y2 - 16), label)


def _arrow_back(start: tuple[int, int], end: tuple[int, int], side: int, label: str) -> str:
    x1, y1 = start[0] + WIDE, start[1] + HIGH // 2
    if start == end:
        return _arrow(f"M{x1} {y1 - 8}C{x1 + 28} {y1 - 22} {x1 + 28} {y1 + 22} {x1} {y1 + 8}", (x1 + 24, y1 + 4), label)
    x2, y2 = end[0] + WIDE, end[1] + HIGH // 2
    return _arrow(f"M{x1} {y1}C{side} {y1} {side} {y2} {x2} {y2}", (side - (side - x1) // 4 + 4, (y1 + y2) // 2), label)


def _arrow(path: str, spot: tuple[int, int], label: str) -> str:
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" opacity="0.6" marker-end="url(#tip)"/>'
        f'<text x="{spot[0]}" y="{spot[1]}" font-size="11" opacity="0.85">{label}</text>'
    )


def permissions() -> str:
    from lianfang.kernel.access import PERMISSIONS, ROLES

    roles = list(ROLES)
    text = "# Permissions\n\nA person acts through posts: a role held over an area and everything below it, or in one organisation. "
    text += "What a role may do stands in this table; where, follows from the post.\n\n## Roles\n\n"
    text += table(
        ("role", "English", "中文", "may"),
        ((code(role), words, chinese(words), len(allowed)) for role, (words, allowed) in ROLES.items()),
    )
    text += "\n## Who may do what\n\n"
    text += table(
        ("permission", "what it allows", "中文", *(str(ROLES[role][0]) for role in roles)),
        (
            (code(name), words, chinese(words), *("●" if name in ROLES[role][1] else "" for role in roles))
            for name, words in PERMISSIONS.items()
        ),
    )
    return text + (
        "\n## Who may give what\n\nAn administrator makes accounts and gives posts inside his own area, never to himself; "
        "other administrators only below it. An auditor and an administrator hold no other role. An account is changed as a "
        "whole only by somebody whose area holds all of its posts.\n"
    )


def event_catalogue() -> str:
    from lianfang.kernel import events
    from lianfang.supervision.words import DETAILS, LOOKS

    text = "# Events\n\nEach write leaves one event, in the same transaction, and so does each look at personal data. Events never "
    text += "change; they are sealed into a chain. No event holds a name, a number or an address of a person.\n\n"
    rows = sorted(events.kinds().items())
    reacting = events.reactions()
    text += table(
        ("event", "English", "中文", "a look", "what reacts"),
        (
            (
                code(kind),
                words,
                chinese(words),
                "●" if kind in LOOKS else "",
                ", ".join(code(name) for name in reacting.get(kind, ())),
            )
            for kind, words in rows
        ),
    )
    text += "\n## Details\n\nThe names under which events keep what a reader needs to understand them.\n\n"
    return text + table(
        ("name", "English", "中文"), ((code(name), words, chinese(words)) for name, words in sorted(DETAILS.items()))
    )


def refusals() -> str:
    from lianfang.kernel.refusals import sentences
    from lianfang.kernel.views import STATUS

    text = "# Refusals\n\nA rule that says no says why. The same sentence greys out the button, answers the API and stops the row of "
    text += "an import. The API sends the code beside the sentence.\n\n"
    return text + table(
        ("code", "English", "中文", "HTTP"),
        (
            (code(name), words, chinese(words), STATUS.get(name, 422))
            for name, words in sorted(sentences().items(), key=lambda entry: entry[0])
        ),
    )


def forms() -> str:
    from lianfang.definitions.selectors import library

    text = "# Forms\n\nQuestions that only people read. What a rule or an indicator reads is evidence of the case.\n"
    for form in library().forms.values():
        text += f"\n## {both(form.label)}\n\nCode `{form.code}`. Source: {form.source}.\n"
        for section in form.sections:
            text += f"\n### {both(section.label)}\n\n"
            text += table(
                ("question", "English", "中文", "kind", "must be answered", "answers"),
                (
                    (
                        code(entry.code),
                        entry.label["en"],
                        entry.label["zh"],
                        entry.kind,
                        "yes" if entry.required else "",
                        f"vocabulary {entry.vocabulary}"
                        if entry.vocabulary
                        else "; ".join(both(words) for words in entry.choices.values()),
                    )
                    for entry in section.questions
                ),
            )
    return text


def vocabularies() -> str:
    from lianfang.definitions.selectors import library

    text = "# Vocabularies\n\nThe terms that evidence and forms are written in. Kept in `definitions/vocabularies/`.\n"
    for name, terms in sorted(library().vocabularies.items()):
        text += f"\n## {name.capitalize()}\n\n"
        text += table(
            ("term", "English", "中文"), ((code(term), words["en"], words["zh"]) for term, words in terms.items())
        )
    return text


def diseases() -> str:
    from lianfang.definitions.selectors import library

    text = "# Diseases and their editions\n\nA protocol holds from its day until the next edition's. Kept in `definitions/diseases/`.\n"
    for disease in library().diseases.values():
        text += f"\n## {both(disease.label)}\n\nCode `{disease.code}`."
        if interval := disease.serial_interval:
            assumed = " Assumed." if interval.assumed else ""
            text += f" Serial interval {interval.mean_days:g} days (standard deviation {interval.sd_days:g})."
            text += f" {_source(interval.source)}{assumed}"
        text += "\n"
        for edition in disease.editions:
            assumed = " Parts of it are assumed." if edition.assumed else ""
            text += f"\n### {both(disease.label)}, edition {edition.code}\n\nFrom {edition.valid_from}. {_source(edition.source)}{assumed}\n\n"
            text += table(
                ("class", "English", "中文", "counts as", "takes the place of", "definition"),
                (
                    (
                        code(entry.code),
                        entry.label["en"],
                        entry.label["zh"],
                        entry.counts_as,
                        ", ".join(entry.overrides),
                        _logic(entry.logic, edition) if entry.logic else "as stated",
                    )
                    for entry in edition.classes.values()
                ),
            )
            if edition.deadlines:
                text += "\n" + table(
                    ("duty", "within"),
                    ((name.replace("_", " "), _hours(limit)) for name, limit in edition.deadlines.items()),
                )
            if edition.traced:
                text += "\n" + table(("contacts", "rule"), _contact_rules(edition))
    return text


def _contact_rules(edition: Any) -> Iterator[tuple[str, str]]:
    """What an edition says of contacts, as rows: whose, from when, in which categories, by which seats, how observed."""
    yield "traced", ", ".join(edition.classes[name].label["en"] for name in edition.traced)
    if window := edition.contact_window:
        told = (
            f"{window.days_before} days before {window.anchor}" if window.days_before else f"the day of {window.anchor}"
        )
        other = f"; without symptoms before {window.asymptomatic_anchor}" if window.asymptomatic_anchor else ""
        yield "counted from", told + other
    for entry in edition.contact_categories.values():
        asked = [
            *(["within the window"] if entry.in_window else []),
            *(["without effective protection"] if entry.unprotected else []),
            *([f"within {entry.within_metres:g} m"] if entry.within_metres is not None else []),
            *([f"exposed by: {', '.join(entry.kinds)}"] if entry.kinds else []),
            "owes observation" if entry.observed else "owes no observation",
        ]
        yield both(entry.label), "; ".join(asked)
    for rule in edition.seat_rules.values():
        near = "the same compartment" if rule.same_compartment else f"{rule.rows_each_way} rows before and after"
        yield f"near in a vehicle: {rule.vehicle.replace('_', ' ')}", near
    if observation := edition.observation:
        parts = [f"{observation.days} days from the last unprotected exposure"]
        parts += [f"checked by {', by '.join(f'{hour:%H:%M}' for hour in observation.check_by)} each day"]
        parts += [f"fever from {observation.fever_from:g} °C"] if observation.fever_from else []
        parts += [f"reported at once: {', '.join(observation.symptoms)}"] if observation.symptoms else []
        parts += [f"ends early for: {', '.join(observation.early_end)}"]
        parts += [f"assumed, not in the source: {', '.join(observation.assumed)}"] if observation.assumed else []
        yield "observation", "; ".join([*parts, _source(observation.source).rstrip(".")])


def _source(source: str) -> str:
    return f"Source: {source.rstrip('.')}." if source else ""


def _hours(limit: Any) -> str:
    hours = limit.total_seconds() / 3600
    return f"{hours:g} h"


def _logic(logic: Any, edition: Any) -> str:
    parts = []
    for part in logic.parts:
        if not isinstance(part, str):
            parts.append(f"({_logic(part, edition)})")
        elif part.startswith("class:"):
            parts.append(f"the definition of “{edition.classes[part.removeprefix('class:')].label['en']}”")
        else:
            parts.append(edition.criteria[part].label["en"] if part in edition.criteria else part)
    if len(parts) == 1:
        return parts[0]
    joined = "; ".join(parts)
    if logic.number == len(parts):
        return f"all of: {joined}"
    return f"any of: {joined}" if logic.number == 1 else f"at least {logic.number} of: {joined}"


def work_orders() -> str:
    from lianfang.workorders.rules import PROOF_WORDS, kinds

    text = "# Kinds of work orders\n\nWhatever somebody must do by a deadline. The limit of a disease's edition comes before the one here. "
    text += "Kept in `definitions/workorder_kinds.toml`; how they are worked with: [work with orders](../how-to/work-orders.md).\n\n"
    known = kinds()
    text += table(
        (
            "kind",
            "English",
            "中文",
            "about",
            "limit",
            "limit of the edition",
            "escalates when late by",
            "may do",
            "may raise by hand",
        ),
        (
            (
                code(kind.code),
                kind.label["en"],
                kind.label["zh"],
                kind.subject,
                _hours(kind.limit),
                kind.deadline.replace("_", " "),
                _hours(kind.escalates),
                code(kind.permission),
                code(kind.raised_by) if kind.by_hand else "",
            )
            for kind in known.values()
        ),
    )
    text += "\n## What proves and follows them\n\nKinds that are not named here need no proof, are not verified, and nothing follows.\n\n"
    return text + table(
        ("kind", "needed before it is done", "reading", "verified", "followed by"),
        (
            (
                kind.label["en"],
                "what is entered about its subject closes it"
                if kind.by_record
                else ", ".join(str(PROOF_WORDS[part]) for part in kind.form),
                f"{kind.reading.label['en']}, {kind.reading.unit['en']}{', added up' if kind.reading.summed else ''}"
                if kind.reading
                else "",
                "yes" if kind.verify else "",
                known[kind.follows].label["en"] if kind.follows else "",
            )
            for kind in known.values()
            if kind.form or kind.verify or kind.by_record or kind.follows
        ),
    )


def indicators() -> str:
    from lianfang.situation.indicators import INDICATORS

    text = "# Indicators\n\nEach figure of the situation page, and what it counts.\n\n"
    return text + table(
        ("indicator", "English", "中文", "definition"),
        ((code(entry.code), entry.label, chinese(entry.label), entry.definition) for entry in INDICATORS),
    )


def api() -> str:
    from lianfang.config.api import api as platform

    schema = platform.get_openapi_schema(path_prefix="/api/v1/")
    allowed = dict(_operations(platform))
    text = "# The API\n\nOver HTTP, as JSON, under `/api/v1/`. A machine sends the token that an administrator issued for its account, as "
    text += "`Authorization: Bearer lf_…`. Every answer is limited to what the account's posts let it see. A refusal has status 403, "
    text += '404, 409 or 422 and the body `{"refused": [{"code": …, "about": …, "words": …}]}`, in the language of '
    text += "`Accept-Language`. The description in OpenAPI's form is at `/api/v1/openapi.json`.\n"
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            text += f"\n## {method.upper()} {path}\n\n"
            text += f"{told.get('description') or told.get('summary') or ''}\n\n"
            text += f"Permission: {code(allowed.get(told['operationId'], ''))}\n"
            if parameters := told.get("parameters"):
                text += "\n" + table(
                    ("parameter", "in", "type", "must be given"),
                    (
                        (
                            code(entry["name"]),
                            entry["in"],
                            _type(entry.get("schema", {})),
                            "yes" if entry.get("required") else "",
                        )
                        for entry in parameters
                    ),
                )
            for kind, content in told.get("requestBody", {}).get("content", {}).items():
                text += f"\nBody ({kind}): {_type(content.get('schema', {}))}\n"
            for status, answer in told.get("responses", {}).items():
                for content in answer.get("content", {}).values():
                    text += f"\nAnswer {status}: {_type(content.get('schema', {}))}\n"
    text += "\n## Bodies\n"
    for name, told in sorted(schema.get("components", {}).get("schemas", {}).items()):
        text += f"\n### {name}\n\n"
        if told.get("description"):
            text += " ".join(told["description"].split()) + "\n\n"
        required = told.get("required", ())
        text += table(
            ("field", "type", "must be given", "note"),
            (
                (code(field), _type(entry), "yes" if field in required else "", entry.get("description", ""))
                for field, entry in told.get("properties", {}).items()
            ),
        )
    return text


def _operations(platform: Any) -> Iterator[tuple[str, str]]:
    for _prefix, router in platform._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                name = operation.operation_id or platform.get_openapi_operation_id(operation)
                yield name, getattr(operation.view_func, "permission", "")


def _type(schema: Mapping[str, Any]) -> str:
    if reference := schema.get("$ref"):
        return str(reference).rpartition("/")[2]
    if parts := schema.get("anyOf"):
        return " or ".join(_type(part) for part in parts if part.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")


def command_line() -> str:
    import typer

    from lianfang.config.commands import app

    text = "# The command line\n\nEvery command says what it does while it does it, and ends with a plain sentence when it cannot.\n"
    for name, command in _commands(typer.main.get_command(app), "lianfang"):
        text += f"\n## {name}\n\n{' '.join((command.help or '').split())}\n"
        rows = [
            (
                code(" ".join(entry.opts)) if entry.param_type_name == "option" else code(str(entry.name).upper()),
                getattr(entry, "help", "") or "",
                "must be given" if entry.required else _default(entry),
            )
            for entry in command.params
            if entry.name != "help"
        ]
        if rows:
            text += "\n" + table(("name", "what it is", "when not given"), rows)
    return text


def _default(entry: Any) -> str:
    value = entry.default
    return "" if value in (None, "", False) or callable(value) else code(value)


def _commands(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for sub, command in group.commands.items():
        if getattr(command, "commands", None):
            yield from _commands(command, f"{name} {sub}")
        else:
            yield f"{name} {sub}", command


def personal_data() -> str:
    from django.apps import apps

    from lianfang.kernel.sealing import Sealed

    told = tomllib.loads((DOCS / "tables.toml").read_text(encoding="utf-8"))
    text = "# Personal data\n\nWhich columns tell of a person, and how they are kept. A sealed column is ciphertext in the database; its key "
    text += "is kept outside. Whoever reads a table below sees only rows of the areas and organisations where his posts allow it.\n\n"
    rows = []
    for part, tables in told.items():
        for name, entry in tables.items():
            model = apps.get_model(part, name)
            sealed = [field.name for field in model._meta.concrete_fields if isinstance(field, Sealed)]
            open_columns = [column for column in entry.get("personal", ()) if column not in sealed]
            if sealed or open_columns:
                rows.append((f"{part} · {name}", ", ".join(map(code, sealed)), ", ".join(map(code, open_columns))))
    text += table(("table", "sealed", "open to those who may see the row"), rows)
    only_grow = [
        f"{part} · {name}" for part, tables in told.items() for name, entry in tables.items() if entry.get("grows_only")
    ]
    return text + f"\nNever changed and never removed, held by the database itself: {', '.join(only_grow)}.\n"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.config.settings")
    import django

    django.setup()
    REFERENCE.mkdir(exist_ok=True)
    for path, text in pages().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
