"""What a person types: the input contract, its checks and its documentation."""

from __future__ import annotations

from echelon.tables.catalog import (
    CATALOG,
    CORRELATION,
    DEMAND,
    LANES,
    RECORDS,
    SETTINGS,
    STAGES,
    table_named,
    template,
)
from echelon.tables.check import Checked, check_settings, check_table, label_of
from echelon.tables.column import Column, Table
from echelon.tables.describe import markdown
from echelon.tables.segments import SEGMENTS, with_segments
from echelon.tables.shipments import SHIPMENTS
from echelon.tables.units import PERIODS, Period, period_named

__all__ = [
    "CATALOG",
    "CORRELATION",
    "DEMAND",
    "LANES",
    "PERIODS",
    "RECORDS",
    "SEGMENTS",
    "SETTINGS",
    "SHIPMENTS",
    "STAGES",
    "Checked",
    "Column",
    "Period",
    "Table",
    "check_settings",
    "check_table",
    "label_of",
    "markdown",
    "period_named",
    "table_named",
    "template",
    "with_segments",
]
