"""Target inventories: what to hold, order and when, period by period, under a planner's limits."""
