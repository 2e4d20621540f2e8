"""Pathwise derivatives against the readable engine of the simulation and against differences."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.kernels import flow_arrays as codes
from echelon.kernels.pathwise_adjoint import pathwise_gradient
from echelon.kernels.pathwise_arrays import Totals
from echelon.kernels.pathwise_flow import pathwise_totals
from echelon.optimization.simulated_base_stock.wired import (
    adjoint_for,
    priced,
    tape_for,
    unfollowed,
    wire,
    zero_totals,
)
from echelon.simulation.plain.flow import flow
from tests.flow_cases import FlowCase, random_case

_SAME = ("on_hand", "in_process", "component", "in_transit", "late", "on_time", "due", "ready")
_OF_FEATURES = ("in_release", "scrapped", "lost")


def followed(seed: int, n_stages: int, n_periods: int) -> FlowCase:
    """A random component without what the pathwise kernels do not follow."""
    structure, features, draws = random_case(
        seed, n_stages=n_stages, n_periods=n_periods, runs=3, features=True
    )
    n, lanes = len(structure.level), len(structure.units)
    never = np.full(lanes, -1, dtype=np.int64)
    none, no_lane_downs = np.zeros(n + 1, dtype=np.int64), np.zeros(lanes + 1, dtype=np.int64)
    empty = np.zeros(0, dtype=np.int64)
    first = features.level_at[features.level_ptr[:-1]]
    features = features._replace(
        policy=np.zeros(n, dtype=np.int64),
        level_ptr=np.arange(n + 1),
        level_at=first,
        reorder_at=np.full(n, np.nan),
        order_multiple=np.zeros(n),
        minimum_order=np.zeros(n),
        shelf_life=np.zeros(n, dtype=np.int64),
        carries=np.zeros(n, dtype=np.int64),
        minimum_life=np.zeros_like(features.minimum_life),
        down_ptr=none,
        down_of=empty,
        lane_down_ptr=no_lane_downs,
        lane_down_of=empty,
        disruption_ptr=np.zeros(2, dtype=np.int64),
        disruption_row=empty,
        capacity_left=np.zeros(0),
        stock_destroyed=np.zeros(0),
        in_transit_held=empty,
        ships=empty,
        group_first=np.arange(lanes),
        share=np.ones(lanes),
        backup_for=never,
        expedite_rule=np.zeros(lanes, dtype=np.int64),
    )
    allocation = np.where(structure.allocation == codes.FIRST_COME, 0, structure.allocation)
    initial = np.maximum(first, 0.0)
    structure = structure._replace(allocation=allocation, level=first, initial_stock=initial)
    # no ties: where two arguments of a minimum are equal there are two derivatives
    rng = np.random.default_rng(seed)
    demand = structure.asker_row[structure.asker_row >= 0]
    draws = draws.copy()
    draws[demand] += rng.uniform(-0.3, 0.3, draws[demand].shape)
    structure = structure._replace(level=first + rng.uniform(-0.4, 0.4, n))
    structure = structure._replace(initial_stock=np.maximum(structure.level, 0.0))
    return FlowCase(structure, features._replace(level_at=structure.level), draws)


def prices(rng: np.random.Generator, net) -> Totals:
    """A price for a unit of everything that has a slope."""
    price = zero_totals(net, 1)
    for name in Totals._fields:
        if name not in ("due", "ready", "orders"):
            getattr(price, name)[0] = rng.uniform(0.5, 2.0, getattr(price, name).shape[1])
    return price


CASES = [(seed, 1 + seed % 6, 8 + 3 * (seed % 5)) for seed in range(36)]


@pytest.mark.parametrize(("seed", "n_stages", "n_periods"), CASES)
def test_the_kernel_counts_what_the_readable_engine_counts(seed, n_stages, n_periods):
    case = followed(seed, n_stages, n_periods)
    assert not unfollowed(case.structure, case.features)
    net = wire(case.structure, case.features, np.ones(n_stages, dtype=bool))
    draws = np.ascontiguousarray(case.draws.transpose(2, 1, 0))
    totals = zero_totals(net, 3)
    pathwise_totals(net, case.structure.level, np.zeros(n_stages), draws, tape_for(net), totals)
    sums, feature_sums = flow(case.structure, case.features, case.draws)
    for name in _SAME:
        np.testing.assert_allclose(getattr(totals, name).T, getattr(sums, name), atol=1e-9)
    for name in _OF_FEATURES:
        np.testing.assert_allclose(getattr(totals, name).T, getattr(feature_sums, name), atol=1e-9)
    np.testing.assert_array_equal(totals.orders.T, sums.orders)


@pytest.mark.parametrize(("seed", "n_stages", "n_periods"), CASES)
def test_derivatives_are_differences(seed, n_stages, n_periods):
    """Of every run, in steps so small that next to no minimum changes its argument."""
    case = followed(seed, n_stages, n_periods)
    net = wire(case.structure, case.features, np.ones(n_stages, dtype=bool))
    draws = np.ascontiguousarray(case.draws.transpose(2, 1, 0))
    price = prices(np.random.default_rng(seed), net)
    width = np.full(n_stages, 4.0)
    tape, totals, level = tape_for(net), zero_totals(net, 3), case.structure.level
    gradient = np.zeros((3, n_stages))
    pathwise_gradient(net, level, width, draws, price, tape, adjoint_for(net), totals, gradient)
    step = 1e-6
    for j in range(n_stages):
        found = []
        for sign in (1.0, -1.0):
            moved = level.copy()
            moved[j] += sign * step
            pathwise_totals(net, moved, width, draws, tape, totals)
            found.append(priced(totals, price))
        difference = (found[0] - found[1]) / (2.0 * step)
        np.testing.assert_allclose(gradient[:, j], difference, rtol=1e-5, atol=1e-5)
