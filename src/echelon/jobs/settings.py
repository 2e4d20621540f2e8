"""What a run may be told, as data: the checks and the page of the guide are made from it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from echelon.demand.fit import fit_demand
from echelon.lead_time.fit import fit_lead_time
from echelon.optimization.place_safety_stock import place_safety_stock
from echelon.simulation.simulate import simulate
from echelon.tables.column import Column, Table
from echelon.tables.describe import legend

RUN: Final = Table(
    "run",
    "What is read, where it is written, and how the work is done.",
    (
        Column(
            "tables",
            "",
            "Folder of tables, as `echelon check` takes it; beside a file of settings it is taken "
            "from the folder of that file",
            dtype="text",
            required=True,
            fix="give the folder that holds stages",
        ),
        Column(
            "out",
            "",
            "Folder that is written to; beside a file of settings it is taken from the folder of "
            "that file",
            dtype="text",
            required=True,
            fix="give a folder",
        ),
        Column(
            "n_jobs",
            "",
            "Worker processes; -1 takes every core, -2 leaves one free",
            dtype="whole",
            default=-1,
            fix="give a number of workers, or -1",
        ),
        Column(
            "backend",
            "",
            "Where the workers are: processes of this machine, or the Dask cluster that is "
            "connected",
            dtype="text",
            choices=("processes", "dask"),
            default="processes",
            fix="use one of the names",
        ),
        Column(
            "faults",
            "",
            "What faults in the tables do: `stop` ends the run before anything is solved, "
            "`set_aside` leaves the components out that they are in, and lists them as failures",
            dtype="text",
            choices=("stop", "set_aside"),
            default="stop",
            fix="use one of the names",
        ),
        Column(
            "format",
            "",
            "Of the tables that are written",
            dtype="text",
            choices=("parquet", "csv"),
            default="parquet",
            fix="use one of the names",
        ),
        Column(
            "stages_per_shard",
            "",
            "Stages that are worked on at a time by one worker, about; connected stages stay "
            "together",
            dtype="whole",
            minimum=1.0,
            default=4000,
            fix="leave it out",
        ),
        Column(
            "time_limit",
            "s",
            "Seconds that one shard may take; then its components are tried one by one",
            minimum=0.0,
            exclusive=True,
            blank="no limit",
            fix="give seconds, or leave it out",
        ),
        Column(
            "memory_limit",
            "GiB",
            "Most memory of one worker, in GiB",
            minimum=0.0,
            exclusive=True,
            blank="no limit",
            fix="give gibibytes, or leave it out",
        ),
    ),
)
"""Settings of the run itself; `[run]` in a file."""

_OF_THE_RUN: Final = "it belongs under [run]"
_WHOLE: Final = "a run works on parts of the network, and it concerns the whole: use ec.{} for it"
_RUN_ITSELF: Final = "the run decides it"

_NOT_OPTIMIZE: Final = {
    "n_jobs": _OF_THE_RUN,
    "backend": _OF_THE_RUN,
    "progress": _RUN_ITSELF,
    "ledger": _RUN_ITSELF,
    "model": "a run places safety stock: use ec.optimize for other models",
    "side_constraints": _WHOLE.format("optimize"),
    "start": _WHOLE.format("optimize"),
}
_NOT_SIMULATE: Final = {
    "n_jobs": _OF_THE_RUN,
    "backend": _OF_THE_RUN,
    "progress": _RUN_ITSELF,
    "ledger": _RUN_ITSELF,
    "plan": _RUN_ITSELF,
    "stop_when": _WHOLE.format("simulate"),
    "demand": _WHOLE.format("simulate"),
    "policies": _WHOLE.format("simulate"),
    "trace": _WHOLE.format("simulate"),
    "paths": _WHOLE.format("simulate"),
    "keep": _WHOLE.format("simulate"),
}

REFUSED: Final = {
    "optimize": _NOT_OPTIMIZE,
    "simulate": _NOT_SIMULATE,
    "demand": {"progress": _RUN_ITSELF},
    "lead_time": {},
}
"""Arguments that a step of a run does not take, by step, and why."""

FITS: Final = ("demand", "lead_time")
"""What may be fitted before."""

DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "optimize": {"service_times": "whole"},
    "lead_time": {"by": ["from_location", "to_location"], "table": "lanes", "leg": "total"},
}
"""What a run leaves out is the default of the function, but for these: a plan that promises parts
of a period could not be simulated, and lead times have to find their way into a table."""


@cache
def options_of(step: str) -> dict[str, Any]:
    """Give the names and defaults of what a step takes.

    Parameters
    ----------
    step : {"optimize", "simulate", "demand", "lead_time"}
        The last two are fitted.

    Examples
    --------
    >>> options_of("optimize")["service_times"]
    'whole'
    >>> "n_jobs" in options_of("simulate")
    False
    """
    functions: dict[str, Callable[..., Any]] = {
        "optimize": place_safety_stock,
        "simulate": simulate,
        "demand": fit_demand,
        "lead_time": fit_lead_time,
    }
    parameters = inspect.signature(functions[step]).parameters.values()
    taken = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    own = {name: value for name, value in taken.items() if name not in REFUSED[step]}
    return own | DEFAULTS.get(step, {})


def markdown() -> str:
    """Write the table of settings that the guide *The nightly run* has.

    Returns
    -------
    str
        Markdown that ends in a line break.

    Examples
    --------
    >>> markdown().splitlines()[2]
    '| `tables` | Folder of tables, as `echelon check` takes it; beside a file of settings it is
    taken from the folder of that file. Required; text. |'
    """
    rows = [f"| `{column.name}` | {_said(column)} |" for column in RUN.columns]
    return "\n".join(["| setting | what it says |", "|---|---|", *rows]) + "\n"


def _said(column: Column) -> str:
    """Give the legend of a setting, with its choices and names as code."""
    said = legend(column)
    return said.replace(column.text.replace("`", ""), column.text)
