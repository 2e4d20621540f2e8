"""What came out for the components, as a plan with its frames."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.network.network import Network
from echelon.optimization.assemble import assemble
from echelon.optimization.outcome import relative_gap
from echelon.optimization.placement import Failure, Placement
from echelon.optimization.sampled_base_stock.columns import CHECKED, CURVES, SAMPLES
from echelon.optimization.sampled_base_stock.result import SampledBaseStocks
from echelon.optimization.sampled_base_stock.tasks import Report, Work
from echelon.policies.plan import Plan
from echelon.results import Provenance

Floats = NDArray[np.float64]


def plan_of(
    network: Network,
    work: Work,
    done: list[Report | Failure],
    arguments: dict[str, Any],
    seconds: float,
) -> SampledBaseStocks:
    """Put the components' reports together, and say what failed."""
    compiled = network.compiled
    placed = [
        one
        if isinstance(one, Failure)
        else Placement(_columns(work, c, one), one.outcome, one.method)
        for c, one in enumerate(done)
    ]
    told = {name: _plain(value) for name, value in arguments.items() if name != "progress"}
    provenance = Provenance(
        arguments=told,
        tables=network.digests,
        seconds={"solve": seconds},
        seed=work.seed,
        solver=work.options.solver,
    )
    plan = assemble(network, compiled, placed, provenance)
    reports = [(c, one) for c, one in enumerate(done) if isinstance(one, Report)]
    objective = float(sum(one.outcome.objective for _, one in reports))
    bound = float(sum(one.outcome.bound for _, one in reports))
    keys = network.columns("stages", ["item", "location"]).iloc[compiled.stage_row]
    keys = keys.reset_index(drop=True)
    return changed(
        plan,
        objective=objective if reports else float("nan"),
        bound=bound if reports else float("nan"),
        gap=relative_gap(objective, bound) if reports else float("nan"),
        checked=_service_frame(work, reports, keys),
        samples=_sample_frame(work, reports),
        curves=_curve_frame(work, reports, keys),
        sampled_cost=float(sum(one.holding + one.shortage for _, one in reports)),
        confidence=work.confidence,
        # several components have a model each, and a plan has room for one
        declare=partial(_declare, work) if len(reports) == len(done) == 1 else None,
    )


def _declare(work: Work) -> Any:
    """Draw the only component again, and declare its model."""
    from echelon.optimization.sampled_base_stock.declared import declare

    return declare(work.problem(0, work.seed))


def changed(plan: Plan, **changes: Any) -> SampledBaseStocks:
    """A plan, or one of this kind, with some fields set."""
    known = {one.name: getattr(plan, one.name) for one in fields(plan)}
    return SampledBaseStocks(**{**known, **changes})


def _plain(value: Any) -> Any:
    return str(dict(value)) if isinstance(value, dict) else value


def _columns(work: Work, c: int, report: Report) -> dict[str, Floats]:
    """Columns of the plan's stages; safety stock is what is beyond mean demand of the exposure."""
    compiled, stages = work.described.network.compiled, work.stages(c)
    mean, std = work.described.mean[stages], work.described.std[stages]
    first = int(compiled.pred_ptr[stages.start])
    ptr = compiled.pred_ptr[stages.start : stages.stop + 1] - first
    lanes = slice(first, first + int(ptr[-1]))
    transit, usage = compiled.pred_lead_time[lanes], compiled.pred_usage[lanes]
    inbound = compiled.inbound_service_time[stages].astype(np.float64).copy()
    on_lanes = np.zeros(len(mean))
    for j in range(len(mean)):
        here = slice(int(ptr[j]), int(ptr[j + 1]))
        inbound[j] = max([inbound[j], *transit[here].tolist()])
        on_lanes[j] = float(usage[here] @ transit[here])
    covered = inbound + compiled.lead_time[stages] + compiled.review_period[stages]
    levels = report.levels
    safety = levels - mean * covered
    given = np.full(len(mean), np.nan)
    for stage, (_, value) in report.given.items():
        given[stage] = value
    return {
        "service_time": np.zeros(len(mean)),
        "inbound_service_time": inbound,
        "net_replenishment_time": covered,
        "safety_stock": safety,
        "base_stock": levels,
        "pipeline_stock": mean * (compiled.lead_time[stages] + on_lanes),
        "holding_cost": compiled.holding_cost[stages] * safety,
        "demand_mean": mean,
        "demand_std": std,
        "target_service_level": work.targets.level[stages],
        "service_level": given,
    }


def _service_frame(
    work: Work, reports: list[tuple[int, Report]], keys: pd.DataFrame
) -> pd.DataFrame:
    rows = []
    for c, report in reports:
        first = work.stages(c).start
        for stage, (measure, value) in report.given.items():
            item, location = keys.iloc[first + stage]
            rows.append((item, location, measure, float(work.targets.level[first + stage]), value))
    frame = pd.DataFrame(rows, columns=list(CHECKED.names[:5]))
    return frame.assign(simulated=np.nan, simulated_se=np.nan, half_width=np.nan, verdict="")


def _sample_frame(work: Work, reports: list[tuple[int, Report]]) -> pd.DataFrame:
    compiled = work.described.network.compiled
    rows = []
    for c, report in reports:
        outcome, known = report.outcome, report.true_gap
        rows.append(
            (
                int(compiled.component_id[c]),
                report.paths,
                report.periods,
                report.holding,
                report.shortage,
                report.tail if work.tail is not None else np.nan,
                outcome.objective,
                outcome.bound,
                0 if known is None else known.replications,
                *(
                    (np.nan,) * 5
                    if known is None
                    else (known.cost, known.gap, known.gap_se, known.upper, known.price)
                ),
                report.why_no_gap if known is None else known.how,
            )
        )
    return pd.DataFrame(rows, columns=list(SAMPLES.names))


def _curve_frame(work: Work, reports: list[tuple[int, Report]], keys: pd.DataFrame) -> pd.DataFrame:
    frames = []
    for c, report in reports:
        first = work.stages(c).start
        for stage, frame in report.curves:
            item, location = keys.iloc[first + stage]
            frames.append(frame.assign(item=item, location=location)[list(CURVES.names)])
    if not frames:
        return pd.DataFrame(columns=list(CURVES.names))
    return pd.concat(frames, ignore_index=True)
