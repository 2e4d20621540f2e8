"""What is measured of a stage, of a group of stages and of a segment, by name and number."""

from __future__ import annotations

from typing import Final

QUANTITIES: Final = (
    "on_hand",
    "in_process",
    "in_transit",
    "pipeline",
    "component_stock",
    "orders",
    "ordered",
    "holding_cost",
    "pipeline_cost",
    "ordering_cost",
    "backorder_cost",
    "shortage_cost",
    "cost",
    "in_release",
    "lost",
    "expired",
    "destroyed",
    "scrapped",
    "wasted",
    "expedited",
    "expedite_cost",
    "waste_cost",
    "backorders",
    "stockouts",
    "short",
    "whole_cycles",
    "due",
    "on_time",
    "filled",
    "watched",
    "cycles",
    "net_inventory",
    "ordered_squared",
    "asked",
    "asked_squared",
)
"""Per counted period, but for ``whole_cycles`` and ``cycles``, which are counts. ``short`` is 1 in
a period that ends with a shortage, ``watched`` is 1; ``filled`` is ``on_time`` where nobody waits a
service time. From ``in_release`` to ``waste_cost`` they are 0 without features; from ``backorders``
to ``cycles`` they are about those who order; from ``net_inventory`` on they are for stages alone
and not added over groups."""

N_QUANTITIES: Final = len(QUANTITIES)
N_POOLED: Final = QUANTITIES.index("net_inventory")
FIRST_FEATURE: Final = QUANTITIES.index("in_release")
FIRST_SERVICE: Final = QUANTITIES.index("backorders")

CROSSES: Final = (
    ("ordered", "orders"),
    ("short", "stockouts"),
    ("whole_cycles", "cycles"),
    ("on_time", "due"),
    ("filled", "due"),
    ("ordered", "ordered_squared"),
    ("ordered", "asked"),
    ("ordered", "asked_squared"),
    ("ordered_squared", "asked"),
    ("ordered_squared", "asked_squared"),
    ("asked", "asked_squared"),
)
"""Pairs whose products are kept, for the standard errors of ratios."""

N_CROSSES: Final = len(CROSSES)
N_POOLED_CROSSES: Final = 5

SEGMENT_QUANTITIES: Final = ("due", "on_time", "filled", "backorders", "lost", "shortage_cost")
"""Those of a segment of customers, per counted period."""

SEGMENT_CROSSES: Final = (("on_time", "due"), ("filled", "due"))
