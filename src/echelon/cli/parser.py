"""The words and options of the command line."""

from __future__ import annotations

import argparse
import difflib
import re
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from echelon import __version__
from echelon.cli.commands import (
    check_tables,
    optimize_tables,
    publish_plan,
    run_job,
    simulate_plan,
)
from echelon.cli.demo import run_demo
from echelon.cli.template import write_template

if TYPE_CHECKING:
    _Commands: TypeAlias = argparse._SubParsersAction["_Parser"]

_FOLDER_HELP = "folder of tables: stages, lanes and demand as CSV or Parquet, and a manifest.json"


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
    for add in (
        _add_check,
        _add_optimize,
        _add_simulate,
        _add_run,
        _add_publish,
        _add_demo,
        _add_template,
    ):
        add(commands)
    return parser


def _add_check(commands: _Commands) -> None:
    parser = commands.add_parser(
        "check", help="read tables and say what they describe, or every fault in them"
    )
    parser.add_argument("folder", metavar="FOLDER", help=_FOLDER_HELP)
    parser.set_defaults(run=check_tables)


def _add_optimize(commands: _Commands) -> None:
    parser = commands.add_parser("optimize", help="place safety stock at least cost")
    parser.add_argument("folder", metavar="FOLDER", help=_FOLDER_HELP)
    parser.add_argument(
        "--out", metavar="RUN", required=True, help="folder to write to: RUN/plan is made"
    )
    parser.add_argument(
        "--service-level",
        type=float,
        metavar="FRACTION",
        help="cycle service level for all customers, 0.95 for example (default: as the tables say)",
    )
    parser.add_argument(
        "--method", metavar="NAME", help="auto, exact, dual or milp (default: auto)"
    )
    parser.add_argument(
        "--gap",
        type=float,
        metavar="FRACTION",
        help="stop within this relative gap of the bound (default: 1e-06)",
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        metavar="SECONDS",
        help="stop each component after this time (default: no limit)",
    )
    parser.add_argument(
        "--page",
        metavar="FILE",
        help="also write the plan as one HTML page with pictures (extra: report)",
    )
    _add_jobs(parser)
    parser.set_defaults(run=optimize_tables)


def _add_simulate(commands: _Commands) -> None:
    parser = commands.add_parser("simulate", help="simulate the plan of a RUN folder")
    parser.add_argument("folder", metavar="FOLDER", help=_FOLDER_HELP)
    parser.add_argument("plan", metavar="RUN", help="folder that `optimize --out` wrote")
    parser.add_argument(
        "--periods", type=int, metavar="N", help="periods to measure (default: 104)"
    )
    parser.add_argument(
        "--warmup",
        type=int,
        metavar="N",
        help="periods before those (default: each component's longest chain of times)",
    )
    parser.add_argument(
        "--replications", type=int, metavar="N", help="independent repetitions (default: 100)"
    )
    parser.add_argument(
        "--seed", type=int, metavar="N", help="same seed, same numbers (default: 0)"
    )
    parser.add_argument(
        "--out", metavar="FOLDER", help="folder to write to (default: RUN/simulation)"
    )
    _add_jobs(parser)
    parser.set_defaults(run=simulate_plan)


def _add_run(commands: _Commands) -> None:
    parser = commands.add_parser(
        "run", help="do the whole job of a file of settings, and go on where a killed run stopped"
    )
    parser.add_argument(
        "settings", metavar="CONFIG.toml", help="what is read, done and written: see the guide"
    )
    parser.add_argument(
        "--out", metavar="FOLDER", help="folder to write to, in place of the file's"
    )
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="workers at a time, in place of the file's"
    )
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--resume",
        action="store_true",
        help="go on from what an earlier call finished (this is the default)",
    )
    again.add_argument(
        "--fresh", action="store_true", help="forget what an earlier call finished, and begin anew"
    )
    parser.set_defaults(run=run_job)


def _add_publish(commands: _Commands) -> None:
    parser = commands.add_parser(
        "publish", help="accept what moved little since the last plan, list the rest with reasons"
    )
    parser.add_argument("plan", metavar="RUN", help="folder of the new plan")
    parser.add_argument(
        "--since", metavar="FOLDER", help="plan or publication that holds now (default: none does)"
    )
    parser.add_argument(
        "--max-change",
        type=float,
        metavar="FRACTION",
        help="most that a target may move without a review (default: 0.1)",
    )
    parser.add_argument(
        "--shift", type=int, metavar="N", help="periods gone by since then (default: 0)"
    )
    parser.add_argument(
        "--out", metavar="FOLDER", help="folder to write to (default: RUN/publication)"
    )
    parser.set_defaults(run=publish_plan)


def _add_demo(commands: _Commands) -> None:
    parser = commands.add_parser(
        "demo", help="do all of it on a published supply chain of 22 stages"
    )
    parser.add_argument(
        "--out",
        metavar="RUN",
        default="runs/demo",
        help="folder to write to (default: runs/demo)",
    )
    parser.set_defaults(run=run_demo)


def _add_template(commands: _Commands) -> None:
    parser = commands.add_parser(
        "template", help="write empty tables to fill in, and say what each column means"
    )
    parser.add_argument("folder", metavar="FOLDER", help="folder to write to")
    parser.set_defaults(run=write_template)


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="workers at a time; -1 takes every core (default: 1)"
    )
