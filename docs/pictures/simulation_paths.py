"""Picture of docs/guides/simulate.md: stock of the north around a stop of the filler."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import echelon as ec

GUIDE = Path(__file__).resolve().parents[1] / "guides" / "simulate.md"


def draw() -> Any:
    """Draw the fan of net inventory over the first half of the year that is counted.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    page = GUIDE.read_text(encoding="utf-8")
    tables = page.split("\n## Who is short")[0]
    stop = page.split("\ndef stopped(")[1].split("\nfire = ")[0]
    names: dict[str, Any] = {}
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", tables, re.M | re.S))
    exec(f"{code}\ndef stopped({stop}", names)
    run = ec.simulate(
        names["stopped"](names["network"]),
        periods=36,
        warmup=52,
        replications=1000,
        seed=1,
        paths=[("vial", "north")],
    )
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    ax = figure.subplots()
    run.plot.paths("vial", "north", ax)
    ax.set_xlim(50, 87)
    ax.axvspan(60, 68, color="#f3e3d3", zorder=0, lw=0)
    ax.annotate(
        "the filler is down", (60.3, ax.get_ylim()[0]), xytext=(0, 4), textcoords="offset points"
    )
    return figure
