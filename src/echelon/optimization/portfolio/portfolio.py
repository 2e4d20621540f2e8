"""Choose the levels of many SKUs together: budgets, aggregate service, storage and capacity."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from echelon.display import counted, money
from echelon.errors import DomainError, UnknownNameError, warn_of_data
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.optimization.arguments import is_number, limit_faults
from echelon.optimization.portfolio.assemble import MINIMISE, Assembler
from echelon.optimization.portfolio.chains import Chains
from echelon.optimization.portfolio.choose import Chosen
from echelon.optimization.portfolio.frontier import Solved
from echelon.optimization.portfolio.generate import Generated, choose_generated, generate
from echelon.optimization.portfolio.limits import AggregateService, PortfolioLimit
from echelon.optimization.portfolio.portfolio_plan import Portfolio
from echelon.optimization.portfolio.priced_limits import limits_frame
from echelon.optimization.portfolio.read_skus import RECKONED, Skus, alone_options, read_skus
from echelon.progress import Progress, check_progress
from echelon.results import LaterDigests, Provenance

_WORDS = {
    "stock_value": "{money} of stock",
    "holding_cost": "{money} a {period}",
    "total_cost": "{money} a {period}",
    "shortage": "units short a {period}",
    "shortage_value": "{money} of units short a {period}",
}


def optimize_portfolio(
    network: Network,
    *,
    limits: PortfolioLimit | Sequence[PortfolioLimit],
    minimise: str = "stock_value",
    review_periods: Sequence[int] | None = None,
    n_levels: int | None = None,
    gap: float = 1e-4,
    time_limit: float | None = 30.0,
    progress: Progress = None,
) -> Portfolio:
    r"""Choose the levels of all SKUs together, at least cost within the limits that they share.

    Each connected component of the network is a SKU. One that is held at a single stage has its
    curve of stock and shortage over the order-up-to level, exact for its demand, lead time and
    review (clause 6). One with several stages has placements of guaranteed service at several
    service levels, made as the prices of the limits ask for them.

    Parameters
    ----------
    network : Network
    limits : StockBudget, AggregateService, SharedStorage, SharedCapacity or a sequence of them
    minimise : str, default "stock_value"
        ``"stock_value"``, of mean stock on hand, money; ``"holding_cost"``, of the same, money per
        period; ``"total_cost"``, with ``backorder_cost`` and ``order_cost`` besides; ``"shortage"``
        or ``"shortage_value"``, units that are not served at once, per period, in units or at
        ``unit_cost``.
    review_periods : sequence of int, optional
        How often SKUs that are held at one stage may be ordered or made: one of these is chosen for
        each. Default: the network's.
    n_levels : int, optional
        Levels tabulated for such a SKU and review period; the proof is over these. Default: as many
        as make half a million options of all SKUs together, 32 to 512 for each; of demand in whole
        units never more than there are.
    gap : float, default 1e-4
        Relative gap from which on nothing more is tried.
    time_limit : float or None, default 30
        Seconds for the mixed-integer program that closes a gap which prices leave open.
    progress : bool, callable or None
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    Portfolio
        A SKU that cannot take part is a row of ``failures``, and no limit counts it.

    Raises
    ------
    DomainError
        With everything that is wrong about the arguments.
    UnknownNameError
        If there is nothing of the name to be minimised.
    InfeasibleError
        If no choice keeps the limits; names those at fault, and by how much.
    SolverError
        If no choice was found in time, and it is not known whether there is one.

    Warns
    -----
    DataWarning
        If the tables say of capacity, yield, shelf life, lots or other things what the portfolio
        does not reckon with, or single stages have a service level of their own.

    References
    ----------
    .. [1] van Houtum & Kranenburg (2015), *Spare Parts Inventory Control under System Availability
       Constraints*, ch. 2: one level of service for all parts together.
    .. [2] Dantzig & Wolfe (1960), Decomposition principle for linear programs, *Operations
       Research* 8(1).

    Examples
    --------
    Three parts, of which one is dear and varies most. At the same fill rate over all of them, it is
    served less well than the others.

    >>> import pandas as pd
    >>> import echelon as ec
    >>> parts = pd.DataFrame({"item": ["pump", "seal", "valve"], "location": "hub",
    ...                       "unit_cost": [900.0, 5.0, 40.0], "lead_time": 4,
    ...                       "review_period": 1})
    >>> demand = pd.DataFrame({"item": parts["item"], "location": "hub", "family": "gamma",
    ...                        "mean": [10.0, 60.0, 30.0], "std": [9.0, 20.0, 15.0]})
    >>> network = ec.Network.from_tables(parts, demand=demand, period="week", holding_rate=0.2)
    >>> portfolio = ec.optimize(network, model="portfolio", limits=ec.AggregateService(0.95))
    >>> portfolio.skus["fill_rate"].round(2).tolist()
    [0.54, 1.0, 0.99]
    """
    began = time.perf_counter()
    asked = _checked(network, limits, minimise, review_periods, n_levels, gap, time_limit)
    check_progress(progress)
    network.warn_of_unreckoned("the portfolio", RECKONED)
    _warn_of_promises(network)
    skus = read_skus(network)
    if not len(skus.alone) and not len(skus.chains):
        raise DomainError(
            "no SKU of this network can take part. Fix: see why, "
            f"{skus.failures['message'].iloc[0]}."
        )
    n_levels = _levels_for(len(skus.alone)) if n_levels is None else int(n_levels)
    alone = alone_options(network, skus, review_periods, n_levels)
    assembler = Assembler(network, asked, minimise, _taking_part(network, skus))
    chains = Chains(network, skus.chains.tolist())
    made = generate(assembler, alone, chains, gap=gap, progress=progress)
    chosen = choose_generated(made, assembler, gap=gap, time_limit=time_limit)
    what = _WORDS[minimise].format(money=money(network.currency), period=network.period)
    return Portfolio(
        failures=skus.failures,
        provenance=Provenance(
            arguments={
                "model": "portfolio",
                "limits": [repr(limit) for limit in asked],
                "minimise": minimise,
                "review_periods": None if review_periods is None else list(review_periods),
                "n_levels": n_levels,
                "gap": gap,
                "time_limit": time_limit,
            },
            tables=LaterDigests(lambda: network.digests),
            seconds={"optimize": time.perf_counter() - began},
            solver="highs",
        ),
        skus=_skus_frame(network, assembler, made, chosen),
        stages=_stages_frame(network, assembler, made, chosen.choice),
        limits=limits_frame(made.problem, assembler.rows, chosen, what),
        minimise=minimise,
        cost=chosen.cost,
        bound=chosen.bound,
        gap=chosen.gap,
        n_fractional=chosen.n_fractional,
        termination=chosen.termination,
        period=network.period,
        currency=network.currency,
        name=network.name,
        solved=Solved(made.problem, tuple(assembler.rows), chosen, gap, time_limit),
        options=made.options,
        unit_value=assembler.value,
    )


def _skus_frame(
    network: Network, assembler: Assembler, made: Generated, chosen: Chosen
) -> pd.DataFrame:
    problem, picked = made.problem, made.options.take(chosen.choice)
    owner, n = picked.option, picked.n_options
    demand = assembler.demand[picked.stage]
    bought = demand > 0.0
    first = np.full(n, -1)
    first[owner[bought][::-1]] = picked.stage[bought][::-1]
    total = np.bincount(owner, demand, n)
    short = np.bincount(owner, demand * picked.short, n)
    missed = np.bincount(owner, demand * picked.missed, n)
    priced = problem.priced(chosen.price)
    keys = network.columns("stages", ["item", "location"]).iloc[np.maximum(first, 0)]
    some = np.where(total > 0.0, total, 1.0)

    def held(worth: Floats) -> Floats:
        return np.bincount(owner, worth[picked.stage] * picked.on_hand, n).astype(np.float64)

    return pd.DataFrame(
        {
            "component": picked.sku,
            "item": keys["item"].to_numpy(),
            "location": keys["location"].to_numpy(),
            "stages": np.bincount(owner, minlength=n),
            "option": chosen.choice - problem.first[:-1],
            "options": np.diff(problem.first),
            "demand": total,
            "stock_value": held(assembler.value),
            "holding_cost": held(assembler.holding),
            "fill_rate": 1.0 - short / some,
            "cycle_service_level": 1.0 - missed / some,
            "shortage": short,
            "cost": problem.cost[chosen.choice],
            "regret": priced[chosen.choice] - problem.least(priced),
        }
    )


def _stages_frame(
    network: Network, assembler: Assembler, made: Generated, choice: Integers
) -> pd.DataFrame:
    picked = made.options.take(choice)
    order = np.argsort(picked.stage)
    stage = picked.stage[order]
    keys = network.columns("stages", ["item", "location"]).iloc[stage]
    on_hand = picked.on_hand[order]
    return pd.DataFrame(
        {
            "item": keys["item"].to_numpy(),
            "location": keys["location"].to_numpy(),
            "component": picked.sku[picked.option][order],
            "review_period": picked.review[order],
            "service_time": picked.service_time[order],
            "base_stock": picked.level[order],
            "on_hand": on_hand,
            "stock_value": on_hand * assembler.value[stage],
            "holding_cost": on_hand * assembler.holding[stage],
        }
    )


def _taking_part(network: Network, skus: Skus) -> Booleans:
    taking = np.zeros(network.n_stages, dtype=bool)
    taking[skus.alone] = True
    compiled = network.compiled
    for c in skus.chains.tolist():
        taking[compiled.stage_row[compiled.component_ptr[c] : compiled.component_ptr[c + 1]]] = True
    return taking


def _checked(
    network: Network,
    limits: PortfolioLimit | Sequence[PortfolioLimit],
    minimise: str,
    review_periods: Sequence[int] | None,
    n_levels: int | None,
    gap: float,
    time_limit: float | None,
) -> list[PortfolioLimit]:
    """Refuse arguments that are none, all faults at once; gives the limits as a list."""
    if not isinstance(network, Network):
        raise DomainError(f"network is a {type(network).__name__}. Fix: give a Network.")
    if minimise not in MINIMISE:
        raise UnknownNameError("minimise", minimise, MINIMISE)
    asked = list(limits) if isinstance(limits, Sequence) else [limits]
    faults = limit_faults(gap, time_limit)
    if n_levels is not None and not (
        is_number(n_levels) and n_levels == int(n_levels) and n_levels >= 2
    ):
        faults.append(f"n_levels is {n_levels!r}, must be a whole number >= 2. Fix: leave it out.")
    if review_periods is not None:
        wrong = [r for r in review_periods if not (is_number(r) and r == int(r) and r >= 0)]
        if wrong or not len(review_periods):
            faults.append(
                f"review_periods is {list(review_periods)!r}, must be whole numbers >= 0. "
                "Fix: give some, or leave it out."
            )
    names = [getattr(limit, "name", "") for limit in asked]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        faults.append(f"two limits are called {twice!r}. Fix: give each a name= of its own.")
    serves = minimise in ("shortage", "shortage_value", "total_cost")
    if not serves and not any(isinstance(limit, AggregateService) for limit in asked):
        faults.append(
            f"nothing asks for service, and minimise={minimise!r} would hold no stock at all. "
            "Fix: add an AggregateService to limits, or minimise='shortage'."
        )
    if faults:
        raise DomainError("\n".join(faults))
    return asked


def _levels_for(n_skus: int) -> int:
    """How many levels each SKU gets where nobody says."""
    return int(np.clip(_MOST_OPTIONS // max(n_skus, 1), _FEWEST_LEVELS, _MOST_LEVELS))


_MOST_OPTIONS, _FEWEST_LEVELS, _MOST_LEVELS = 500_000, 32, 512


def _warn_of_promises(network: Network) -> None:
    """Say that what single stages promise is not held: the limits alone decide."""
    promised = np.zeros(network.n_stages, dtype=np.bool_)
    for column in ("service_level", "safety_factor"):
        promised |= np.isfinite(network.cells("stages", column).astype(np.float64))
    if promised.any():
        warn_of_data(
            f"{counted(int(promised.sum()), 'stage')} of the network with a service_level or "
            "safety_factor of its own, which the portfolio does not hold: some SKUs will be served "
            "less, others more. Fix: limit the service of groups by AggregateService(level, "
            "by=...), or blank the column."
        )
