"""All of it on a published supply chain of 22 stages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from echelon.cli.commands import PLAN, SIMULATION
from echelon.cli.outcome import report_failures

if TYPE_CHECKING:
    from echelon.io.examples import Example
    from echelon.policies.plan import Plan
    from echelon.simulation.result import Simulation

TABLES: Final = "tables"


def run_demo(options: argparse.Namespace) -> int:
    """Optimise it by two methods, simulate the plan, and show all beside what was published."""
    from echelon.io.examples import EXAMPLES, read_example
    from echelon.optimization.optimize import optimize
    from echelon.simulation.simulate import simulate

    example = EXAMPLES["bulldozer"]
    network = read_example(example.name)
    sold = network.demand.iloc[0]
    print(
        f"{example.title}; {sold['mean']:g} sold a {network.period}, give or take {sold['std']:g}"
    )
    print(f"{example.source}\n", flush=True)  # there is something to read while the rest is made

    plan = optimize(network, method="milp", progress=False)
    check = optimize(network, method="exact", progress=False)
    if len(plan.failures) or len(check.failures):
        return max(report_failures(plan, None), report_failures(check, None))
    run = simulate(network, plan, periods=365, replications=1_000, seed=0, progress=False)

    folder = Path(options.out)
    network.write(folder / TABLES)
    plan.write(folder / PLAN)
    run.write(folder / SIMULATION)

    print(_stages_that_hold_stock(plan))
    print(f"\n{_cost_beside_its_proof(plan, check, example)}")
    print(f"\n{_promised_beside_simulated(run)}")
    print(f"\nWritten to {folder}: {TABLES}, {PLAN}, {SIMULATION}")
    return report_failures(run, folder / SIMULATION)


def _stages_that_hold_stock(plan: Plan) -> str:
    held = plan.stocking_stages()
    heads = ("stage", "service", "net replenish-", "safety", "base", "cost a year")
    units = (
        "",
        f"time [{plan.period}s]",
        f"ment [{plan.period}s]",
        "stock",
        "stock",
        plan.currency,
    )
    columns = (
        held["item"],
        held["service_time"].map("{:g}".format),
        held["net_replenishment_time"].map("{:g}".format),
        held["safety_stock"].map("{:,.1f}".format),
        held["base_stock"].map("{:,.1f}".format),
        (held["holding_cost"] * plan.periods_per_year).map("{:,.0f}".format),
    )
    lines = [
        f"{len(held)} of {len(plan.stages)} stages hold safety stock; "
        "the others pass their waiting time on to those they supply:"
    ]
    for first, *rest in (heads, units, *zip(*columns, strict=True)):
        lines.append(f"  {first:22}" + "".join(f"{cell:>15}" for cell in rest))
    return "\n".join(lines)


def _cost_beside_its_proof(plan: Plan, check: Plan, example: Example) -> str:
    from echelon.policies.plan import gap_in_words

    apart = abs(check.annual_cost - plan.annual_cost) / plan.annual_cost
    agreement = f"differs by {apart:.0e}" if apart > sys.float_info.epsilon else "the same"
    lines = [f"Cost of the safety stock, {plan.currency} a year:"]
    for what, value, remark in (
        ("this plan", plan.annual_cost, f"{plan.status}: Pyomo model, solved by HiGHS"),
        (
            "proven lower bound",
            plan.annual_bound,
            gap_in_words(plan.gap),
        ),
        ("dynamic program", check.annual_cost, f"a second method, without a solver: {agreement}"),
        ("published", example.annual_cost, "rounded to thousands"),
    ):
        lines.append(f"  {what:22}{value:>15,.0f}   {remark}")
    return "\n".join(lines)


def _promised_beside_simulated(run: Simulation) -> str:
    sample = f"{run.replications:,} times {run.periods} {run.period}s"
    lines = [f"Share of {run.period}s on which nobody waits longer than promised:"]
    for stage in run.service.itertuples(index=False):
        lines += [
            f"  {stage.item}",
            f"    {'promised':20}{stage.promised:>15.2%}",
            f"    {'simulated':20}{stage.simulated:>15.2%}   "
            f"standard error {stage.simulated_se:.2%}, from {sample}",
        ]
    return "\n".join(lines)
