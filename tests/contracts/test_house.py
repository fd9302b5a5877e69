"""What a person would otherwise have to remember of the house as a whole."""

import re
import tomllib
from importlib import import_module

import pytest

from lianfang.definitions.editions import read_library
from lianfang.kernel import events
from lianfang.kernel.access import PERMISSIONS, ROLES
from lianfang.kernel.workflow import Workflow
from lianfang.workorders.rules import read_kinds
from tests.contracts.source import DJANGO, ROOT, SOURCE, literals, trees

DEFINITIONS = ROOT / "definitions"


def workflows():
    found = {}
    for path in trees():
        if path.name == "rules.py":
            module = import_module("lianfang." + ".".join(path.with_suffix("").parts))
            for name, value in vars(module).items():
                if isinstance(value, Workflow):
                    found[f"{path}:{name}"] = value
    return found


def test_there_are_workflows():
    assert len(workflows()) >= 2


@pytest.mark.parametrize("where", sorted(workflows()))
def test_every_state_is_reached_and_left_or_final_and_every_move_is_known(where):
    flow = workflows()[where]
    assert flow.reachable() == {state.name for state in flow.states}
    left = {source for move in flow.moves for source in move.sources}
    for state in flow.states:
        assert state.final != (state.name in left), f"{state.name} is neither left nor final, or both"
    for move in flow.moves:
        assert move.permission in PERMISSIONS, f"{move.name}: {move.permission} is no permission"
        assert move.event in events.kinds(), f"{move.name}: {move.event} is declared by no part"


def test_every_permission_is_held_by_some_role_and_asked_for_somewhere():
    held = set().union(*(allowed for _words, allowed in ROLES.values()))
    assert held == PERMISSIONS.keys()
    asked = {text for where, text in literals() if not where.startswith("kernel/access.py")}
    asked |= {kind.permission for kind in read_kinds(DEFINITIONS / "workorder_kinds.toml").values()}
    assert asked >= PERMISSIONS.keys(), f"nobody asks for {sorted(PERMISSIONS.keys() - asked)}"


def test_every_definition_loads_whole():
    library = read_library(DEFINITIONS)
    assert set(library.diseases) == {path.stem for path in (DEFINITIONS / "diseases").glob("*.toml")}
    assert set(library.vocabularies) == {path.stem for path in (DEFINITIONS / "vocabularies").glob("*.toml")}
    assert set(library.forms) == {path.stem for path in (DEFINITIONS / "forms").glob("*.toml")}


@pytest.mark.parametrize(
    "path", sorted(DEFINITIONS.rglob("*.toml")), ids=lambda path: str(path.relative_to(DEFINITIONS))
)
def test_every_label_of_the_definitions_has_both_languages(path):
    wrong = []

    def walk(value, place):
        if isinstance(value, dict):
            if value.keys() & {"zh", "en"} and not (value.get("zh") and value.get("en")):
                wrong.append(f"{place}: {value}")
            for key, inner in value.items():
                walk(inner, f"{place}.{key}")
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                walk(inner, f"{place}[{number}]")

    walk(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    assert not wrong, "\n".join(wrong)


def test_every_setting_from_the_environment_is_documented():
    used = set()
    for path in [*SOURCE.rglob("*.py"), ROOT / "hatch_build.py"]:
        used |= set(re.findall(r"\b(LIANFANG_[A-Z_]+|DATABASE_URL)\b", path.read_text(encoding="utf-8")))
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    missing = sorted(name for name in used if f"`{name}`" not in page)
    assert not missing, "docs/reference/settings.md:\n" + "\n".join(f"| `{name}` | … | … |" for name in missing)


def test_every_part_stands_on_its_floor():
    """The contracts of the floors name every part; ``make check`` holds the imports to them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {name.strip().removeprefix("lianfang.") for layer in layers for name in layer.split("|")}
    assert set(DJANGO) | {"epi"} <= named, f"add to the layers in pyproject.toml: {sorted(set(DJANGO) - named)}"


def test_rules_are_held_to_be_pure():
    """Every rules.py stands among the pure modules of the last import contract."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pure = set(project["tool"]["importlinter"]["contracts"][-1]["source_modules"])
    found = {"lianfang." + ".".join(path.with_suffix("").parts) for path in trees() if path.name == "rules.py"}
    assert found <= pure, f"add to the last contract in pyproject.toml: {sorted(found - pure)}"


def test_the_reference_pages_are_what_the_tables_say():
    from docs.generate import pages

    stale = [
        str(path.relative_to(ROOT))
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run: python -m docs.generate   ({', '.join(stale)})"
