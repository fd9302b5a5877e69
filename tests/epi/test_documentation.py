"""Every public function of the library says what it takes and gives, with an example that runs."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import sys
from pathlib import Path

import numpy as np
import pytest

from lianfang import epi

pytestmark = pytest.mark.pure

MODULES = sorted(m.name for m in pkgutil.walk_packages(epi.__path__, "lianfang.epi."))
DOCS = Path(__file__).parents[2] / "docs"
PAGES = [*sorted((DOCS / "reference" / "epi").glob("*.md")), DOCS / "tutorial" / "library-in-five-minutes.md"]


def public_functions():
    for name in MODULES:
        if name.rpartition(".")[2].startswith("_"):
            continue
        module = importlib.import_module(name)
        for attribute, function in sorted(vars(module).items()):
            if inspect.isfunction(function) and function.__module__ == name and not attribute.startswith("_"):
                yield pytest.param(function, id=f"{name.removeprefix('lianfang.epi.')}.{attribute}")


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


@pytest.mark.parametrize("function", list(public_functions()))
def test_each_public_function_has_a_docstring_with_an_example(function):
    assert function.__doc__, function
    assert ">>>" in function.__doc__, f"{function.__module__}.{function.__name__} has no example"


@pytest.mark.parametrize("file", sorted(Path(epi.__path__[0]).rglob("*.py")), ids=lambda file: file.name)
def test_the_library_needs_numpy_and_scipy_alone(file):
    named = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add(node.module or "")
    own = {name for name in named if name.startswith("lianfang.epi")}
    assert {name.partition(".")[0] for name in named - own} <= {"numpy", "scipy", *sys.stdlib_module_names}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_on_the_pages_of_the_manual_run(page):
    result = doctest.testfile(
        str(page), module_relative=False, globs={"np": np}, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0
