"""The rows of stock that expires: by remaining life, and first expired first out."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from echelon.optimization.target_inventory.sets import NEW, Sets, time_on_the_way
from echelon.optimization.target_inventory.shape import Shape


def add_stock_by_life(m: Any, shape: Shape, sets: Sets) -> None:
    """Declare what is there, given, left and expires by remaining life."""
    served: dict[tuple[int, int, int], list[Any]] = {}
    for d, a, t in sets.served:
        served.setdefault((shape.demands[d][0], a, t), []).append(m.served[d, a, t])
    taken: dict[tuple[int, int, int], list[Any]] = {}
    joined: dict[tuple[int, int, int], list[Any]] = {}
    by_order: dict[tuple[int, int, int], list[Any]] = {}
    for n, w, a, t in sets.taken:
        source, target = shape.lanes[n]
        unit = m.taken[n, w, a, t]
        taken.setdefault((source, a, t), []).append(unit)
        by_order.setdefault((n, w, t), []).append(unit)
        if w != NEW:
            later = time_on_the_way(shape, n, w)
            joined.setdefault((target, a - later, t + later), []).append(m.made_of_taken[n] * unit)

    def joins(m: Any, j: int, a: int, t: int) -> Any:
        one = shape.stages[j]
        if one.carries_life:
            return sum(joined.get((j, a, t), [0.0]))
        made = t - one.release_time
        fresh = a == one.shelf_life - one.release_time and made >= 0
        return m.good_share[j] * m.made[j, made] if fresh else 0.0

    def balance(m: Any, j: int, a: int, t: int) -> Any:
        before = m.kept[j, a, t - 1] if t and (j, a, t - 1) in m.KEPT else 0.0
        given = sum(served.get((j, a, t), [0.0])) + sum(taken.get((j, a, t), [0.0]))
        left = m.kept[j, a - 1, t] if a > 1 else m.expired[j, t]
        return before + m.supply_by_life[j, a, t] + joins(m, j, a, t) - given == left

    m.balance_by_life = pyo.Constraint(
        m.BY_LIFE, rule=balance, doc="what was there and joins is given, left or expires"
    )
    lives = {
        d: (shape.stages[j].shelf_life, least) for d, (j, _, least) in enumerate(shape.demands)
    }
    m.served_by_life = pyo.Constraint(
        [(d, t) for d, (life, _) in lives.items() if life for t in range(shape.n_periods)],
        rule=lambda m, d, t: (
            sum(m.served[d, a, t] for a in range(max(lives[d][1], 1), lives[d][0] + 1))
            == m.served_in_all[d, t]
        ),
        doc="what is served has the life that its customers accept",
    )
    m.taken_by_life = pyo.Constraint(
        m.TAKING,
        rule=lambda m, n, w, t: (
            sum(by_order.get((n, w, t), [0.0]))
            == m.usage[n] * (m.order[shape.lanes[n][1], t] if w == NEW else m.order_by_way[w, t])
        ),
        doc="what a lane takes has enough life left for the way",
    )


def add_outdating(m: Any, shape: Shape) -> None:
    """First expired first out where all takers are alike: what expires has been issued around."""

    def younger(m: Any, j: int, t: int) -> Any:
        one = shape.stages[j]
        fresh = one.shelf_life - one.release_time
        joined = range(max(t - fresh + 2, one.release_time), t + 1)
        there = m.younger_supply[j, t]
        return there + sum(m.good_share[j] * m.made[j, u - one.release_time] for u in joined)

    m.outdates = pyo.Constraint(
        m.OUTDATING,
        rule=lambda m, j, t: m.expired[j, t] <= m.most_outdated[j, t] * m.outdated[j, t],
        doc="nothing expires where nothing is outdated",
    )
    m.younger_stays = pyo.Constraint(
        m.OUTDATING,
        rule=lambda m, j, t: (
            m.held[j, t] + m.most_younger[j, t]
            >= younger(m, j, t) + m.most_younger[j, t] * m.outdated[j, t]
        ),
        doc="where something is outdated all that is younger is there",
    )


def add_turns(m: Any, shape: Shape, sets: Sets) -> None:
    """First expired first out: nothing that somebody would accept is left when younger is given."""
    given: dict[tuple[int, int], list[tuple[int, int, Any]]] = {}
    for d, a, t in sets.served:
        j, _, least = shape.demands[d]
        given.setdefault((j, t), []).append((least, a, m.served[d, a, t]))
    for n, w, a, t in sets.taken:
        least = 1 if w == NEW else time_on_the_way(shape, n, w) + 1
        given.setdefault((shape.lanes[n][0], t), []).append((least, a, m.taken[n, w, a, t]))

    def left(m: Any, j: int, a: int, t: int) -> Any:
        there = m.kept[j, a - 1, t] if a > 1 else m.expired[j, t]
        return there <= m.most_left[j, a, t] - m.most_left[j, a, t] * m.gone[j, a, t]

    def younger(m: Any, j: int, a: int, t: int) -> Any:
        of = [unit for least, life, unit in given.get((j, t), []) if least <= a < life]
        if not of:
            return pyo.Constraint.Skip
        return sum(of) <= m.most_given[j, a, t] * m.gone[j, a, t]

    m.gone_is_gone = pyo.Constraint(m.IN_TURN, rule=left, doc="what is gone leaves nothing")
    m.oldest_first = pyo.Constraint(
        m.IN_TURN, rule=younger, doc="younger units are given where the older are gone"
    )
