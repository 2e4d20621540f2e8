"""SKUs of a network: which stand alone, which are chains, and which cannot take part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.distributions.base import Distribution
from echelon.distributions.discrete import Deterministic
from echelon.distributions.per_period import PerPeriod
from echelon.distributions.sums import sum_of
from echelon.network.compiled import Integers
from echelon.network.network import Network
from echelon.optimization.portfolio.curves import single_stage_options
from echelon.optimization.portfolio.sku_options import SkuOptions
from echelon.results import FAILURE_COLUMNS

RECKONED = ("order_cost", "added_cost")
"""Features of the tables that the portfolio reckons with."""


@dataclass(frozen=True, slots=True)
class Skus:
    """Components of a network by what they are.

    Attributes
    ----------
    alone : (n,) int64
        Stages that stand alone, as rows of ``Network.stages``; one per component.
    component : (n,) int64
        Their components.
    demand : list of n Distribution
    lead_time : list of n float or Distribution
    chains : (m,) int64
        Components of several stages.
    failures : DataFrame
    """

    alone: Integers
    component: Integers
    demand: list[Distribution]
    lead_time: list[float | Distribution]
    chains: Integers
    failures: pd.DataFrame


def read_skus(network: Network) -> Skus:
    """Sort the components of a network; what cannot take part is a row of failures."""
    compiled = network.compiled
    sizes = np.diff(compiled.component_ptr)
    begin = compiled.component_ptr[:-1]
    has_customers = np.add.reduceat(np.diff(compiled.demand_ptr), begin) > 0
    laws = network.demand_seen().distributions
    alone, component, demand, lead_time, chains, failed = [], [], [], [], [], []
    labels = network.columns("stages", ["item", "location"])
    names = [labels[name].tolist() for name in ("item", "location")]
    for c in range(compiled.n_components):
        places = range(int(begin[c]), int(begin[c] + sizes[c]))
        problem = "" if has_customers[c] else "has no customers, so no level of stock serves any"
        for j in places:
            if problem:
                break
            if compiled.demand_ptr[j + 1] > compiled.demand_ptr[j]:
                problem = _unsuitable(laws[int(compiled.stage_row[j])])
        row = int(compiled.stage_row[begin[c]])
        if not problem and sizes[c] == 1:
            time = _lead_time(network, int(begin[c]), row)
            if isinstance(time, str):
                problem = time
            else:
                law = laws[row]
                assert law is not None
                alone.append(row)
                component.append(c)
                demand.append(law)
                lead_time.append(time)
        elif not problem:
            chains.append(c)
        if problem:
            number = int(compiled.component_id[c])
            failed.append((number, names[0][row], names[1][row], "DomainError", problem))
    return Skus(
        np.array(alone, dtype=np.int64),
        np.array(component, dtype=np.int64),
        demand,
        lead_time,
        np.array(chains, dtype=np.int64),
        pd.DataFrame(failed, columns=list(FAILURE_COLUMNS)),
    )


def alone_options(
    network: Network, skus: Skus, review_periods: Sequence[int] | None, n_levels: int
) -> SkuOptions | None:
    """Tabulate the SKUs that stand alone, for each review period; None where there are none."""
    if not len(skus.alone):
        return None
    can_stock = network.cells("stages", "can_stock")[skus.alone].astype(bool)
    own = network.cells("stages", "review_period")[skus.alone].astype(np.int64)
    reviews = [own] if review_periods is None else [np.full_like(own, r) for r in review_periods]
    return SkuOptions.together(
        [
            single_stage_options(
                skus.component,
                skus.alone,
                skus.demand,
                skus.lead_time,
                review,
                can_stock,
                n_levels=n_levels,
            )
            for review in reviews
        ]
    )


def _unsuitable(law: Distribution | None) -> str:
    if law is None:
        return (
            "its demand has no distribution that is known: its rows are correlated and not normal. "
            "Fix: give one row for the whole"
        )
    if isinstance(law, PerPeriod):
        return (
            "its demand changes from period to period, and the portfolio has one level for all. "
            "Fix: give the demand of one period"
        )
    return ""


def _lead_time(network: Network, stage: int, row: int) -> float | Distribution | str:
    """Lead time of a stage that stands alone, or why it has none that can be taken."""
    compiled = network.compiled
    fixed = float(compiled.inbound_service_time[stage])
    if compiled.lead_time_std[stage] == 0.0:
        return fixed + float(compiled.lead_time[stage])
    own, varying = network.process_time(row)
    if varying is None:
        return (
            "its lead time has a standard deviation and no distribution. Fix: name its family in "
            "lead_time_family, or that of a release in release_time_family"
        )
    random = list(varying)
    return sum_of([*random, Deterministic(fixed + own)]) if fixed + own else sum_of(random)
