"""Portfolios drawn: what a limit trades against cost, and where equal service lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from echelon.plots.canvas import ACCENT, INK, QUIET, WARNING, axes, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from echelon.optimization.portfolio.option_choice import OptionChoice
    from echelon.optimization.portfolio.portfolio_plan import Portfolio

_LEAST_SERVICE = 0.5
"""Below it nobody plans, and it would take most of the picture."""


def frontier(
    result: Portfolio | OptionChoice,
    ax: Axes | None = None,
    *,
    limit: str | None = None,
    n_points: int = 15,
) -> Axes:
    """Efficient frontier: least cost over one limit, the chosen point, and equal service.

    Equal service, every SKU at the same fill rate, is shown for a portfolio of least stock value
    over its fill rate.

    Parameters
    ----------
    result : Portfolio or OptionChoice
    ax : matplotlib Axes, optional
    limit : str, optional
        Label of the limit; may be left out where there is one.
    n_points : int, default 15

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    UnknownNameError, DomainError
        As :meth:`Portfolio.frontier` does.
    """
    points = result.frontier(limit, n_points=n_points)
    points = points.sort_values("reached")
    chosen = points[points["chosen"]]
    kept = result.limits.iloc[0]
    alone = len(result.limits) == 1 and kept["kind"] == "service" and kept["group"] == ""
    if kept["kind"] == "service" and limit is None:
        points = points[(points["reached"] >= _LEAST_SERVICE) | points["chosen"]]
    ax = axes(ax)
    ax.plot(points["reached"], points["cost"], "o-", color=ACCENT, label="least, proven", ms=4.0)
    ax.plot(chosen["reached"], chosen["cost"], "o", color=INK, ms=9.0, label="chosen")
    if alone and getattr(result, "minimise", "") == "stock_value":
        equal = result.equal_service()  # type: ignore[union-attr]
        low, high = points["reached"].iloc[[0, -1]]
        equal = equal[equal["fill_rate"].between(low, high)]
        ax.plot(
            equal["fill_rate"], equal["stock_value"], "--", color=WARNING, label="equal service"
        )
    ax.axvline(float(chosen["asked"].iloc[0]), color=QUIET, linewidth=1.0, zorder=0)
    ax.set_xlabel(str(kept["limit"]) if limit is None else limit)
    what = getattr(result, "minimise", "cost").replace("_", " ")
    currency = getattr(result, "currency", "")
    ax.set_ylabel(f"{what}, {currency}" if currency else what)
    ax.yaxis.set_major_formatter("{x:,.0f}" if points["cost"].max() >= 10.0 else "{x:,.3g}")
    plain(ax)
    legend(ax)
    return ax
