"""The documentation page of the output tables, made from the columns of each result."""

from __future__ import annotations

from typing import Final

from echelon.policies import columns as plan
from echelon.simulation import columns as simulation
from echelon.tables.column import Column, Table

_INTRODUCTION = """\
# Output tables

This page is made from `echelon.policies.columns` and `echelon.simulation.columns`.

A plan and a simulation are tidy frames. Keys are ordinary columns, the frame's index carries no
meaning, and `write` puts each frame into a file of its own. Times are in periods of the network,
money is in its currency, and **cost is per period** unless its name says `annual`:
`plan.annual_cost` is `plan.objective` times `plan.periods_per_year`. An empty cell means what
*blank* says, and nothing else; a standard error is blank where there is one replication. What each
number counts is the [convention](../method/convention.md).
"""

_FAILURES: Final = Table(
    "failures",
    "`plan.failures` and `run.failures`: one row per component that failed, none when all went "
    "well.",
    (
        Column("component", "", "Number of the connected component"),
        Column("item", "", "Item of the stage at fault", blank="it is the component as a whole"),
        Column("location", "", "Its location", blank="it is the component as a whole"),
        Column("error", "", "Kind of error"),
        Column("message", "", "What happened and what to do about it"),
    ),
)

TABLES: Final = {
    "plan": plan.STAGES,
    "components": plan.COMPONENTS,
    "simulation": simulation.STAGES,
    "total": simulation.TOTAL,
    "service": simulation.SERVICE,
    "trace": simulation.TRACE,
    "failures": _FAILURES,
}
"""Each output table, by the name of the file it is written to."""


def markdown() -> str:
    """Write the page ``docs/reference/results.md``.

    Returns
    -------
    str
        Markdown that ends in a line break.

    Examples
    --------
    >>> markdown().splitlines()[0]
    '# Output tables'
    """
    return "\n".join([_INTRODUCTION, *(_section(file, table) for file, table in TABLES.items())])


def _section(file: str, table: Table) -> str:
    rows = ["| column | unit | meaning |", "|---|---|---|", *map(_row, table.columns)]
    return (
        f"## {table.name}\n\n{table.text} Written to `{file}.csv` or `{file}.parquet`.\n\n"
        + "\n".join(rows)
        + "\n"
    )


def _row(column: Column) -> str:
    meaning = f"{column.text}." + (f" Blank: {column.blank}." if column.blank else "")
    cells = (f"`{column.name}`", column.unit, meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
