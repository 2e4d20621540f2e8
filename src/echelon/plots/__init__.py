"""Pictures of results: functions of a result and the axes to draw on (extra `plot`)."""

from echelon.plots.demand import demand_classes, demand_history
from echelon.plots.lead_time import lead_time_histogram

__all__ = ["demand_classes", "demand_history", "lead_time_histogram"]
