"""Commands on a person's own tables: check, optimize, simulate, run and publish."""

from __future__ import annotations

import argparse
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from echelon.cli.outcome import FINE, given, report_failures
from echelon.errors import EchelonError, FolderError

if TYPE_CHECKING:
    from echelon.policies.publication.targets import TargetSource

PLAN: Final = "plan"
SIMULATION: Final = "simulation"
PUBLICATION: Final = "publication"
# folders inside a RUN folder


def check_tables(options: argparse.Namespace) -> int:
    """Read tables and say what they describe."""
    from echelon.io.folder import read_network

    print(read_network(options.folder).summary())
    print(f"\nNo faults. Next: echelon optimize {options.folder} --out RUN")
    return FINE


def optimize_tables(options: argparse.Namespace) -> int:
    """Place safety stock and write the plan."""
    from echelon.io.folder import read_network
    from echelon.optimization.optimize import optimize

    network = read_network(options.folder)
    plan = optimize(
        network,
        **given(
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
    return report_failures(plan, written)


def simulate_plan(options: argparse.Namespace) -> int:
    """Simulate the plan of a RUN folder and write what came of it."""
    from echelon.io.folder import read_network
    from echelon.io.plan import read_plan
    from echelon.simulation.simulate import simulate

    _require_in_order(options.folder, options.plan)
    network = read_network(options.folder)
    plan = read_plan(options.plan)
    run = simulate(
        network,
        plan,
        **given(
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
    return report_failures(run, written)


def run_job(options: argparse.Namespace) -> int:
    """Do the whole job of a file of settings."""
    from echelon.errors import DomainError
    from echelon.execution import end_workers
    from echelon.jobs import CRASHED
    from echelon.jobs.ahead import start_workers_ahead

    if not options.settings.endswith(".toml"):
        raise DomainError(f"{options.settings} is no .toml file. Fix: echelon run CONFIG.toml.")
    chosen = given(out=options.out, n_jobs=options.jobs)
    start_workers_ahead(options.settings, chosen, fresh=options.fresh)
    try:
        from echelon.jobs.run import run

        done = run(options.settings, **chosen, fresh=options.fresh)
    except (EchelonError, OSError):
        raise
    except Exception as error:  # Python would end with 1, which says that there is a plan
        traceback.print_exc()
        raise SystemExit(CRASHED) from error
    finally:
        end_workers()
    print(done)
    print(f"\nWritten to {done.folder}")
    return report_failures(done, done.folder)


def publish_plan(options: argparse.Namespace) -> int:
    """Accept what moved little since the last plan, and list the rest."""
    from echelon.policies.publication.publish import publish

    old = None if options.since is None else _read_targets(options.since)
    publication = publish(
        old,
        _read_targets(options.plan),
        **given(max_change=options.max_change, shift=options.shift),
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
