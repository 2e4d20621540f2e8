"""The common rule that a portfolio is set against: the same fill rate for every SKU."""

from __future__ import annotations

import numpy as np
import pandas as pd

from echelon.network.compiled import Floats
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.sku_options import SkuOptions


def equal_service(
    problem: OptionProblem,
    options: SkuOptions,
    skus: pd.DataFrame,
    unit_value: Floats,
    targets: Floats,
) -> pd.DataFrame:
    """Stock value and fill rate of all SKUs together, each at the same fill rate.

    Parameters
    ----------
    problem : OptionProblem
    options : SkuOptions
    skus : DataFrame
        Of the portfolio.
    unit_value : (n_stages,) float64
        Money per unit, by row of ``Network.stages``.
    targets : (n,) float64

    Returns
    -------
    DataFrame
        target, fill_rate, stock_value.
    """
    owner = options.option
    mean = skus["demand"].to_numpy(np.float64)
    # of a SKU with several stages one may sell: the worst of those that do counts
    short = np.zeros(options.n_options)
    np.maximum.at(short, owner, options.short)
    held = unit_value[options.stage] * options.on_hand
    value = np.bincount(owner, held, options.n_options).astype(np.float64)
    rows = []
    for target in targets.tolist():
        reaches = short <= 1.0 - target + 1e-12
        dear = np.where(reaches, value, np.inf)
        best = problem.least(dear)
        fallback = problem.least(short)
        chosen = np.where(reaches, dear <= best[problem.sku], short <= fallback[problem.sku])
        chosen &= reaches | ~np.isfinite(best)[problem.sku]
        at = np.flatnonzero(chosen)
        at = at[np.unique(problem.sku[at], return_index=True)[1]]
        served = 1.0 - float((mean * short[at]).sum() / mean.sum())
        rows.append((target, served, float(value[at].sum())))
    return pd.DataFrame(rows, columns=["target", "fill_rate", "stock_value"])
