"""The page of the families is made from the registry and says what each of them takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from echelon.distributions import FAMILIES, make
from echelon.distributions.describe import markdown
from echelon.errors import DomainError


def test_the_committed_page_is_current(project_root: Path):
    page = project_root / "docs" / "reference" / "distributions.md"
    assert page.read_text(encoding="utf-8") == markdown()


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_a_line_that_names_its_parameters(family: str):
    (line,) = (row for row in markdown().splitlines() if row.startswith(f"| `{family}` |"))
    for name in getattr(FAMILIES[family], "parameter_words", {}):
        assert f"`{name}`: " in line


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_page_says_of_parameters_is_what_the_family_takes(family: str):
    words = getattr(FAMILIES[family], "parameter_words", {})
    if not words:
        with pytest.raises(DomainError, match="takes no parameter"):
            make(family, 4.0, parameters={"shape": 2.0})
        return
    example = FAMILIES[family].example
    assert set(example) == set(make(family, parameters=example).parameters()) <= set(words)
