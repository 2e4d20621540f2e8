"""Stages in series and assemblies against simulations of the systems, within 4 standard errors.

Orders, shipments and customers period by period, in the order of clause 3: 2,000 systems side by
side over 500 periods each, a million periods after a beginning that is left out. Fixed seeds.
"""

from __future__ import annotations

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.exact.multi_echelon.assembly import rosling
from echelon.exact.multi_echelon.levels import installation_levels, serial_measures
from echelon.exact.multi_echelon.serial import clark_scarf

SYSTEMS, PERIODS, BEGINNING = 2_000, 500, 60


def simulate_series(demand, own, lead_time, review, seed):
    """Averages per system: on hand and owed of each stage, ready rate, fill rate."""
    rng = np.random.default_rng(seed)
    draws = demand.sample(rng, (BEGINNING + PERIODS + 1, SYSTEMS))
    draws[0] = 0.0  # all starts at its level
    n = len(own)
    on_hand = np.repeat(np.asarray(own, float)[:, None], SYSTEMS, axis=1)
    owed = np.zeros((n, SYSTEMS))
    on_the_way = [np.zeros((time + 1, SYSTEMS)) for time in lead_time]
    told = np.zeros((2 * n + 2, SYSTEMS))

    def ship_down(stages):
        for stage in stages:
            sent = np.minimum(on_hand[stage], owed[stage])
            on_hand[stage] -= sent
            owed[stage] -= sent
            if stage:
                enter(stage - 1, sent)

    def enter(stage, units):
        if lead_time[stage] == 0:
            on_hand[stage] += units
        else:
            on_the_way[stage][(t + lead_time[stage]) % (lead_time[stage] + 1)] += units

    for t in range(1, BEGINNING + PERIODS + 1):
        for stage in range(n):
            place = t % (lead_time[stage] + 1)
            on_hand[stage] += on_the_way[stage][place]
            on_the_way[stage][place] = 0.0
        if review == 1:  # what was sold in the last period is ordered before this one's demand
            enter(n - 1, draws[t - 1])
            owed[1:] += draws[t - 1]
            ship_down(range(n - 1, 0, -1))
            owed[0] += draws[t]
            ship_down([0])
        else:
            enter(n - 1, draws[t])
            owed += draws[t]
            ship_down(range(n - 1, -1, -1))
        if t > BEGINNING:
            told[:n] += on_hand
            told[n : 2 * n] += owed
            told[2 * n] += owed[0] <= 1e-9
            told[2 * n + 1] += np.minimum(owed[0], draws[t])
    told[: 2 * n + 1] /= PERIODS
    told[2 * n + 1] = 1.0 - told[2 * n + 1] / draws[BEGINNING + 1 :].sum(axis=0).mean()
    return told


def measures(told):
    return np.concatenate(
        [told.on_hand, told.backorders, np.atleast_1d([told.ready_rate, told.fill_rate])]
    )


def deviations(told, expected):
    mean, error = told.mean(axis=1), told.std(axis=1, ddof=1) / SYSTEMS**0.5
    return np.abs(mean - expected) / np.maximum(error, 1e-12 * (1.0 + np.abs(expected)))


CASES = {
    "poisson": (ed.Poisson(4.0), [10.0, 5.0, 13.0], [1, 1, 2], 0),
    "poisson, review": (ed.Poisson(4.0), [13.0, 5.0, 9.0], [1, 2, 1], 1),
    "gamma": (ed.Gamma(10.0, 6.0), [35.0, 12.3, 30.0], [2, 1, 3], 0),
    "gamma, review": (ed.Gamma(10.0, 12.0), [30.0, 7.7], [0, 2], 1),
    "gamma, no time at the customers": (ed.Gamma(10.0, 6.0), [4.4, 12.3, 30.0], [0, 1, 3], 0),
    "gamma, no time within": (ed.Gamma(10.0, 6.0), [25.0, 3.3, 30.0, 8.0], [2, 0, 3, 0], 0),
    "halves": (ed.NegativeBinomial(5.0, 4.0), [7.5, 4.5, 6.0], [1, 1, 1], 0),
    "packs with gaps": (
        ed.ZeroInflated(0.4, ed.Empirical([6, 12], [0.6, 0.4])),
        [12.0, 18.0],
        [2, 2],
        0,
    ),
    "orders of any size": (ed.CompoundPoisson(0.7, ed.Gamma(5.0, 4.0)), [9.0, 6.5], [2, 1], 0),
    "no stock in between": (ed.Gamma(10.0, 6.0), [40.0, 0.0, 15.0], [2, 1, 1], 0),
}


@pytest.mark.parametrize("name", CASES)
def test_measures_of_a_series(name):
    demand, own, lead_time, review = CASES[name]
    told = simulate_series(demand, own, lead_time, review, seed=11)
    common = {"holding_cost": np.arange(len(own), 0, -1.0), "shortage_cost": 20.0}
    common |= {"lead_time": lead_time, "review_period": review}
    exact = serial_measures(demand, base_stock=own, **common)
    assert deviations(told, measures(exact)).max() < 4.0
    # the same million periods tell an error of two per cent in the levels
    wrong = serial_measures(demand, base_stock=1.02 * np.asarray(own), **common)
    assert deviations(told, measures(wrong)).max() > 4.0


def test_the_least_cost_is_what_its_levels_cost():
    """And levels two units off cost more, by more than chance."""
    demand, lead_time, own_cost = (
        ed.NegativeBinomial(6.0, 4.0),
        [1, 2, 2],
        np.array([4.0, 2.0, 1.0]),
    )
    best = clark_scarf(demand, holding_cost=own_cost, shortage_cost=30.0, lead_time=lead_time)

    def cost(levels):
        told = simulate_series(demand, installation_levels(levels), lead_time, 0, seed=12)
        pipeline = own_cost[1] * 6.0 * 1 + own_cost[2] * 6.0 * 2
        return own_cost @ told[:3] + 30.0 * told[3] + pipeline

    simulated = cost(best.echelon_base_stock)
    error = simulated.std(ddof=1) / SYSTEMS**0.5
    assert abs(simulated.mean() - best.cost) < 4.0 * error
    for off in ([-2, 0, 0], [2, 0, 0], [0, -2, 0], [0, 2, 0], [0, 0, -2], [0, 0, 2]):
        more = cost(best.echelon_base_stock + np.array(off)) - simulated  # the same demand
        assert more.mean() > 4.0 * more.std(ddof=1) / SYSTEMS**0.5


def test_random_lead_times_that_keep_the_order():
    """Each stage's shipments take the next drawn time, but arrive no earlier than those before.

    The time that a shipment takes has then a distribution of its own, which the model is given.
    """
    rng = np.random.default_rng(13)
    n_periods, start = 1_000_000, 100
    draws = rng.poisson(4.0, n_periods)
    total = np.concatenate(([0], np.cumsum(draws)))
    own = [14, 15]
    times = np.arange(n_periods)
    raw = [rng.choice([1, 4], n_periods, p=[0.8, 0.2]) for _ in own]
    arrive = [np.maximum.accumulate(times + one) for one in raw]

    def latest(stage):
        """Of what has arrived at the end of each period, when the last was sent (-1: nothing)."""
        return np.searchsorted(arrive[stage], times, side="right") - 1

    # units sent to a stage up to the end of each period, cumulated: orders or what there is
    received = total[latest(1) + 1] + own[1]
    sent = np.minimum(total[1:], received)
    received = sent[latest(0)] + own[0]
    owed = np.maximum(total[1:] - received, 0)[start:]
    on_hand = np.maximum(received - total[1:], 0)[start:]
    laws = []
    for stage in (0, 1):
        age = (times - latest(stage))[start:]
        values, counts = np.unique(age, return_counts=True)
        laws.append(ed.Empirical(values.astype(float), counts / counts.sum()))
    exact = serial_measures(
        ed.Poisson(4.0),
        base_stock=own,
        holding_cost=[2.0, 1.0],
        shortage_cost=20.0,
        lead_time=laws,
    )
    for seen, told in (
        (owed, exact.backorders[0]),
        (on_hand, exact.on_hand[0]),
        (owed == 0, exact.ready_rate),
    ):
        batches = seen[: len(seen) // 1000 * 1000].reshape(1000, -1).mean(axis=1)
        assert abs(batches.mean() - told) < 4.0 * batches.std(ddof=1) / 1000**0.5


def simulate_assembly(demand, best, successor, usage, own_cost, lead_time, shortage_cost, seed):
    """Average cost of each system: every item by itself, nothing reduced to a series.

    An item is ordered up to its level, but not beyond what those of a longer way had ordered when
    that would meet it; parts are taken when the order is placed, and have to be there.
    """
    rng = np.random.default_rng(seed)
    draws = demand.sample(rng, (BEGINNING + PERIODS + 1, SYSTEMS))
    n = len(successor)
    total = np.ones(n)
    for item in np.argsort(best.rank):
        if successor[item] is not None:
            total[item] = usage[item] * total[successor[item]]
    level = best.echelon_base_stock / total
    order = np.argsort(best.rank)
    position = np.repeat(level[:, None], SYSTEMS, axis=1)
    past = [[position[item].copy()] for item in range(n)]
    after = [0.0 if one is None else level[one] for one in successor]
    on_hand = np.repeat((level - after)[:, None], SYSTEMS, axis=1)  # in units of the end product
    made = [np.zeros((time + 1, SYSTEMS)) for time in lead_time]
    owed, cost = np.zeros(SYSTEMS), np.zeros(SYSTEMS)
    way = best.total_lead_time
    cumulated = np.concatenate((np.zeros((1, SYSTEMS)), np.cumsum(draws[1:], axis=0)))
    pipeline = sum(
        draws[1:].mean() * lead_time[one] * own_cost[item] * total[item]
        for item, one in enumerate(successor)
        if one is not None
    )
    for t in range(1, BEGINNING + PERIODS + 1):
        for item in range(n):
            on_hand[item] += made[item][t % (lead_time[item] + 1)]
            made[item][t % (lead_time[item] + 1)] = 0.0
        released = np.zeros((n, SYSTEMS))
        for place in range(n - 1, -1, -1):
            item = order[place]
            upto = np.full(SYSTEMS, level[item])
            if place + 1 < n:
                longer = order[place + 1]
                ago = int(way[longer] - way[item])
                then = past[longer][max(t - ago, 0)] if ago else position[longer]
                upto = np.minimum(upto, then - (cumulated[t] - cumulated[max(t - ago, 0)]))
            released[item] = upto - (position[item] - draws[t])
            position[item] = upto
            past[item].append(upto.copy())
        assert released.min() > -1e-9
        for item in sorted(range(n), key=lambda one: -way[one]):  # parts before what needs them
            if lead_time[item]:
                made[item][(t + lead_time[item]) % (lead_time[item] + 1)] += released[item]
            else:
                on_hand[item] += released[item]
            if successor[item] is not None:
                on_hand[item] -= released[successor[item]]
                assert on_hand[item].min() > -1e-9  # no part is missing when it is needed
        last = successor.index(None)
        owed += draws[t]
        sold = np.minimum(on_hand[last], owed)
        on_hand[last] -= sold
        owed -= sold
        if t > BEGINNING:
            cost += (own_cost * total) @ on_hand + shortage_cost * owed
    return cost / PERIODS + pipeline


@pytest.mark.parametrize(
    ("demand", "successor", "usage", "lead_time"),
    [
        (ed.Poisson(6.0), [None, 0, 0], [1.0, 1.0, 1.0], [1, 2, 4]),
        (ed.Gamma(6.0, 4.0), [None, 0, 0, 1, 1], [1.0, 2.0, 1.0, 1.0, 3.0], [1, 2, 5, 1, 2]),
    ],
)
def test_cost_of_an_assembly(demand, successor, usage, lead_time):
    own_cost = {3: [6.0, 2.0, 1.5], 5: [12.0, 3.0, 1.0, 1.0, 0.4]}[len(successor)]
    arguments = {"successor": successor, "usage": usage, "holding_cost": own_cost}
    arguments |= {"lead_time": lead_time, "shortage_cost": 60.0}
    best = rosling(demand, **arguments)
    told = simulate_assembly(
        demand, best, successor, usage, np.array(own_cost), lead_time, 60.0, seed=14
    )
    error = told.std(ddof=1) / SYSTEMS**0.5
    assert abs(told.mean() - best.cost) < 4.0 * error
    assert 4.0 * error < 0.01 * best.cost
