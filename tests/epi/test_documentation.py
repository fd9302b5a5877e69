"""Every public function of the library says what it takes and gives, with an example that runs."""

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from importlib.metadata import packages_distributions
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


def test_the_library_needs_numpy_and_scipy_alone():
    source = Path(epi.__path__[0]).parents[1]
    imports = f"import sys; before = {{*sys.modules}}; import {', '.join(MODULES)}; print(*sys.modules.keys() - before)"
    done = subprocess.run(
        [sys.executable, "-c", imports], env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded & packages_distributions().keys() <= {"numpy", "scipy", "lianfang"}
    assert {"numpy", "scipy"} <= loaded


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_on_the_pages_of_the_manual_run(page):
    result = doctest.testfile(
        str(page), module_relative=False, globs={"np": np}, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0
