"""Derivatives of a plan's cost at fixed service times, under the plain normal bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from echelon.demand.covariance import usage_of_rows
from echelon.network.network import Network
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.random_times import wait_std

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlainSlopes:
    r"""Derivatives of :math:`h_j\sqrt{\beta_j^2\tau_j + (z_j\mu_j w_j)^2}` in all it is made of.

    :math:`\beta_j` is the root of :math:`\sum_{rs} a_{jr} z_r a_{js} z_s \sigma_{rs}` over rows of
    demand, :math:`\sigma_j` the same without factors :math:`z`, :math:`z_j = \beta_j/\sigma_j`,
    and :math:`w_j` the standard deviation of the wait for supplies.

    Attributes
    ----------
    by_time : (n_stages,) float64
        In the net replenishment time; 0 where that is 0.
    by_wait_std : (n_stages,) float64
        In the standard deviation of the stage's own time; each lane's is its share of it.
    by_row_std : (n_rows,) float64
        In the standard deviation of each row of demand, correlations left as they are.
    by_row_factor : (n_rows,) float64
        In the safety factor of each row.
    wait_std : (n_stages,) float64
    """

    by_time: Floats
    by_wait_std: Floats
    by_row_std: Floats
    by_row_factor: Floats
    wait_std: Floats

    @classmethod
    def of(
        cls,
        network: Network,
        seen: DemandSeen,
        covered: Floats,
        row_factor: Floats,
    ) -> PlainSlopes:
        """Take derivatives at all stages and rows of a network.

        ``seen`` and ``covered`` (n_stages,) in compiled order; ``row_factor`` (n_rows,) in that of
        the demand.
        """
        compiled = network.compiled
        usage = usage_of_rows(
            compiled.component_ptr,
            compiled.pred_ptr,
            compiled.pred_stage,
            compiled.pred_usage,
            compiled.demand_ptr,
            compiled.demand_row,
        )
        covariance = _covariance(network)
        bound, spread = seen.bound_std, seen.std
        std = np.sqrt(covariance.diagonal())
        wait = wait_std(compiled)
        noise = seen.safety_factor * seen.mean * wait
        stock = np.sqrt(bound**2 * covered + noise**2)
        price = compiled.holding_cost * _over(np.ones(len(stock)), stock)
        # d stock^2 / 2 of bound, spread and wait
        of_factor = seen.safety_factor * (seen.mean * wait) ** 2
        of_bound = price * (bound * covered + of_factor * _over(np.ones(len(bound)), spread))
        of_spread = -price * of_factor * _over(bound, spread**2)
        scaled = usage @ diags_array(row_factor)
        with_bound = scaled.multiply(scaled @ covariance)  # (n_stages, n_rows): d bound^2 / 2
        with_spread = usage.multiply(usage @ covariance)
        by_bound = _over(of_bound, bound)
        by_spread = _over(of_spread, spread)
        lifted = with_bound.T @ by_bound
        return cls(
            by_time=np.where(covered > 0.0, 0.5 * price * bound**2, 0.0),
            by_wait_std=price * (seen.safety_factor * seen.mean) ** 2 * wait,
            by_row_std=_over(lifted + with_spread.T @ by_spread, std),
            by_row_factor=_over(lifted, row_factor),
            wait_std=wait,
        )


def _covariance(network: Network) -> csr_array:
    """Covariance of the rows of demand in one period, seasons included."""
    if network.independent:
        compiled = network.compiled
        variance = np.empty(len(compiled.demand_row))
        variance[compiled.demand_row] = compiled.demand_std**2
        return csr_array(diags_array(variance))
    whole = network.covariance
    within = csr_array(whole.within())
    return within if whole.season is None else csr_array(within + whole.season @ whole.season.T)


def _over(above: Floats, below: Floats) -> Floats:
    """Quotient, 0 where nothing is below."""
    some = below > 0.0
    return np.where(some, above / np.where(some, below, 1.0), 0.0)
