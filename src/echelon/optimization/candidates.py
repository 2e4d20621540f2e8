"""Candidate service times where the vertices are not enough: a grid, closed along the lanes."""

from __future__ import annotations

from math import ceil, floor

import numpy as np

from echelon.errors import SolverError
from echelon.exact.guaranteed_service.candidate_times import candidates
from echelon.exact.guaranteed_service.problem import CostFunction, ServiceTimeProblem
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.network.compiled import Integers

MOST_PAIRS = 3_000_000


def tabulate(times: ServiceTimes, cost: CostFunction, step: float | None) -> ServiceTimeProblem:
    """List the candidates of one component and what they cost.

    Parameters
    ----------
    times : ServiceTimes
    cost : CostFunction
    step : float or None
        Periods between the service times considered besides the closure of the roots, counted from
        zero; None for the closure alone, with whole periods where the cost is not concave. Where
        stages quote whole periods, all of these are candidates and no others.

    Returns
    -------
    ServiceTimeProblem
        With a grid, whatever candidates the suppliers of a stage quote, the moment its supplies are
        then complete is a candidate too, and so is passing all of the wait on: no plan on the grid
        waits for nothing.

    Raises
    ------
    SolverError
        If there are too many.
    """
    on_grid = step is not None
    if step is not None:
        span = float(np.sum(times.outbound_high - times.outbound_low)) / times.ticks_per_period
        if span / step > MOST_PAIRS:
            raise _too_many(ceil(span / step), on_grid)
    if times.quote_unit > 1:
        inbound, outbound = times.quotable()
        complete = True
    else:
        inbound, outbound, complete = candidates(
            times, whole_periods=not cost.concave, all_or_nothing=cost.concave
        )
        if step is not None:
            inbound, outbound = _with_grid(times, inbound, outbound, step)
    pairs = sum(len(a) * len(b) for a, b in zip(inbound, outbound, strict=True))
    if (cost.concave and not complete) or pairs > MOST_PAIRS:
        raise _too_many(pairs, on_grid)
    return ServiceTimeProblem.of(times, cost, inbound, outbound).kept()


def _too_many(pairs: int, on_grid: bool) -> SolverError:
    return SolverError(
        f"this component has too many candidate service times to list ({pairs:,} pairs or "
        "more). Fix: "
        + ("take a longer step, or " if on_grid else "use method='auto', or ")
        + "round lead times to a coarser unit."
    )


def _with_grid(
    times: ServiceTimes, inbound: list[Integers], outbound: list[Integers], step: float
) -> tuple[list[Integers], list[Integers]]:
    heard, quoted = list(inbound), list(outbound)
    for j in range(times.n_stages):  # upstream first
        low, high = int(times.inbound_low[j]), int(times.inbound_high[j])
        lanes = range(int(times.pred_ptr[j]), int(times.pred_ptr[j + 1]))
        arrivals = [quoted[times.pred_stage[k]] + times.lane_delay[k] for k in lanes]
        complete = np.concatenate([heard[j], _grid(times, low, high, step), *arrivals])
        heard[j] = np.unique(complete[(complete >= low) & (complete <= high)])
        low, high = int(times.outbound_low[j]), int(times.outbound_high[j])
        passed = heard[j] + times.process[j]
        quotes = np.concatenate([quoted[j], _grid(times, low, high, step), passed])
        quoted[j] = np.unique(quotes[(quotes >= low) & (quotes <= high)])
        if sum(map(len, quoted)) > MOST_PAIRS:
            break  # too many already, which the caller says
    return heard, quoted


def _grid(times: ServiceTimes, low: int, high: int, step: float) -> Integers:
    """Multiples of ``step`` periods within ``low`` and ``high``, in ticks."""
    width = step * times.ticks_per_period
    whole = np.arange(ceil(low / width - 1e-9), floor(high / width + 1e-9) + 1)
    return np.asarray(np.clip(np.rint(whole * width), low, high), dtype=np.int64)
