"""Picture of docs/method/placement.md: the best plan falls and the proven bound rises to it."""

from __future__ import annotations

from typing import Any

import numpy as np

import echelon as ec


def draw() -> Any:
    """Draw the search on a network of 240 stages in six layers, with many cycles.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot

    rng = np.random.default_rng(1)
    layers, wide, suppliers = 6, 40, 5
    names = [f"s{k}" for k in range(layers * wide)]
    lanes = []
    for k in range(wide, layers * wide):
        before = k // wide * wide - wide
        turns = [0, *rng.choice(np.arange(1, wide), suppliers - 1, replace=False).tolist()]
        lanes += [(names[before + (k + turn) % wide], names[k]) for turn in turns]
    ends = names[-wide:]
    network = ec.general(
        names,
        lanes,
        lead_time=rng.integers(1, 400, len(names)) / 40,
        holding_cost=rng.uniform(0.5, 5.0, len(names)),  # not rising downstream: a hard case
        demand_mean=dict.fromkeys(ends, 20.0),
        demand_std=dict(zip(ends, rng.uniform(2.0, 9.0, wide).tolist(), strict=True)),
        service_level=0.95,
    )
    figure = ec.optimize(network, method="dual", time_limit=10.0).plot.trace().figure
    pyplot.close(figure)
    return figure
