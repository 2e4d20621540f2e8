"""Every public name resolves, is documented with an example, and is seen by type checkers."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import types
from pathlib import Path

import pytest

import echelon

ROOMS = sorted(
    f"echelon.{room.name}" for room in pkgutil.iter_modules(echelon.__path__) if room.ispkg
)


@pytest.mark.parametrize("name", echelon.__all__)
def test_public_name_resolves_and_says_what_it_is(name: str):
    value = getattr(echelon, name)
    assert inspect.getdoc(value)
    assert name in dir(echelon)


@pytest.mark.parametrize(
    "name", [name for name in echelon.__all__ if inspect.isfunction(getattr(echelon, name))]
)
def test_public_function_has_an_example_that_runs(name: str):
    """The doctest itself runs with the modules of src; here it must exist."""
    assert ">>>" in (inspect.getdoc(getattr(echelon, name)) or "")


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'optimise'"):
        getattr(echelon, "optimise")  # noqa: B009 - the dynamic look-up is what is tested


def test_type_checkers_see_what_python_sees():
    """The static block of __init__ and the table of lazy names agree, and cover __all__."""
    tree = ast.parse(Path(echelon.__file__).read_text(encoding="utf-8"))
    block = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    static = {
        alias.name: f"{node.module}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(static) == sorted(echelon.__all__)
    for name, module in static.items():
        home = getattr(importlib.import_module(module), name)
        assert getattr(echelon, name) is home


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_says_what_it_is_for_and_exports_what_exists(room: str):
    module = importlib.import_module(room)
    assert isinstance(module, types.ModuleType)
    assert module.__doc__, f"{room} has no docstring"
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None


def test_version_is_a_release_number():
    parts = echelon.__version__.split(".")
    assert len(parts) == 3
    assert all(part.isdigit() for part in parts)


def test_version_is_the_newest_that_the_changelog_tells_of():
    changelog = Path(__file__).parents[2] / "CHANGELOG.md"
    first = next(line for line in changelog.read_text().splitlines() if line.startswith("## "))
    assert re.match(rf"## {re.escape(echelon.__version__)}\b", first)
