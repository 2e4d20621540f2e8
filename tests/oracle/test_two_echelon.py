"""A warehouse with retailers against other exact methods: published formulas and a Markov chain.

Axsater (1990) follows one unit: given the wait W of its order at the warehouse, its retailer pays
for the time it is on hand before its customer comes, or the customer waits; the cost of the
retailer is that of a unit times its demand rate. In the chain, repairs take exponential times and
whose turn it is at the warehouse is part of the state: nothing is assumed about how backorders
divide.
"""

from __future__ import annotations

import itertools
from math import exp, factorial

import numpy as np
import pytest
from scipy import sparse, stats
from scipy.integrate import quad
from scipy.sparse.linalg import spsolve

from echelon.exact.multi_echelon.metric import graves_two_moment, metric
from echelon.exact.multi_echelon.two_echelon import axsater


def unit_cost(rate, time, level, hold, short):
    """Expected cost of one unit of a retailer that reaches it ``time`` after it was ordered."""
    mean = rate * time
    kept = sum((level - k) * mean**k / factorial(k) for k in range(level))
    return (hold + short) * exp(-mean) * kept / rate + short * (time - level / rate)


def cost_by_units(rates, time, warehouse_time, levels, stock, hold, short, central):
    whole = sum(rates)
    erlang = stats.gamma(stock, scale=1.0 / whole) if stock else None
    total = central * sum((stock - k) * stats.poisson.pmf(k, whole * warehouse_time)
                          for k in range(stock))  # fmt: skip
    for rate, level in zip(rates, levels, strict=True):

        def given_wait(wait, rate=rate, level=level):
            return unit_cost(rate, time + wait, level, hold, short)

        if erlang is None:
            total += rate * given_wait(warehouse_time)
            continue
        late, _ = quad(
            lambda wait, cost=given_wait: erlang.pdf(warehouse_time - wait) * cost(wait),
            0.0, warehouse_time, epsabs=1e-12,
        )  # fmt: skip
        total += rate * (late + erlang.sf(warehouse_time) * given_wait(0.0))
    return total


@pytest.mark.parametrize("stock", [0, 1, 2, 5, 9])
@pytest.mark.parametrize(("time", "warehouse_time"), [(1.0, 1.0), (0.5, 3.0), (4.0, 2.0)])
def test_cost_of_units_as_axsater_follows_them(stock, time, warehouse_time):
    rates, levels = [0.2, 0.7, 1.1], [1, 0, 4]
    told = axsater(
        rates, lead_time=time, warehouse_lead_time=warehouse_time, base_stock=levels,
        warehouse_base_stock=stock,
    )  # fmt: skip
    ours = told.cost(holding_cost=1.0, shortage_cost=10.0, warehouse_holding_cost=0.6)
    want = cost_by_units(rates, time, warehouse_time, levels, stock, 1.0, 10.0, 0.6)
    assert ours == pytest.approx(want, rel=1e-9)


def stationary(rates, repair_rate, stock, most):
    """Chain of repairs under way and of who waits in which order: {(n, queue): probability}."""
    states = [
        (n, queue)
        for n in range(most + 1)
        for queue in itertools.product(range(len(rates)), repeat=max(n - stock, 0))
    ]
    place = {state: i for i, state in enumerate(states)}
    rows, columns, values = [], [], []

    def flow(source, target, rate):
        rows.extend((place[target], place[source]))
        columns.extend((place[source], place[source]))
        values.extend((rate, -rate))

    for n, queue in states:
        if n < most:
            for i, rate in enumerate(rates):
                flow((n, queue), (n + 1, (*queue, i) if n >= stock else ()), rate)
        if n:
            flow((n, queue), (n - 1, queue[1:]), n * repair_rate)
    balance = sparse.lil_matrix(sparse.coo_matrix((values, (rows, columns))).tocsr())
    balance[0, :] = 1.0
    right = np.zeros(len(states))
    right[0] = 1.0
    return dict(zip(states, spsolve(balance.tocsc(), right), strict=True))


@pytest.mark.parametrize("stock", [0, 1, 2])
def test_chain_of_exponential_repairs_that_keeps_the_queue(stock):
    """Palm's theorem and the binomial share, with transport added as independent demand."""
    rates, repair_rate, time, levels = [0.3, 0.1], 1.0, 1.5, [1, 1]
    chain = stationary(rates, repair_rate, stock, 10)
    told = axsater(
        rates, lead_time=time, warehouse_lead_time=1.0 / repair_rate, base_stock=levels,
        warehouse_base_stock=stock,
    )  # fmt: skip
    counts = np.arange(40)
    for i, rate in enumerate(rates):
        waiting = np.zeros(40)
        for (_, queue), chance in chain.items():
            waiting[queue.count(i)] += chance
        masses = np.convolve(waiting, stats.poisson.pmf(counts, rate * time))[:40]
        assert told.fill_rate[i] == pytest.approx(masses[: levels[i]].sum(), abs=2e-9)
        assert told.backorders[i] == pytest.approx((counts - levels[i]).clip(0) @ masses, abs=2e-8)
        mean = counts @ masses
        assert told.outstanding[i] == pytest.approx(mean, abs=2e-8)
        spread = (counts - mean) ** 2 @ masses
        assert told.outstanding_variance[i] == pytest.approx(spread, abs=2e-7)


def test_one_retailer_is_a_chain_of_two_stages():
    """With one retailer the orders outstanding are the excess at the warehouse plus a Poisson."""
    counts = np.arange(120)
    short = np.zeros(120)
    np.add.at(short, np.maximum(counts - 4, 0), stats.poisson.pmf(counts, 6.0))
    masses = np.convolve(short, stats.poisson.pmf(counts, 2.0))[:120]
    told = axsater(
        2.0, lead_time=1.0, warehouse_lead_time=3.0, base_stock=5, warehouse_base_stock=4
    )
    assert told.backorders == pytest.approx((counts - 5).clip(0) @ masses, rel=1e-10)
    assert told.fill_rate == pytest.approx(masses[:5].sum(), rel=1e-10)


def test_levels_that_the_approximations_choose():
    """Base stocks for a fill rate, as Graves (1985) compared: the two moments go wrong far less."""
    rng = np.random.default_rng(8)
    rate = rng.choice([0.05, 0.1, 0.3, 0.6, 1.2], (400, 1)) * np.ones((400, 5))
    level = np.arange(30)[:, None, None]
    given = {
        "lead_time": rng.choice([0.5, 1.0, 2.0], (400, 1)),
        "warehouse_lead_time": rng.choice([1.0, 3.0, 6.0], 400),
    }
    given["warehouse_base_stock"] = rng.integers(
        0, 2 + np.rint(rate.sum(axis=1) * given["warehouse_lead_time"]).astype(int)
    )
    wrong = {}
    for model in (metric, graves_two_moment, axsater):
        reached = model(rate, base_stock=level, **given).fill_rate[..., 0] >= 0.95
        wrong[model] = reached.argmax(axis=0)
    exact = wrong.pop(axsater)
    share = {model: (one != exact).mean() for model, one in wrong.items()}
    assert share[graves_two_moment] < 0.03 < share[metric]
    assert (wrong[metric] <= exact).all()
