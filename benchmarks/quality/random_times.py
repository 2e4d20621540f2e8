"""Five chains of Willems (2008) whose stage times vary: what plans cost, and what they keep."""

from __future__ import annotations

import itertools
import time
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd

import echelon as ec
from benchmarks.quality.real_chains import folder
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.proof import Limits
from echelon.optimization.sensitivity.fixed import FixedTimes
from echelon.optimization.tasks import component_tasks

TITLE = "Stage times that vary, on five real supply chains"
CHAINS = (1, 3, 5, 8, 20)
PERIODS, RUNS, SEED = 365, 128, 11
PLANS = ("mean", "maximum", "two moments", "mixture")


def world(path: object, chain: int) -> ec.Network:
    """The chain as it is simulated: discrete stage times as given, all others in whole days."""
    network = ec.read_willems(str(path), chain, stage_times="distribution")
    return _whole_days(network)


def plan_of(path: object, chain: int, kind: str) -> ec.Plan:
    """A plan whose promises are whole days.

    "mean": every stage time at its mean in whole days, as in Humair and others (2013); "maximum":
    at its largest; "two moments": mean and standard deviation; "mixture": the distributions.
    """
    if kind in ("mean", "maximum"):
        network = ec.read_willems(str(path), chain, stage_times="mean" if kind == "mean" else "max")
        return ec.optimize(_whole_days(network))
    network = world(path, chain)
    if kind == "two moments":
        blank = network.stages.assign(lead_time_family="", lead_time_parameters="")
        network = network.replace(stages=blank.drop(columns="lead_time_distribution"))
    return whole_promises(network, ec.optimize(network))


def whole_promises(network: ec.Network, plan: ec.Plan) -> ec.Plan:
    """Promise whole days: each service time rounded down, the stock made anew for it."""
    tasks = component_tasks(network, None, "auto", Limits(1e-6, None, "highs"))
    compiled, stages = network.compiled, plan.stages.copy()
    quoted = stages["service_time"].to_numpy(float)[compiled.stage_row]
    for c, task in enumerate(tasks):
        first, last = compiled.component_ptr[c : c + 2]
        shard = task.cost.component
        service = np.floor(quoted[first:last] + 1e-9)
        for j in range(shard.n_stages):  # upstream first: none promises more than it can
            ready = FixedTimes(task.cost, service).heard[j] + shard.lead_time[j]
            service[j] = min(service[j], np.floor(ready + shard.review_period[j] + 1e-9))
        times = FixedTimes(task.cost, service)
        for j in range(shard.n_stages):
            asked = StageTimes(*map(np.float64, (times.heard[j], service[j], times.covered[j])))
            stock, row = task.cost.stock(j), int(shard.stage_row[j])
            safety = float(stock.safety_stock(asked))
            stages.loc[row, "service_time"] = service[j]
            stages.loc[row, "inbound_service_time"] = times.heard[j]
            stages.loc[row, "net_replenishment_time"] = times.covered[j]
            stages.loc[row, "base_stock"] = float(stock.base_stock(asked))
            stages.loc[row, "safety_stock"] = safety
            stages.loc[row, "holding_cost"] = safety * shard.holding_cost[j]
    return replace(plan, stages=stages, objective=float(stages["holding_cost"].sum()))


def service_as_modelled(network: ec.Network, plan: ec.Plan) -> np.ndarray:
    """Cycle service of every stage that holds safety stock, as the model sees the world.

    Supplies keep their promises, and a stage time stays what it is for longer than anybody waits.
    So each stage is simulated at each of its times, which are weighted by their probabilities, and
    the stages of all other echelons have so much stock that they are never short.
    """
    stages, depth = plan.stages, _depth(network, plan)
    ample = 3.0 * float(network.stages["lead_time"].sum()) * stages["demand_mean"].to_numpy()
    base = stages["base_stock"].to_numpy()
    held = (stages["safety_stock"] > 0.0).to_numpy()
    kept = np.zeros(len(stages))
    for fixed, weight in _at_fixed_times(network):
        for echelon in np.unique(depth[held]):
            here = depth == echelon
            trial = replace(
                plan, stages=stages.assign(base_stock=np.where(here, base, base + ample))
            )
            run = ec.simulate(fixed, trial, periods=PERIODS, replications=RUNS // 2, seed=SEED)
            kept[here] += weight * run.stages["cycle_service_level"].to_numpy()[here]
    blank = network.stages["lead_time_family"] == ""
    known = ~((network.stages["lead_time_std"] > 0.0) & blank).to_numpy()
    return kept[held & known]  # of others two moments are all that is known


def _at_fixed_times(network: ec.Network) -> list[tuple[ec.Network, float]]:
    """The network with every stage time at one of its values, and the weight of that.

    All stages are at the same quantile: each is at each of its values as often as it should be.
    """
    laws = network.lead_time_distributions
    steps = [np.cumsum(law.probabilities) for law in laws if law is not None]
    ends = np.unique(np.round(np.concatenate([[0.0, 1.0], *steps]), 9))
    stages = network.stages.drop(columns="lead_time_distribution")
    stages = stages.assign(lead_time_family="", lead_time_parameters="")
    found = []
    for first, last in itertools.pairwise(ends):
        middle = 0.5 * (first + last)
        times = [
            float(law.ppf(middle)) if law is not None else time
            for law, time in zip(laws, stages["lead_time"], strict=True)
        ]
        spread = np.where([law is None for law in laws], stages["lead_time_std"], 0.0)
        at = stages.assign(lead_time=times, lead_time_std=spread)
        found.append((network.replace(stages=at), float(last - first)))
    return found


def _depth(network: ec.Network, plan: ec.Plan) -> np.ndarray:
    """Most lanes between an outside supplier and each stage, by row of the plan."""
    stages, lanes = plan.stages, network.lanes
    row = {key: i for i, key in enumerate(zip(stages["item"], stages["location"], strict=True))}
    ends = [
        [row[key] for key in zip(lanes[f"{end}_item"], lanes[f"{end}_location"], strict=True)]
        for end in ("from", "to")
    ]
    depth = np.zeros(len(stages), dtype=int)
    for _ in range(len(stages)):
        deeper = depth.copy()
        np.maximum.at(deeper, ends[1], depth[ends[0]] + 1)
        if (deeper == depth).all():
            break
        depth = deeper
    return depth


def measured(network: ec.Network, plan: ec.Plan) -> tuple[pd.DataFrame, float]:
    """Cycle service of stages with customers, and holding cost a year, simulated."""
    run = ec.simulate(network, plan, periods=PERIODS, replications=RUNS, seed=SEED)
    return run.service, float(run.total["holding_cost"].iloc[0]) * network.periods_per_year


def _whole_days(network: ec.Network) -> ec.Network:
    stages = network.stages
    fixed = stages["lead_time_family"] == ""
    return network.replace(
        stages=stages.assign(
            lead_time=stages["lead_time"].where(~fixed, stages["lead_time"].round())
        )
    )


def rows() -> list[list[str]]:
    """One row per chain and plan; the last plan of a chain is the mixture's, calibrated."""
    path = folder()
    assert path is not None
    lines = []
    for chain in CHAINS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ec.DataWarning)  # the data's oddities are known
            truth = world(path, chain)
            for kind in (*PLANS, "calibrated"):
                began = time.process_time()
                plan = plan_of(path, chain, "mixture" if kind == "calibrated" else kind)
                if kind == "calibrated":
                    plan = ec.calibrate(
                        truth,
                        plan,
                        measure="cycle_service_level",
                        periods=PERIODS,
                        replications=RUNS,
                        seed=SEED + 1,
                    ).plan
                seconds = time.process_time() - began
                target = plan.stages["target_service_level"].dropna().to_numpy()
                modelled = "-"
                if kind != "calibrated":
                    kept = service_as_modelled(truth, plan)
                    modelled = f"{kept.mean():.3f} ({kept.min():.3f} to {kept.max():.3f})"
                service, holding = measured(truth, plan)
                real = service["simulated"].to_numpy()
                lines.append(
                    [
                        str(chain) if kind == "mean" else "",
                        kind,
                        f"{plan.stages['safety_stock'].sum():,.0f}",
                        f"{plan.annual_cost:,.0f}",
                        f"{holding:,.0f}",
                        f"{target.mean():.3f}",
                        modelled,
                        f"{real.mean():.3f} ({real.min():.3f})",
                        f"{seconds:,.1f} s",
                    ]
                )
    return lines


def table() -> str:
    """The comparison as a table."""
    if folder() is None:
        return f"### {TITLE}\n\nNot run: the chains are not on this machine.\n"
    head = [
        "chain",
        "plan",
        "safety stock",
        "its cost a year",
        "holding cost, simulated",
        "promise",
        "service of stages with stock, as modelled: mean (range)",
        "customers' service, simulated: mean (lowest)",
        "CPU",
    ]
    lines = [head, ["---:", "---", *["---:"] * 7], *rows()]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {TITLE}\n\n{body}\n"
