"""Loss functions of a Poisson demand, first and second order."""

from __future__ import annotations

from typing import Any

import numpy as np


def draw() -> Any:
    """Draw the four functions and their tails.

    Returns
    -------
    matplotlib Figure
    """
    from matplotlib.figure import Figure

    import echelon as ec

    level = np.linspace(0.0, 16.0, 321)
    found = ec.exact.loss(ec.distributions.Poisson(6.0), level)
    figure = Figure(figsize=(8, 4), layout="constrained")
    plain, logged = figure.subplots(1, 2)
    for axes in (plain, logged):
        axes.plot(level, found.shortage, label="shortage $n$")
        axes.plot(level, found.leftover, label="leftover $\\bar n$")
        axes.plot(level, found.second_shortage, "--", label="second shortage $n_2$")
        axes.plot(level, found.second_leftover, "--", label="second leftover $\\bar n_2$")
        axes.set_xlabel("level, units")
    plain.set_ylabel("units, squared where dashed")
    plain.set_ylim(0.0, 12.0)
    plain.set_title("Poisson demand, mean 6")
    plain.legend()
    logged.set_yscale("log")
    logged.set_ylim(1e-4, 100.0)
    logged.set_title("the same, logarithmic")
    return figure
