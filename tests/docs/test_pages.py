"""Every block of Python on a page runs, in order, and prints what the block after it shows.

A ``python`` block runs like a notebook cell: the value of a last expression is shown. The ``text``
block that follows it, if there is one, is what it must show, up to white space and ``...``.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from echelon.distributions import FAMILIES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if "```python\n" in path.read_text(encoding="utf-8")
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEEDS = re.compile(r"^<!-- needs shared data: (\S+) -->$", re.MULTILINE)
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Cell:
    """A block of Python, the line of the page it starts on, and what it must show."""

    line: int
    code: str
    shown: str | None


def cells(page: str) -> list[Cell]:
    fences = list(FENCE.finditer(page))
    found = []
    for place, fence in enumerate(fences):
        if fence[1] != "python":
            continue
        after = fences[place + 1] if place + 1 < len(fences) else None
        between = page[fence.end() : after.start()].strip() if after else ""
        follows = after is not None and after[1] == "text" and not between
        line = page.count("\n", 0, fence.start()) + 2
        found.append(Cell(line, fence[2], after[2] if after and follows else None))
    return found


def run(cell: Cell, names: dict[str, Any], page: str) -> str:
    """Run a cell and give what a notebook would show."""
    tree = ast.parse("\n" * (cell.line - 1) + cell.code, filename=page)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, page, "exec"), names)
        value = eval(compile(last, page, "eval"), names) if last else None
        if value is not None:
            printed.write(f"{value!r}\n")
    return printed.getvalue()


@pytest.fixture(autouse=True)
def _same_registry_afterwards() -> Iterator[None]:
    """A page may register a distribution; the tests that follow do not meet it."""
    before = dict(FAMILIES)
    yield
    FAMILIES.clear()
    FAMILIES.update(before)


@pytest.mark.parametrize("page", PAGES)
def test_page_runs_and_shows_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
):
    for needed in NEEDS.findall((ROOT / page).read_text(encoding="utf-8")):
        data: Path = request.getfixturevalue("shared_data")  # skips where there is none
        if not (data / needed).exists():
            pytest.skip(f"{data / needed} is absent")
        monkeypatch.setenv("ECHELON_SHARED", str(data.parent))
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("page_under_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # dataclasses look their module up
    names = vars(module)
    for cell in cells((ROOT / page).read_text(encoding="utf-8")):
        shown = run(cell, names, page)
        if cell.shown is not None:
            alike = doctest.OutputChecker().check_output(cell.shown, shown, LOOSE)
            assert alike, f"{page}:{cell.line} shows\n{shown}\nbut the page says\n{cell.shown}"


def test_the_pages_that_teach_are_among_those_run():
    assert {"README.md", "docs/quickstart.md", "CONTRIBUTING.md"} <= set(PAGES)


def test_a_cell_that_shows_something_else_is_caught():
    (cell,) = cells("```python\n1 + 1\n```\n\n```text\n3\n```\n")
    shown = run(cell, {}, "page")
    assert shown == "2\n"
    assert not doctest.OutputChecker().check_output(cell.shown or "", shown, LOOSE)
