"""Components small enough to be worked out on paper: one line for what is unlike the default."""

from __future__ import annotations

from typing import Any

import numpy as np

from echelon.kernels.flow_arrays import BASE_STOCK, Features, Structure
from echelon.simulation.plain.flow import flow
from tests.flow_cases import FlowCase

PER_STAGE = {
    "policy": BASE_STOCK, "order_quantity": 0.0, "order_multiple": 0.0, "minimum_order": 0.0,
    "maximum_order": np.inf, "capacity": np.inf, "release_delay": 0, "overtaking": 0,
    "shelf_life": 0, "carries": 0, "lost_share": 0.0, "demand_seen": 0.0, "customer_delay": -1,
}  # fmt: skip
PER_LANE = {
    "lane_overtaking": 0, "share": 1.0, "backup_for": -1, "backup_after": 0, "expedite_rule": 0,
    "expedite_after": 0, "expedite_delay": 0,
}  # fmt: skip


def by_hand(
    demand: dict[int, list[list[float]]],
    *,
    n_stages: int = 1,
    lanes: list[tuple[int, int]] = (),
    times: dict[str, dict[int, list[float]]] | None = None,
    downs: list[dict[str, Any]] = (),
    levels: dict[int, list[tuple[float, float]]] | None = None,
    calendar: dict[int, list[float]] | None = None,
    **settings: Any,
) -> FlowCase:
    """Make a component with one run.

    ``demand``: for each stage, one list of quantities per segment. ``times``: drawn rows, as
    ``{"make_row": {0: [...]}}``. ``downs``: disruptions with ``stage`` or ``lane`` and ``states``.
    ``levels``: base stock and reorder point by period. Every other setting is a field of the
    structure or of the features, one number for all or one for each.
    """
    n_periods = max(len(row) for rows in demand.values() for row in rows)
    rows: list[list[float]] = []
    lanes = list(lanes)

    def add(values):
        rows.append([*values, *[0.0] * (n_periods - len(values))])
        return len(rows) - 1

    def of(name, default, size):
        kind = np.float64 if isinstance(default, float) else np.int64
        return np.array(np.broadcast_to(settings.pop(name, default), size), dtype=kind)

    asker_ptr, asker_lane, asker_row = [0], [], []
    for j in range(n_stages):
        for quantities in demand.get(j, []):
            asker_lane.append(-1)
            asker_row.append(add(quantities))
        for k, lane in enumerate(lanes):
            if lane[0] == j:
                asker_lane.append(k)
                asker_row.append(-1)
        asker_ptr.append(len(asker_lane))
    receiver = np.array([lane[1] for lane in lanes], dtype=np.int64)
    asker_lane = np.array(asker_lane, dtype=np.int64)
    asker_of_lane = np.array(
        [int(np.flatnonzero(asker_lane == k)[0]) for k in range(len(lanes))], dtype=np.int64
    )
    level = of("level", 0.0, n_stages)
    supplied = np.isin(np.arange(n_stages), receiver)
    make = of("make_delay", 0, n_stages)
    lane_delay = of("lane_delay", 0, len(lanes))
    structure = Structure(
        stage_ptr=np.array([0, n_stages]),
        row_ptr=np.array([0, 0]),
        warmup=of("warmup", 0, 1),
        periods=np.array([n_periods]),
        lane_ptr=np.searchsorted(receiver, np.arange(n_stages + 1)).astype(np.int64),
        supplier=np.array([lane[0] for lane in lanes], dtype=np.int64),
        receiver=receiver,
        units=of("units", 1.0, len(lanes)),
        asker_ptr=np.array(asker_ptr),
        asker_lane=asker_lane,
        asker_row=np.array(asker_row, dtype=np.int64),
        asker_of_lane=asker_of_lane,
        level=level,
        review=of("review", 0, n_stages),
        phase=of("phase", 0, n_stages),
        outside_delay=np.where(supplied, -1, of("outside_delay", 0, n_stages)),
        make_delay=make,
        serve_delay=of("serve_delay", 0, n_stages),
        nominal_delay=of("nominal_delay", 0, n_stages),
        lane_delay=lane_delay,
        allocation=of("allocation", 0, n_stages),
        tolerance=np.full(n_stages, 1e-9),
        initial_stock=of("initial_stock", 0.0, n_stages) if "initial_stock" in settings else level,
    )
    drawn = {}
    for name, size in (("make", n_stages), ("release", n_stages), ("lane", len(lanes)),
                       ("yield", n_stages)):  # fmt: skip
        given = (times or {}).get(f"{name}_row", {})
        drawn[f"{name}_row"] = np.array(
            [add(given[i]) if i in given else -1 for i in range(size)], dtype=np.int64
        )
    cycles = [
        (levels or {}).get(j, [(level[j], settings.get("reorder_point", np.nan))])
        for j in range(n_stages)
    ]
    settings.pop("reorder_point", None)
    opened = [(calendar or {}).get(j, []) for j in range(n_stages)]
    features = Features(
        **{name: of(name, default, n_stages) for name, default in PER_STAGE.items()},
        **{name: of(name, default, len(lanes)) for name, default in PER_LANE.items()},
        **drawn,
        level_ptr=np.cumsum([0, *(len(cycle) for cycle in cycles)]),
        level_at=np.array([pair[0] for cycle in cycles for pair in cycle], dtype=float),
        reorder_at=np.array([pair[1] for cycle in cycles for pair in cycle], dtype=float),
        open_ptr=np.cumsum([0, *(len(periods) for periods in opened)]),
        open_at=np.array([flag for periods in opened for flag in periods], dtype=float),
        make_longest=make,
        release_longest=np.zeros(n_stages, dtype=np.int64),
        lane_longest=lane_delay,
        **_disruptions(downs, n_stages, len(lanes), add),
        group_first=of("group_first", 0, len(lanes)) if "group_first" in settings
        else np.arange(len(lanes)),
        minimum_life=of("minimum_life", 0, len(asker_lane)),
    )  # fmt: skip
    assert not settings, f"unknown settings: {list(settings)}"
    structure.row_ptr[1] = len(rows)
    return FlowCase(structure, features, np.array(rows, dtype=float)[:, :, None])


def _disruptions(downs, n_stages, n_lanes, add):
    ordered = sorted(downs, key=lambda down: ("lane" in down, down.get("stage", down.get("lane"))))
    stages = [down["stage"] for down in ordered if "stage" in down]
    lanes = [down["lane"] for down in ordered if "lane" in down]
    return {
        "down_ptr": np.searchsorted(stages, np.arange(n_stages + 1)).astype(np.int64),
        "down_of": np.arange(len(stages)),
        "lane_down_ptr": np.searchsorted(lanes, np.arange(n_lanes + 1)).astype(np.int64),
        "lane_down_of": np.arange(len(stages), len(ordered)),
        "disruption_ptr": np.array([0, len(ordered)]),
        "disruption_row": np.array([add(down["states"]) for down in ordered], dtype=np.int64),
        "capacity_left": np.array([down.get("left", 0.0) for down in ordered], dtype=float),
        "stock_destroyed": np.array([down.get("destroyed", 0.0) for down in ordered], dtype=float),
        "in_transit_held": np.array([down.get("held", 0) for down in ordered], dtype=np.int64),
        "ships": np.array([down.get("ships", 0) for down in ordered], dtype=np.int64),
    }


class Run:
    """A run of a component by hand, and its flows as plain lists."""

    def __init__(self, case: FlowCase, **options: Any) -> None:
        self.records: list[Any] = []
        self.sums, self.feature_sums = flow(*case, records=self.records, **options)
        self._case = case

    def of(self, name: str, stage: int = 0) -> list[float]:
        """One flow of a stage, by period."""
        return [float(r.flows[name][0]) for r in self.records if r.stage == stage]

    def asker(self, name: str, place: int = 0, stage: int = 0) -> list[float]:
        """One flow of the asker in that place of a stage, by period."""
        return [float(r.askers[place][name][0]) for r in self.records if r.stage == stage]

    def lane(self, name: str, place: int = 0, stage: int = 1) -> list[float]:
        """One flow of the lane in that place into a stage, by period."""
        return [float(r.lanes[place][name][0]) for r in self.records if r.stage == stage]

    def ages(self, stage: int = 0) -> list[list[float]]:
        """Stock by remaining life, the least in front, by period."""
        return [r.ages[:, 0].tolist() for r in self.records if r.stage == stage]
