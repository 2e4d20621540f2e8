"""Random shards with random sums: what measuring needs, without a simulation."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from echelon.kernels.flow_arrays import FeatureSums, Structure, Sums
from echelon.network.compiled import CompiledNetwork
from echelon.simulation.measured.scheme import Prices, Scheme, scheme_of

PERIODS = 24


@dataclass(frozen=True)
class Case:
    structure: Structure
    prices: Prices
    compiled: CompiledNetwork
    groups: dict[str, np.ndarray]
    values: np.ndarray
    demand_seen: np.ndarray
    leaving: np.ndarray

    def scheme(self, runs: int, bounds: np.ndarray | None = None) -> Scheme:
        return scheme_of(
            self.compiled,
            self.structure,
            self.prices,
            self.groups,
            segment_values=self.values,
            demand_seen=self.demand_seen,
            runs=runs,
            bounds=bounds,
        )


def whole(values) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)


def case(rng: np.random.Generator, *, n_components: int = 4, charge_pipeline: bool = True) -> Case:
    """Random components: askers of all kinds, items and locations within and across components."""
    sizes = rng.integers(1, 5, n_components)
    stage_ptr = whole(np.concatenate([[0], np.cumsum(sizes)]))
    n = int(stage_ptr[-1])
    lanes = [
        (i, j)
        for first, last in itertools.pairwise(stage_ptr)
        for j in range(first, last)
        for i in range(first, j)
        if rng.random() < 0.7
    ]
    supplier, receiver = whole([i for i, _ in lanes]), whole([j for _, j in lanes])
    n_customers = rng.integers(0, 3, n)
    n_customers[stage_ptr[1:] - 1] += 1
    askers = sorted(
        [(j, -1) for j in range(n) for _ in range(n_customers[j])]
        + [(i, k) for k, (i, _) in enumerate(lanes)],
        key=lambda asker: (asker[0], asker[1] >= 0, asker[1]),
    )
    asker_lane = whole([lane for _, lane in askers])
    asker_ptr = np.searchsorted([stage for stage, _ in askers], np.arange(n + 1))
    n_demands = int((asker_lane < 0).sum())
    demand_ptr = np.concatenate([[0], np.cumsum(n_customers)])
    # three drawn rows more in each component
    row_ptr = whole(demand_ptr[stage_ptr] + 3 * np.arange(n_components + 1))
    component = np.repeat(np.arange(n_components), sizes)
    asker_row = np.full(len(askers), -1)
    customers = asker_lane < 0
    of_component = component[[stage for stage, _ in askers]][customers]
    asker_row[customers] = np.arange(n_demands) + 3 * of_component
    warmup = whole(rng.integers(0, 9, n_components))
    zeros = {name: np.zeros(0) for name in Structure._fields}
    structure = Structure(
        **{
            **zeros,
            "stage_ptr": stage_ptr,
            "row_ptr": row_ptr,
            "warmup": warmup,
            "periods": warmup + PERIODS,
            "lane_ptr": whole(np.searchsorted(receiver, np.arange(n + 1))),
            "supplier": supplier,
            "receiver": receiver,
            "units": rng.uniform(0.5, 3.0, len(lanes)),
            "asker_ptr": whole(asker_ptr),
            "asker_lane": asker_lane,
            "asker_row": asker_row,
            "review": whole(rng.integers(0, 5, n)),
            "phase": whole(np.zeros(n)),
            "nominal_delay": whole(rng.integers(0, 6, n)),
            "serve_delay": whole(rng.integers(0, 2, n)),
        }
    )

    def price() -> np.ndarray:
        return rng.uniform(0.1, 5.0, n)

    prices = Prices(
        price(), price(), price(), price(), price(), rng.random(len(lanes)), charge_pipeline
    )
    empty = {name: np.zeros(0) for name in CompiledNetwork.__dataclass_fields__}
    compiled = CompiledNetwork(
        **{
            **empty,
            "component_ptr": stage_ptr.copy(),
            "component_id": np.arange(n_components),
            "stage_row": np.arange(n),
            "demand_ptr": demand_ptr,
        }
    )
    items = np.unique(component * 2 + rng.integers(0, 2, n), return_inverse=True)[1]
    items[rng.random(n) < 0.2] = 0  # an item of several components
    groups = {
        "item": np.unique(items, return_inverse=True)[1],
        "location": np.unique(rng.integers(0, 3, n), return_inverse=True)[1],
    }
    values = np.stack([rng.integers(0, 3, n_demands), 3 + rng.integers(0, 2, n_demands)])
    sizes_of_groups = sum(int(code.max()) + 1 for code in groups.values()) + 1
    return Case(
        structure,
        prices,
        compiled,
        groups,
        values,
        rng.uniform(1.0, 9.0, n),
        rng.uniform(1.0, 9.0, sizes_of_groups),
    )


def random_sums(case: Case, n_runs: int, rng: np.random.Generator) -> tuple[Sums, FeatureSums]:
    """Sums of runs that depend on each other within a component, but not across components."""
    structure = case.structure
    n = len(structure.review)
    n_lanes, n_askers = len(structure.supplier), len(structure.asker_lane)
    component = np.repeat(np.arange(len(structure.warmup)), np.diff(structure.stage_ptr))
    common = rng.gamma(9.0, 1.0, (len(structure.warmup), n_runs))
    asker_stage = np.repeat(np.arange(n), np.diff(structure.asker_ptr))

    def of(stage: np.ndarray) -> np.ndarray:
        own = rng.gamma(9.0, 1.0, (len(stage), n_runs))
        return own + common[component[stage]]

    stages = np.arange(n)
    named = {}
    for name in Sums._fields:
        over = {"late", "due", "on_time"}, {"component", "in_transit"}
        stage = asker_stage if name in over[0] else stages
        named[name] = of(structure.receiver if name in over[1] else stage)
    named["ready"] = np.minimum(np.floor(named["ready"]), PERIODS)
    named["on_time"] = named["due"] * rng.random(named["due"].shape)
    zeros = {name: np.zeros((0, n_runs)) for name in FeatureSums._fields}
    features = {name: of(stages) for name in ("in_release", "expired", "destroyed", "scrapped")}
    lost = of(asker_stage)
    lost[structure.asker_lane >= 0] = 0.0
    rich = FeatureSums(
        **{**zeros, **features, "lost": lost, "expedited": rng.random((n_lanes, n_runs))}
    )
    assert n_askers == len(lost)
    return Sums(**named), rich
