"""Picture of docs/method/placement.md: where the bulldozer's safety stock sits."""

from __future__ import annotations

from typing import Any

import echelon as ec


def draw() -> Any:
    """Draw the chain of the bulldozer with the stock of its optimal plan.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot

    network = ec.read_example("bulldozer")
    figure = ec.optimize(network).plot.network(network).figure
    pyplot.close(figure)
    return figure
