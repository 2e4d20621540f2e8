"""The documentation page of the output tables, made from the columns of each result."""

from __future__ import annotations

from typing import Final

from echelon.demand import columns as demand
from echelon.exact import columns as exact
from echelon.exact.perishable import columns as perishable
from echelon.lead_time import columns as lead_time
from echelon.optimization.portfolio import columns as portfolio
from echelon.optimization.sampled_base_stock import columns as sampled
from echelon.optimization.simulated_base_stock import columns as searched
from echelon.optimization.target_inventory import columns as targets
from echelon.policies import columns as plan
from echelon.policies.publication import columns as publication
from echelon.simulation import columns as simulation
from echelon.tables.column import Column, Table

_INTRODUCTION = """\
# Output tables

This page is made from the files `columns.py` of the rooms that make results.

Plans, simulations and fitted models are tidy frames. Keys are ordinary columns, the frame's index
carries no meaning, and `write` puts each frame into a file of its own. Times are in periods of the
network, money is in its currency, and **cost is per period** unless its name says `annual`:
`plan.annual_cost` is `plan.objective` times `plan.periods_per_year`. An empty cell means what
*blank* says, and nothing else; a standard error is blank where there is one replication. What each
number counts is the [convention](../method/convention.md).

Results are named here as the guides name them: `plan` of `optimize`, `run` of `simulate`,
`comparison` of `compare_runs`, `publication` of `publish`, `targets` of
`optimize(model="target_inventory")`,
`sampled` of `optimize(model="base_stock_saa")`,
`searched` of `optimize(model="simulated_base_stock")`,
`portfolio` of `optimize(model="portfolio")`, `options` of `choose_options`,
`evaluation` of `evaluate`,
`levels` of `perishable_levels`, `demand` of `fit_demand`,
`forecasts` of `fit_forecasts`, `together` of `fit_correlation`, `times` of `fit_lead_time`.
A result of `fit_demand` or `fit_forecasts` writes its input table [`demand`](tables.md) as well.
"""

_FAILURES: Final = Table(
    "failures",
    "`failures` of any result: one row per component that failed, none when all went well. For "
    "models, one row per series that has none, with the segment columns at the end; "
    "`fit_lead_time` has no such rows.",
    (
        Column(
            "component",
            "",
            "Number of the connected component; for models that of the series, from 0, or of its "
            "group",
        ),
        Column("item", "", "Item of the stage at fault", blank="it is the component as a whole"),
        Column("location", "", "Its location", blank="it is the component as a whole"),
        Column("error", "", "Kind of error"),
        Column("message", "", "What happened and what to do about it"),
    ),
)

TABLES: Final = {
    "plan": plan.STAGES,
    "components": plan.COMPONENTS,
    "trace": plan.TRACE,
    "simulation": simulation.STAGES,
    **{name: table for name, table in simulation.FRAMES.items() if name != "stages"},
    "comparison": simulation.COMPARISON,
    "failures": _FAILURES,
}
"""Each output table of a plan and a simulation, by the name of the file it is written to."""

FITTED: Final = {
    "optimize": {"levels": plan.LEVELS, "segments": plan.SEGMENTS},
    "evaluate": {"evaluation": exact.STAGES, "evaluation_components": exact.COMPONENTS},
    "perishable_levels": {"perishable_levels": perishable.LEVELS},
    "base_stock_saa": {
        "checked": sampled.CHECKED,
        "samples": sampled.SAMPLES,
        "curves": sampled.CURVES,
    },
    "simulated_base_stock": {
        "stages": searched.STAGES,
        "customers": searched.CUSTOMERS,
        "components": searched.COMPONENTS,
        "trace": searched.TRACE,
    },
    "target_inventory": {
        "targets": targets.TARGETS,
        "orders": targets.ORDERS,
        "limits": targets.LIMITS,
        "costs": targets.COSTS,
        "components": targets.COMPONENTS,
        "rounded_times": targets.ROUNDED,
        "opening": targets.OPENING,
    },
    "portfolio": {
        "portfolio": portfolio.SKUS,
        "portfolio_stages": portfolio.STAGES,
        "limits": portfolio.LIMITS,
    },
    "choose_options": {"chosen_options": portfolio.CHOSEN},
    "publish": {
        "moves": publication.MOVES,
        "decisions": publication.DECISIONS,
        "trail": publication.TRAIL,
        "sources": publication.SOURCES,
        "earlier": publication.HISTORY,
    },
    "fit_demand": {"models": demand.MODELS, "findings": demand.FINDINGS},
    "fit_forecasts": {"errors": demand.ERRORS},
    "fit_forecast_revisions": {"series": demand.REVISED},
    "fit_correlation": {"correlation": demand.PAIRS, "groups": demand.GROUPS},
    "fit_lead_time": {
        "models": lead_time.MODELS,
        "pools": lead_time.POOLS,
        "rows": lead_time.ROWS,
        "set_aside": lead_time.SET_ASIDE,
        "promises": lead_time.PROMISES,
        "trend": lead_time.TREND,
        "long_open": lead_time.LONG_OPEN,
    },
}
"""Those that only some plans have, and those of fitted models.

By the function that makes them, then by the name of the file.
"""


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
    tables = [TABLES, *FITTED.values()]
    sections = [_section(file, table) for group in tables for file, table in group.items()]
    return "\n".join([_INTRODUCTION, *sections])


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
