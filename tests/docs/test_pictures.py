"""Each picture of the pages is drawn by the script beside it, with the library as it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
SCRIPTS = sorted(PICTURES.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_picture_can_be_drawn_anew(script: Path):
    spec = importlib.util.spec_from_file_location(f"picture_{script.stem}", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    figure = module.draw()
    assert isinstance(figure, Figure)
    axes = figure.get_axes()
    assert any(ax.get_ylabel() for ax in axes)  # one that several share is named once
    for ax in axes:
        assert ax.get_xlabel(), "an axis without a name and unit"
        assert ax.lines or ax.patches or ax.collections or ax.images


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_each_picture_is_kept_and_shown(script: Path):
    assert script.with_suffix(".png").stat().st_size > 5_000
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    assert f"../pictures/{script.stem}.png)" in pages


def test_no_picture_is_left_without_its_script():
    assert {path.stem for path in PICTURES.glob("*.png")} == {path.stem for path in SCRIPTS}
