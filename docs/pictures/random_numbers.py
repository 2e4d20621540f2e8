"""Table inversion: cells that narrow towards the tails, and how far the quantiles are off."""

from __future__ import annotations

from typing import Any

import numpy as np


def draw() -> Any:
    """Draw the lower half of a gamma table, and the distance from the quantiles.

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib.figure import Figure

    from echelon.distributions import Gamma, Normal
    from echelon.simulation.drawn.plain_draws import values_at
    from echelon.simulation.drawn.sources import DrawRow, sources_of

    figure = Figure(figsize=(8, 4), layout="constrained")
    table, error = figure.subplots(1, 2)
    share = np.geomspace(1e-6, 0.5, 400)
    ends = np.geomspace(2.0**-20, 0.5, 20)
    law = Gamma(10.0, 4.0)
    table.plot(share, law.ppf(share), label="quantile of gamma(10, 4)")
    table.plot(ends, law.ppf(ends), "|", markersize=14, label="octaves, 16 cells in each")
    table.set_xscale("log")
    table.set_xlabel("probability")
    table.set_ylabel("units")
    table.legend()
    words = np.unique(np.geomspace(1.0, 2.0**31, 4000).astype(np.uint64))
    for law in (Gamma(10.0, 4.0), Normal(10.0, 4.0)):
        sources = sources_of([DrawRow("demand", ("bolt",), law)], 1)
        values = values_at(sources, int(sources.table[0]), words)
        drawn = sources.location[0] + sources.scale[0] * values
        off = np.abs(drawn - law.ppf((words + 0.5) * 2.0**-32)) / law.std
        error.plot((words + 0.5) * 2.0**-32, off, linewidth=0.6, label=law.family)
    error.set_xscale("log")
    error.set_yscale("log")
    error.set_ylim(1e-8, 1e-2)
    error.set_xlabel("probability")
    error.set_ylabel("off by, standard deviations")
    error.legend()
    return figure
