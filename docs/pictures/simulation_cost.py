"""Picture of docs/guides/simulate.md: what the chain of the guide costs, by stage and kind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import echelon as ec

GUIDE = Path(__file__).resolve().parents[1] / "guides" / "simulate.md"


def draw() -> Any:
    """Draw the costs of the run that the guide begins with.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    tables = GUIDE.read_text(encoding="utf-8").split("\n## Who is short")[0]
    names: dict[str, Any] = {}
    exec("\n".join(re.findall(r"^```python\n(.*?)^```", tables, re.M | re.S)), names)
    run = ec.simulate(names["network"], periods=156, warmup=52, replications=400, seed=1)
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    ax = figure.subplots()
    run.plot.cost(ax)
    ax.set_ylabel("stage")
    return figure
