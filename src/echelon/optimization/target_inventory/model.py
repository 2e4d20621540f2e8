r"""The target-inventory model of a component in Pyomo: one builder, whatever the features.

The plain form, period by period: what is there, what joins, what is given away, what is left. It is
the specification. Two things tighten it and cut off no best plan: an order is no larger than what
can still be asked of its stage (:mod:`~.requirements`), and where an order is a decision by itself
stock covers the demand of periods k to l unless an order arrives in them [1]_,

.. math:: I_{k-1} + \sum_{u=k}^{l} (d_u + \dots + d_l)\,y_u \ge d_k + \dots + d_l,

which with lead times shifted, units known to arrive taken off, and a floor at the end of l added,
holds for what is owed, lost and below the floor as well. For one stage without limits these
inequalities describe the convex hull where no period would rather be ordered for earlier [1]_.

Where orders are whole multiples Q, of which N have joined the stock, and D is what was asked for
beyond the stock that is known, so is the rounding of the balance [2]_, with :math:`f = D \bmod Q`,

.. math:: I \ge (Q - f)\,(N - \lfloor D / Q \rfloor), \qquad
          B \ge f\,(\lfloor D / Q \rfloor + 1 - N).

Stock that expires is by remaining life. First expired first out is a rule and not a consequence:
where there is more than can be used, giving away young units and letting old ones expire saves
their holding. So units may be given to somebody only where nothing older that they would accept is
left at the end of the period; where everybody accepts every life that is to say that units expire
only while everything younger is still there. Those rows, with binaries of their own, are declared
where the plan without them breaks the rule.

References
----------
.. [1] Pochet & Wolsey (1994), Polyhedra for lot-sizing with Wagner-Whitin costs, *Mathematical
   Programming* 67, 297-323.
.. [2] Nemhauser & Wolsey (1990), A recursive procedure to generate all cuts for 0-1 mixed integer
   programs, *Mathematical Programming* 46, 379-390.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from echelon.optimization.target_inventory.numbers import numbers
from echelon.optimization.target_inventory.problem import TargetProblem
from echelon.optimization.target_inventory.rows import add_rows
from echelon.optimization.target_inventory.sets import Sets, sets_of
from echelon.optimization.target_inventory.shape import Shape, shape_of


def build_target_model(problem: TargetProblem) -> Any:
    """Declare the model of a problem, numbers loaded.

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``order_by_way[w, t]`` units, ``on_hand[j, t]`` units, ``cost`` the objective, money.

    Raises
    ------
    InfeasibleError
        If an order of the frozen horizon could be started in no open period.
    """
    shape = shape_of(problem)
    model = declare(shape)
    load(model, problem, shape)
    return model


def load(model: Any, problem: TargetProblem, shape: Shape) -> None:
    """Set the parameters of a declared model to the numbers of a problem of its shape."""
    for name, values in numbers(problem, shape).items():
        parameter = getattr(model, name)
        if not parameter.is_indexed():
            parameter.set_value(float(values[0]))
            continue
        for index, number in zip(parameter.index_set(), values.tolist(), strict=True):
            parameter[index] = number


def declare(shape: Shape) -> Any:
    """Declare the model of all problems of a shape; numbers are mutable parameters, 0 as yet.

    Parameters
    ----------
    shape : Shape

    Returns
    -------
    pyomo.environ.ConcreteModel
    """
    sets = sets_of(shape)
    m = pyo.ConcreteModel(name="target_inventory")
    _declare_sets(m, shape, sets)
    _declare_parameters(m)
    _declare_variables(m)
    add_rows(m, shape, sets)
    m.cost = pyo.Objective(expr=_cost(m), doc="money over all periods")
    return m


def _declare_sets(m: Any, shape: Shape, sets: Sets) -> None:
    m.PERIOD = pyo.RangeSet(0, shape.n_periods - 1, doc="period")
    m.STAGE = pyo.RangeSet(0, len(shape.stages) - 1, doc="stage, suppliers first")
    m.DEMAND = pyo.RangeSet(0, len(shape.demands) - 1, doc="row of demand")
    m.LANE = pyo.RangeSet(0, len(shape.lanes) - 1, doc="lane")
    m.PART = pyo.RangeSet(
        0, sum(len(way.offsets) for way in shape.ways) - 1, doc="part of an order"
    )
    m.USE = pyo.RangeSet(0, len(shape.uses) - 1, doc="use of a resource by a stage")
    of = {
        "ORDER": (sets.order, "way of ordering, period"),
        "ORDERED": (sets.ordered, "stage, period in which it may order"),
        "IN_LOTS": (sets.in_lots, "stage, period of an order in whole multiples"),
        "PLACED": (sets.placed, "stage, period of an order that is a decision by itself"),
        "MINIMUM": (sets.minimum, "stage, period of an order with a least quantity"),
        "MAXIMUM": (sets.maximum, "stage, period of an order with a largest quantity"),
        "FROZEN": (sets.frozen, "stage, period of an order that is given"),
        "SET_UP": (sets.set_up, "stage, period of a start that takes a set-up"),
        "LIMITED": (sets.limited, "stage, period with a capacity"),
        "AGELESS": (sets.ageless, "stage, period, of an item that never expires"),
        "BY_LIFE": (sets.by_life, "stage, remaining life in the period, period"),
        "KEPT": (sets.kept, "stage, remaining life in the next period, period"),
        "EXPIRING": (sets.expiring, "stage, period, of an item that expires"),
        "OUTDATING": (sets.outdating, "stage where all takers are alike, period"),
        "IN_TURN": (sets.in_turn, "stage, remaining life that goes before younger units, period"),
        "UNMET": (sets.unmet, "row of demand, period, where shortage is lost"),
        "OWED": (sets.owed, "row of demand, period, where shortage is owed"),
        "SERVED": (sets.served, "row of demand, remaining life, period"),
        "TAKEN": (sets.taken, "lane, way of ordering, remaining life, period"),
        "TAKING": (sets.taking, "lane, way of ordering, period"),
        "FLOORED": (sets.floored, "stage, period with a floor"),
        "UNSTOCKED": (sets.unstocked, "stage that may hold nothing, period"),
        "SCARCE": (sets.scarce, "resource, period in which it has a capacity"),
        "COVER": (sets.cover, "stage, first and last period to be covered"),
        "ROUNDED": (sets.rounded, "stage whose stock comes in whole multiples, period"),
    }
    for name, (indices, doc) in of.items():
        dimension = len(indices[0]) if indices else 1
        m.add_component(name, pyo.Set(initialize=list(indices), dimen=dimension, doc=doc))


def _declare_parameters(m: Any) -> None:
    of = {
        "holding_cost": (m.STAGE, "money per unit on hand at the end of a period"),
        "order_cost": (m.STAGE, "money per order"),
        "waste_cost": (m.STAGE, "money per unit expired"),
        "scrap_cost": (m.STAGE, "money per unit made, for the share that is bad"),
        "good_share": (m.STAGE, "share of what is made that is good"),
        "multiple": (m.STAGE, "units"),
        "minimum": (m.STAGE, "units of the least order"),
        "maximum": (m.STAGE, "units of the largest order allowed"),
        "unit_cost": (m.ORDER, "money per unit ordered"),
        "backorder_cost": (m.DEMAND, "money per unit and period owed"),
        "lost_share": (m.DEMAND, "share of unmet demand that is lost"),
        "lost_sale_cost": (m.DEMAND, "money per unit unmet, for the share that is lost"),
        "demand": (m.DEMAND * m.PERIOD, "units due"),
        "usage": (m.LANE, "units of the supplier in one unit ordered by the receiver"),
        "made_of_taken": (m.LANE, "units that the receiver makes of one unit taken"),
        "start_share": (m.PART, "share of an order that is started"),
        "supply": (m.AGELESS, "units that join the stock without an order of the plan"),
        "supply_by_life": (m.BY_LIFE, "the same by remaining life"),
        "most_outdated": (m.OUTDATING, "units that can expire in the period"),
        "younger_supply": (m.OUTDATING, "units that join without an order and expire later"),
        "most_younger": (m.OUTDATING, "units that there can be that expire later"),
        "most_left": (m.IN_TURN, "units of that life that can be left"),
        "most_given": (m.IN_TURN, "units that can be given away in the period"),
        "frozen_order": (m.FROZEN, "units"),
        "largest": (m.PLACED, "units of the largest order that a best plan needs"),
        "most_lots": (m.IN_LOTS, "multiples of the largest order that a best plan needs"),
        "largest_start": (m.SET_UP, "units of the largest start that a best plan needs"),
        "capacity": (m.LIMITED, "units that may be started"),
        "floor": (m.FLOORED, "units to be on hand at the end of the period"),
        "floor_price": (m.FLOORED, "money per unit below the floor"),
        "per_unit": (m.USE, "of the resource by one unit started"),
        "per_set_up": (m.USE, "of the resource by starting at all"),
        "per_unit_held": (m.USE, "of the resource by one unit on hand at the end of the period"),
        "resource_capacity": (m.SCARCE, "of the resource in the period"),
        "cover_need": (m.COVER, "units to be covered, what is known to arrive taken off"),
        "covered_by_order": (m.COVER, "the same, where it is positive"),
        "whole_need": (m.ROUNDED, "multiples that fit into what was asked for so far"),
        "rest": (m.ROUNDED, "units asked for beyond them"),
        "excess": (m.ROUNDED, "units that one multiple more would be too much"),
        "least_lots": (m.ROUNDED, "multiples needed so far, where all is served on time"),
    }
    for name, (index, doc) in of.items():
        m.add_component(name, pyo.Param(index, mutable=True, default=0.0, initialize=0.0, doc=doc))
    m.frozen_cost = pyo.Param(mutable=True, initialize=0.0, doc="money for placing frozen orders")


def _declare_variables(m: Any) -> None:
    units = pyo.NonNegativeReals
    m.order_by_way = pyo.Var(m.ORDER, domain=units, doc="units ordered")
    m.lots = pyo.Var(
        m.IN_LOTS,
        domain=pyo.NonNegativeIntegers,
        bounds=lambda m, j, t: (0, m.most_lots[j, t]),
        doc="multiples ordered",
    )
    m.placed = pyo.Var(m.PLACED, domain=pyo.Binary, doc="1 where an order is placed")
    m.set_up = pyo.Var(m.SET_UP, domain=pyo.Binary, doc="1 where anything is started")
    m.on_hand = pyo.Var(m.AGELESS, domain=units, doc="units at the end of the period")
    m.kept = pyo.Var(m.KEPT, domain=units, doc="units at the end by life in the next period")
    m.expired = pyo.Var(m.EXPIRING, domain=units, doc="units that expire at the end")
    m.outdated = pyo.Var(m.OUTDATING, domain=pyo.Binary, doc="1 where anything expires")
    m.gone = pyo.Var(m.IN_TURN, domain=pyo.Binary, doc="1 where no unit of that life is left")
    m.unmet = pyo.Var(
        m.UNMET,
        domain=units,
        bounds=lambda m, d, t: (0, m.demand[d, t]),
        doc="units due and not served in the period",
    )
    m.owed = pyo.Var(m.OWED, domain=units, doc="units owed at the end of the period")
    m.served = pyo.Var(m.SERVED, domain=units, doc="units served by remaining life")
    m.taken = pyo.Var(m.TAKEN, domain=units, doc="units taken by remaining life")
    m.below_floor = pyo.Var(m.FLOORED, domain=units, doc="units below the floor")


def _cost(m: Any) -> Any:
    return (
        sum(m.unit_cost[i] * m.order_by_way[i] for i in m.ORDER)
        + sum(m.order_cost[j] * m.placed[j, t] for j, t in m.PLACED)
        + m.frozen_cost
        + sum(m.holding_cost[j] * m.held[j, t] for j in m.STAGE for t in m.PERIOD)
        + sum(m.scrap_cost[j] * m.made[j, t] for j in m.STAGE for t in m.PERIOD)
        + sum(m.waste_cost[j] * m.expired[j, t] for j, t in m.EXPIRING)
        + sum(m.lost_sale_cost[d] * m.unmet[d, t] for d, t in m.UNMET)
        + sum(m.backorder_cost[d] * m.owed[d, t] for d, t in m.OWED)
        + sum(m.floor_price[j, t] * m.below_floor[j, t] for j, t in m.FLOORED)
    )
