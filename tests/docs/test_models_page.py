"""Each public model is listed where people look for it, and says what they need to know."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from echelon import exact
from echelon.exact.systems import MODELS

NAMES = sorted(exact._HOME)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_on_both_pages(name: str, project_root: Path):
    reference = (project_root / "docs/reference/python.md").read_text(encoding="utf-8")
    assert f".. autofunction:: echelon.exact.{name}\n" in reference
    models = (project_root / "docs/method/models.md").read_text(encoding="utf-8")
    assert f"`{name}`" in models or name.startswith("level_for_")


@pytest.mark.parametrize("name", NAMES)
def test_a_model_has_an_example_and_takes_its_options_by_name(name: str):
    model = getattr(exact, name)
    told = inspect.getdoc(model)
    assert told is not None
    for section in ("Parameters", "Returns", "Raises", "Examples"):
        assert f"\n{section}\n---" in told, section
    kinds = [one.kind for one in inspect.signature(model).parameters.values()]
    positional = [kind for kind in kinds if kind is not inspect.Parameter.KEYWORD_ONLY]
    assert len(positional) <= 2


def test_the_reference_lists_no_model_that_is_gone(project_root: Path):
    reference = (project_root / "docs/reference/python.md").read_text(encoding="utf-8")
    assert set(re.findall(r"autofunction:: echelon\.exact\.(\w+)", reference)) == set(NAMES)


def test_every_model_of_a_network_is_on_the_page(project_root: Path):
    models = (project_root / "docs/method/models.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in models for name in MODELS)


@pytest.mark.parametrize("name", NAMES)
def test_lead_times_say_what_they_cover(name: str):
    model = getattr(exact, name)
    told = inspect.getdoc(model) or ""
    if "lead_time" in inspect.signature(model).parameters:
        assert re.search(r"clauses? 2|\(clause\s+2|clark_scarf|two_echelon_levels|metric", told), (
            name
        )
