"""One component without features, run by each of the engines on the same draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from echelon.distributions import Distribution, Empirical, Gamma, Normal
from echelon.kernels.draws import fill
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import WIDTH, Features, Structure, Sums
from echelon.kernels.plain_flow_work import work_for
from echelon.kernels.run_components import run_plain
from echelon.simulation.drawn.sources import DrawRow, Given, Sources, sources_of
from echelon.simulation.measured.room import zero_sums
from echelon.simulation.plain.flow import flow
from echelon.simulation.work import run_features

LAWS = (Normal(5.0, 4.0), Gamma(5.0, 4.0), Empirical([-3.0, 0.0, 4.0, 11.0], [0.1, 0.4, 0.3, 0.2]))
"""Returns and periods without demand are among them."""


def laws_of(structure: Structure, seed: int, laws: Sequence[Distribution] = LAWS) -> Sources:
    """Draw each row of a component from one of some laws."""
    n_rows = int(structure.row_ptr[1])
    rows = [DrawRow("demand", (str(i),), laws[i % len(laws)]) for i in range(n_rows)]
    return sources_of(rows, seed)


def given(demand: Sequence[Sequence[float]]) -> Sources:
    """The same demand in every run, one row per segment."""
    rows = [Given(np.asarray(row, dtype=float)) for row in demand]
    return sources_of([DrawRow("demand", (str(i),), row) for i, row in enumerate(rows)], 0)


def plain_kernel(
    structure: Structure,
    features: Features,
    sources: Sources,
    *,
    n_runs: int = 1,
    block: int = 32,
    stops: Sequence[int] = (),
) -> tuple[Sums, list[Any]]:
    """Sums by the fast kernel, and copies of stock and of late units at each stop."""
    n_periods = int(structure.periods[0])
    sums, _ = zero_sums(structure, features)
    work = work_for(structure, features, 0, 1, block)
    memory = np.zeros((int(structure.row_ptr[1]), WIDTH))
    states, period = [], 0
    for stop in (*stops, n_periods):
        run_plain(
            structure, np.ones(1, dtype=np.int64), sources, period, stop, 0, n_runs, block, work,
            memory, sums,
        )  # fmt: skip
        states.append(
            (work.on_hand[:, 0].copy(), work.late[:, 0].copy(), work.component[:, 0].copy())
        )
        period = stop
    return sums, states


def feature_kernel(
    structure: Structure, features: Features, sources: Sources, *, n_runs: int = 1
) -> Sums:
    """Sums by the kernel of all features."""
    sums, feature_sums = zero_sums(structure, features)
    memory = np.zeros((int(structure.row_ptr[1]), WIDTH))
    state = start_feature_state(structure, features, 0)
    run_features(
        structure, features, 0, sources, 0, int(structure.periods[0]), 0, n_runs, state,
        memory, sums, feature_sums,
    )  # fmt: skip
    return sums


def assert_engines_agree(
    structure: Structure, features: Features, sources: Sources, *, n_runs: int = 1, block: int = 32
) -> Sums:
    """Fast kernel and that of all features bit for bit; the readable engine to rounding."""
    n_periods = int(structure.periods[0])
    fast, _ = plain_kernel(structure, features, sources, n_runs=n_runs, block=block)
    rich = feature_kernel(structure, features, sources, n_runs=n_runs)
    n_rows = int(structure.row_ptr[1])
    draws = np.zeros((n_rows, n_periods, WIDTH))
    memory = np.zeros((n_rows, WIDTH))
    fill(sources, 0, n_rows, 0, n_periods, 0, n_runs, memory, draws)
    slow, _ = flow(structure, features, draws[:, :, :n_runs])
    for name, one, other, plain in zip(fast._fields, fast, rich, slow, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)
        np.testing.assert_allclose(one[:, :n_runs], plain, rtol=1e-9, atol=1e-6, err_msg=name)
        assert not one[:, n_runs:].any(), name
    return fast
