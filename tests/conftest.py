"""What every test may ask for: the shared data and oracles, and how hypothesis runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# A shared machine is no stopwatch, so no deadline; continuous integration repeats its examples.
settings.register_profile("local", deadline=None)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def _shared(name: str) -> Path:
    folder = Path(os.environ.get("ECHELON_SHARED", ROOT.parent / "shared")) / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; set ECHELON_SHARED to the folder that holds {name}/")
    return folder


@pytest.fixture(scope="session")
def project_root() -> Path:
    """Folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Data sets nobody here wrote; the test is skipped where they are absent."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_oracles() -> Path:
    """Published and recomputed values; the test is skipped where they are absent."""
    return _shared("oracles")


@pytest.fixture(autouse=True)
def _figures_are_closed() -> Iterator[None]:
    """Leave no picture open for the next test, whichever process it runs in."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
