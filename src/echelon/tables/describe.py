"""The documentation page of the input tables, made from the catalog."""

from __future__ import annotations

from echelon.tables.catalog import CATALOG, RECORDS
from echelon.tables.column import Column, Table
from echelon.tables.settings import SETTINGS

_INTRODUCTION = """\
# Input tables

This page is made from `echelon.tables.catalog`, the one place where columns, units, bounds and
defaults are written.

A network is made from three tidy tables: `stages`, and where there are any `lanes` and `demand`.
Further tables say what is true of some networks only: `correlation` of demand, `forecast_errors`
where it is forecast, `levels` that change with time, a `calendar` of making and `disruptions`; and
what a plan over periods begins with and keeps to: `stock` by age, `open_orders`, `resources` and
`resource_use`. What is in none of these tables is off: a network without a capacity has no limit,
one without a shelf life nothing that expires.
Keys are ordinary columns; the frame's index carries no meaning. Keys are text; whole numbers are
accepted and kept as text, so item `1001` is `"1001"`. Times are in periods of the network. The
families of demand and their parameters have a [page of their own](distributions.md).

An empty cell is a fault, save where *blank* says what it means. Where a column is absent, or
nothing at all is written in it, every row takes the *default*. A column that is not listed here is
a fault. Every fault of all tables is reported at once, with its table, column, row (counted from 1,
without the header), value and what to do; where the table is a CSV file, with the line, too.
"""

_OBSERVATIONS = """\
# Tables of observations

No part of a network: models of lead time and demand are fitted to them.
"""


def markdown() -> str:
    """Write the page ``docs/reference/tables.md``.

    Returns
    -------
    str
        Markdown that ends in a line break.

    Examples
    --------
    >>> markdown().splitlines()[0]
    '# Input tables'
    """
    sections = [
        _INTRODUCTION,
        *(_section(table) for table in CATALOG.values()),
        _section(SETTINGS),
        _OBSERVATIONS,
        *(_section(table) for table in RECORDS.values()),
    ]
    return "\n".join(sections)


def legend(column: Column) -> str:
    """Say in plain text all that a person needs to fill a column.

    Parameters
    ----------
    column : Column

    Returns
    -------
    str
        What it says, whether it is required, what a value must be, the default, and what a blank
        cell means. One paragraph.

    Examples
    --------
    >>> from echelon.tables.lanes import LANES
    >>> legend(LANES["units_required"])
    "Units of the supplier's item in one unit of the receiver's. A number > 0; default 1.0."
    >>> legend(LANES["to_item"])
    'Item of the receiving stage. Must occur in stages.item. Required; text.'
    """
    words = f"one of {_value(column)}" if column.choices else _value(column)
    facts = [f"required; {words}" if column.required else words]
    if default := _default(column):
        facts.append(f"default {default}")
    told = "; ".join(facts)
    return f"{_meaning(column)} {told[0].upper()}{told[1:]}.".replace("`", "")


def _section(table: Table) -> str:
    head = f"## {table.name}\n\n{table.text}\n"
    if table.key:
        head += f"\nKey: {', '.join(f'`{name}`' for name in table.key)}.\n"
    rows = [
        "| column | value | unit | default | meaning |",
        "|---|---|---|---|---|",
        *(_row(column) for column in table.columns),
    ]
    return f"{head}\n" + "\n".join(rows) + "\n"


def _row(column: Column) -> str:
    name = f"`{column.name}`" + (" (required)" if column.required else "")
    cells = [name, _value(column), column.unit or "", _default(column), _meaning(column)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _value(column: Column) -> str:
    if column.choices:
        return ", ".join(f"`{choice}`" for choice in column.choices)
    words = column.requirement.removeprefix("must be ").split(" [")[0]
    return f"{words} or inf" if column.infinite else words


def _default(column: Column) -> str:
    if column.required or column.default in (None, ""):
        return ""
    return f"`{column.default}`"


def _meaning(column: Column) -> str:
    sentences = [column.text]
    if column.refers_to:
        sentences.append(f"Must occur in `{column.refers_to}`")
    if column.blank:
        sentences.append(f"Blank: {column.blank}")
    return ". ".join(sentences) + "."
