"""What a person types: the input contract, its checks and its documentation."""

from __future__ import annotations

from echelon.tables.calendar import CALENDAR
from echelon.tables.catalog import CATALOG, RECORDS, dtype_of, table_named, template
from echelon.tables.check import check_settings, check_table
from echelon.tables.checked import Checked, label_of
from echelon.tables.column import Column, Table
from echelon.tables.correlation import CORRELATION
from echelon.tables.demand import DEMAND
from echelon.tables.describe import markdown
from echelon.tables.disruptions import DISRUPTIONS
from echelon.tables.forecast_errors import FORECAST_ERRORS
from echelon.tables.header import check_header
from echelon.tables.lanes import LANES
from echelon.tables.levels import LEVELS
from echelon.tables.segments import SEGMENTS, with_segments
from echelon.tables.settings import SETTINGS
from echelon.tables.shipments import SHIPMENTS
from echelon.tables.stages import STAGES
from echelon.tables.units import PERIODS, Period, period_named

__all__ = [
    "CALENDAR",
    "CATALOG",
    "CORRELATION",
    "DEMAND",
    "DISRUPTIONS",
    "FORECAST_ERRORS",
    "LANES",
    "LEVELS",
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
    "check_header",
    "check_settings",
    "check_table",
    "dtype_of",
    "label_of",
    "markdown",
    "period_named",
    "table_named",
    "template",
    "with_segments",
]
