"""The command line: check, optimize, simulate, run, publish, demo and template.

Exit codes: 0 all went well, 1 some components failed, 2 the input is at fault, 130 interrupted;
3 from `run` if the library itself is at fault.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import sys
import textwrap
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from echelon import __version__
from echelon.errors import DataWarning, EchelonError, FolderError, SolverError

if TYPE_CHECKING:
    import pandas as pd

    from echelon.io.examples import Example
    from echelon.policies.plan import Plan
    from echelon.policies.publication.targets import TargetSource
    from echelon.results import Result
    from echelon.simulation.result import Simulation

FINE, SOME_FAILED, BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141

TABLES, PLAN, SIMULATION, PUBLICATION = "tables", "plan", "simulation", "publication"
# folders inside a RUN folder

WIDTH = 100

MOST_FAILURES = 20  # told on the screen; a file has them all

_FOLDER_HELP = "folder of tables: stages, lanes and demand as CSV or Parquet, and a manifest.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``echelon``; by default what the process was called with.

    Returns
    -------
    int
        0 all went well, 1 some components failed, 2 the input is at fault, 130 interrupted.

    Examples
    --------
    >>> main(["check", "no-such-folder"])
    2
    """
    options = build_parser().parse_args(arguments)
    if sys.stdout is None:  # the shell closed it: >&-
        return _complain("there is nowhere to print to. Fix: leave the output open.", BAD_INPUT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", DataWarning)
            warnings.showwarning = _show_warning
            code: int = options.run(options)
        sys.stdout.flush()  # a closed pipe shows here, not when the interpreter ends
    except SolverError as error:
        return _complain(error, SOME_FAILED)
    except EchelonError as error:
        return _complain(error, BAD_INPUT)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader, `head` say, has seen enough; without this the interpreter complains at exit.
        _print_no_more()
        return PIPE_CLOSED
    except OSError as error:  # the disk that the output goes to is full, say
        _print_no_more()
        return _complain(f"{error}. Fix: send the output where there is room.", BAD_INPUT)
    return code


def _print_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """Adds the nearest spelling to the complaint about a word that is none of the choices."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit with 2."""
        choice = re.match(r".*invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if choice:
            near = difflib.get_close_matches(choice[1], re.findall(r"[\w-]+", choice[2]), n=1)
            message += f". Did you mean {near[0]!r}?" if near else ""
        super().error(message)


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    parser = _Parser(
        prog="echelon",
        description="Place safety stock in a supply chain, and check the plan by simulation.",
        epilog="exit codes: 0 all went well, 1 some components failed, 2 the input is at fault",
    )
    parser.add_argument("--version", action="version", version=f"echelon {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = commands.add_parser(
        "check", help="read tables and say what they describe, or every fault in them"
    )
    check.add_argument("folder", metavar="FOLDER", help=_FOLDER_HELP)
    check.set_defaults(run=_check)

    optimize = commands.add_parser("optimize", help="place safety stock at least cost")
    optimize.add_argument("folder", metavar="FOLDER", help=_FOLDER_HELP)
    optimize.add_argument(
        "--out", metavar="RUN", required=True, help="folder to write to: RUN/plan is made"
    )
    optimize.add_argument(
        "--service-level",
        type=float,
        metavar="FRACTION",
        help="cycle service level for all customers, 0.95 for example (default: as the tables say)",
    )
    optimize.add_argument(
        "--method", metavar="NAME", help="auto, exact, dual or milp (default: auto)"
    )
    optimize.add_argument(
        "--gap",
        type=float,
        metavar="FRACTION",
        help="stop within this relative gap of the bound (default: 1e-06)",
    )
    optimize.add_argument(
        "--time-limit",
        type=float,
        metavar="SECONDS",
        help="stop each component after this time (default: no limit)",
    )
    optimize.add_argument(
        "--page",
        metavar="FILE",
        help="also write the plan as one HTML page with pictures (extra: report)",
    )
    _add_jobs(optimize)
    optimize.set_defaults(run=_optimize)

    simulate = commands.add_parser("simulate", help="simulate the plan of a RUN folder")
    simulate.add_argument("folder", metavar="FOLDER", help=_FOLDER_HELP)
    simulate.add_argument("plan", metavar="RUN", help="folder that `optimize --out` wrote")
    simulate.add_argument(
        "--periods", type=int, metavar="N", help="periods to measure (default: 104)"
    )
    simulate.add_argument(
        "--warmup",
        type=int,
        metavar="N",
        help="periods before those (default: each component's longest chain of times)",
    )
    simulate.add_argument(
        "--replications", type=int, metavar="N", help="independent repetitions (default: 100)"
    )
    simulate.add_argument(
        "--seed", type=int, metavar="N", help="same seed, same numbers (default: 0)"
    )
    simulate.add_argument(
        "--out", metavar="FOLDER", help="folder to write to (default: RUN/simulation)"
    )
    _add_jobs(simulate)
    simulate.set_defaults(run=_simulate)

    whole = commands.add_parser(
        "run", help="do the whole job of a file of settings, and go on where a killed run stopped"
    )
    whole.add_argument(
        "settings", metavar="CONFIG.toml", help="what is read, done and written: see the guide"
    )
    whole.add_argument("--out", metavar="FOLDER", help="folder to write to, in place of the file's")
    whole.add_argument(
        "--jobs", type=int, metavar="N", help="workers at a time, in place of the file's"
    )
    again = whole.add_mutually_exclusive_group()
    again.add_argument(
        "--resume",
        action="store_true",
        help="go on from what an earlier call finished (this is the default)",
    )
    again.add_argument(
        "--fresh", action="store_true", help="forget what an earlier call finished, and begin anew"
    )
    whole.set_defaults(run=_run)

    publish = commands.add_parser(
        "publish", help="accept what moved little since the last plan, list the rest with reasons"
    )
    publish.add_argument("plan", metavar="RUN", help="folder of the new plan")
    publish.add_argument(
        "--since", metavar="FOLDER", help="plan or publication that holds now (default: none does)"
    )
    publish.add_argument(
        "--max-change",
        type=float,
        metavar="FRACTION",
        help="most that a target may move without a review (default: 0.1)",
    )
    publish.add_argument(
        "--shift", type=int, metavar="N", help="periods gone by since then (default: 0)"
    )
    publish.add_argument(
        "--out", metavar="FOLDER", help="folder to write to (default: RUN/publication)"
    )
    publish.set_defaults(run=_publish)

    demo = commands.add_parser("demo", help="do all of it on a published supply chain of 22 stages")
    demo.add_argument(
        "--out", metavar="RUN", default="runs/demo", help="folder to write to (default: runs/demo)"
    )
    demo.set_defaults(run=_demo)

    template = commands.add_parser(
        "template", help="write empty tables to fill in, and say what each column means"
    )
    template.add_argument("folder", metavar="FOLDER", help="folder to write to")
    template.set_defaults(run=_template)
    return parser


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="workers at a time; -1 takes every core (default: 1)"
    )


def _check(options: argparse.Namespace) -> int:
    from echelon.io.folder import read_network

    print(read_network(options.folder).summary())
    print(f"\nNo faults. Next: echelon optimize {options.folder} --out RUN")
    return FINE


def _optimize(options: argparse.Namespace) -> int:
    from echelon.io.folder import read_network
    from echelon.optimization.optimize import optimize

    network = read_network(options.folder)
    plan = optimize(
        network,
        **_given(
            service_level=options.service_level,
            method=options.method,
            gap=options.gap,
            time_limit=options.time_limit,
            n_jobs=options.jobs,
        ),
    )
    written = plan.write(Path(options.out) / PLAN)
    print(plan.summary(failures=0))
    if len(plan.stages):
        print(plan.costliest_table())
        print(f"\nWritten to {written}. Next: echelon simulate {options.folder} {options.out}")
    else:
        print(f"\nWritten to {written}")
    if options.page:
        from echelon.reports.plan import report

        print(f"Page: {report(plan, network, options.page)}")
    return _report_failures(plan, written)


def _simulate(options: argparse.Namespace) -> int:
    from echelon.io.folder import read_network
    from echelon.io.plan import read_plan
    from echelon.simulation.simulate import simulate

    _require_in_order(options.folder, options.plan)
    network = read_network(options.folder)
    plan = read_plan(options.plan)
    run = simulate(
        network,
        plan,
        **_given(
            periods=options.periods,
            warmup=options.warmup,
            replications=options.replications,
            seed=options.seed,
            n_jobs=options.jobs,
        ),
    )
    written = run.write(options.out or Path(options.plan) / SIMULATION)
    print(run.summary(failures=0))
    print(f"\nWritten to {written}")
    return _report_failures(run, written)


def _run(options: argparse.Namespace) -> int:
    from echelon.errors import DomainError
    from echelon.jobs.run import CRASHED, run

    if not options.settings.endswith(".toml"):
        raise DomainError(f"{options.settings} is no .toml file. Fix: echelon run CONFIG.toml.")
    given = _given(out=options.out, n_jobs=options.jobs)
    try:
        done = run(options.settings, **given, fresh=options.fresh)
    except (EchelonError, OSError):
        raise
    except Exception as error:  # Python would end with 1, which says that there is a plan
        traceback.print_exc()
        raise SystemExit(CRASHED) from error
    print(done)
    print(f"\nWritten to {done.folder}")
    return _report_failures(done, done.folder)


def _publish(options: argparse.Namespace) -> int:
    from echelon.policies.publication.publish import publish

    old = None if options.since is None else _read_targets(options.since)
    publication = publish(
        old,
        _read_targets(options.plan),
        **_given(max_change=options.max_change, shift=options.shift),
    )
    written = publication.write(options.out or Path(options.plan) / PUBLICATION)
    print(publication)
    print(f"\nWritten to {written}")
    return FINE


def _read_targets(folder: str) -> TargetSource:
    """Read whatever has targets: a plan, by itself or in a run, or a publication."""
    from echelon.folder import kind_of, read_manifest
    from echelon.io.plan import read_plan
    from echelon.io.publication import read_publication
    from echelon.io.target_plan import read_target_plan

    kind = kind_of(folder, read_manifest(folder))
    if kind == "Publication":
        return read_publication(folder)
    if kind == "Run":
        from echelon.jobs.result import read_run

        return read_run(folder).to_plan()
    return read_target_plan(folder) if kind == "TargetPlan" else read_plan(folder)


def _require_in_order(folder: str, run: str) -> None:
    """Tell the two folders of ``simulate`` apart before either is misread."""
    from echelon.folder import NETWORK, kind_of, read_manifest

    def kind(place: str | Path) -> str:
        return kind_of(place, read_manifest(place))

    if kind(Path(folder) / PLAN) == "Plan" and kind(folder) != NETWORK and kind(run) == NETWORK:
        raise FolderError(
            f"{folder} holds a plan and {run} holds tables: they are swapped. "
            f"Fix: echelon simulate {run} {folder}."
        )


def _template(options: argparse.Namespace) -> int:
    from echelon.folder import MANIFEST
    from echelon.tables.catalog import CATALOG, template
    from echelon.tables.describe import legend
    from echelon.tables.settings import SETTINGS

    folder = Path(options.folder)
    written = {name: f"{name}.csv" for name in CATALOG} | {SETTINGS.name: MANIFEST}
    columns = {
        table.name: [column for column in table.columns if column.dtype != "object"]
        for table in (*CATALOG.values(), SETTINGS)  # a CSV file holds no Python object
    }
    in_the_way = [name for name in written.values() if (folder / name).exists()]
    if in_the_way:
        raise FolderError(
            f"{folder} already holds {', '.join(in_the_way)}. Fix: choose another folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in CATALOG:
            empty = template(name)[[column.name for column in columns[name]]]
            empty.to_csv(folder / written[name], index=False)
        defaults = {column.name: column.default for column in SETTINGS.columns}
        (folder / MANIFEST).write_text(json.dumps(defaults, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise FolderError(f"cannot write {folder}: {error}. Fix: choose another folder.") from error
    for table in (*CATALOG.values(), SETTINGS):
        print(_wrapped(f"{folder / written[table.name]}: {table.text}"))
        for column in columns[table.name]:
            unit = f" [{column.unit}]" if column.unit else ""
            print(_wrapped(legend(column), f"  {column.name + unit:36}"))
        print()
    print(f"Fill in the columns you need and delete the others, then: echelon check {folder}")
    return FINE


def _wrapped(text: str, name: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=name, subsequent_indent=" " * len(name) or "  "
    )


def _demo(options: argparse.Namespace) -> int:
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
        return max(_report_failures(plan, None), _report_failures(check, None))
    run = simulate(network, plan, periods=365, replications=1_000, seed=0, progress=False)

    folder = Path(options.out)
    network.write(folder / TABLES)
    plan.write(folder / PLAN)
    run.write(folder / SIMULATION)

    print(_stages_that_hold_stock(plan))
    print(f"\n{_cost_beside_its_proof(plan, check, example)}")
    print(f"\n{_promised_beside_simulated(run)}")
    print(f"\nWritten to {folder}: {TABLES}, {PLAN}, {SIMULATION}")
    return _report_failures(run, folder / SIMULATION)


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


def _given(**arguments: Any) -> dict[str, Any]:
    """Drop what the user left out, so that the library's own defaults hold."""
    return {name: value for name, value in arguments.items() if value is not None}


def _report_failures(result: Result, written: Path | None) -> int:
    from echelon.results import failure_in_words

    failures: pd.DataFrame = result.failures
    for failure in failures.head(MOST_FAILURES).to_dict("records"):
        print(f"failed: {failure_in_words(failure)}", file=sys.stderr)
    rest = len(failures) - MOST_FAILURES
    if rest > 0:
        place = f", all in {written / 'failures.csv'}" if written else ""
        print(f"failed: {rest:,} more{place}", file=sys.stderr)
    return SOME_FAILED if len(failures) else FINE


def _complain(message: object, code: int) -> int:
    print(f"echelon: {message}", file=sys.stderr)
    return code


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001 - the signature is Python's
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    print(f"warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
