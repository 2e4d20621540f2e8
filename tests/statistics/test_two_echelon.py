"""A warehouse with retailers, unit by unit: a million demands within 4 standard errors, fixed seed.

What is simulated is the system, order by order: a warehouse's demand takes the first unit that no
earlier demand has taken, its retailer's customer likewise after transport.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Poisson
from echelon.exact.multi_echelon.metric import metric
from echelon.exact.multi_echelon.two_echelon import axsater
from echelon.exact.multi_echelon.waiting import two_echelon_waiting
from echelon.rng import stream

N_DEMANDS = 1_000_000
N_BATCHES = 200
RATE = np.array([0.4, 1.0, 0.1, 0.7])
TIME = np.array([1.0, 0.5, 3.0, 2.0])
LEVEL = np.array([2, 1, 0, 4])
WAREHOUSE_TIME = 2.5
STOCK = 5
WITHIN = 1.2


def taken(supply, wanted):
    """When each demand, in order of time, gets the unit that is its: the k-th there is."""
    ready = np.sort(supply)
    return np.maximum(wanted, ready[: wanted.size])


def simulate(name, repair=None):
    """Batch means of each measure, (n_batches, n_retailers)."""
    draws = stream(11, "two_echelon", name)
    times = np.cumsum(draws.exponential(1.0 / RATE.sum(), N_DEMANDS))
    owner = draws.choice(RATE.size, N_DEMANDS, p=RATE / RATE.sum())
    replenished = times + (WAREHOUSE_TIME if repair is None else repair(draws))
    start = np.zeros(STOCK)
    sent = taken(np.concatenate((start, replenished)), times)
    edges = np.linspace(times[1000], times[-5000], N_BATCHES + 1)
    length = edges[1] - edges[0]
    told = {
        name: np.empty((N_BATCHES, RATE.size))
        for name in ("fill_rate", "on_time", "backorders", "on_hand", "order_on_time", "ready_rate")
    }
    for i in range(RATE.size):
        mine = owner == i
        demanded, sent_mine = times[mine], sent[mine]
        arrived = np.concatenate((np.zeros(LEVEL[i]), sent_mine + TIME[i]))[: demanded.size]
        wait = np.maximum(arrived - demanded, 0.0)
        batch = np.searchsorted(edges, demanded) - 1
        inside = (batch >= 0) & (batch < N_BATCHES)
        count = np.bincount(batch[inside], minlength=N_BATCHES)

        def share_of(values, batch=batch, inside=inside, count=count):
            """Ratio of the sums, with what each batch adds to it; short batches do not bias it."""
            part = np.bincount(batch[inside], values[inside], minlength=N_BATCHES)
            ratio = part.sum() / count.sum()
            return ratio + (part - ratio * count) / count.mean()

        def per_time(values, batch=batch, inside=inside):
            """Each unit's time waiting or on the shelf, over all time."""
            return np.bincount(batch[inside], values[inside], minlength=N_BATCHES) / length

        told["fill_rate"][:, i] = share_of(wait == 0.0)
        told["on_time"][:, i] = share_of(wait <= WITHIN)
        told["order_on_time"][:, i] = share_of(sent_mine - demanded <= WITHIN)
        told["backorders"][:, i] = per_time(wait)
        told["on_hand"][:, i] = per_time(np.maximum(demanded - arrived, 0.0))
        moments = np.linspace(edges[0], edges[-1], N_BATCHES * 4000, endpoint=False)
        demanded_by = np.searchsorted(demanded, moments)
        served_by = np.searchsorted(np.sort(np.maximum(arrived, demanded)), moments)
        told["ready_rate"][:, i] = (demanded_by == served_by).reshape(N_BATCHES, -1).mean(axis=1)
    return told


def far(batches, value):
    """Standard errors between the mean of the batches and a value."""
    error = batches.std(axis=0, ddof=1) / N_BATCHES**0.5
    return np.abs(batches.mean(axis=0) - value) / np.maximum(error, 1e-12)


GIVEN = {
    "lead_time": TIME, "warehouse_lead_time": WAREHOUSE_TIME, "base_stock": LEVEL,
    "warehouse_base_stock": STOCK,
}  # fmt: skip
COUNTED = ("fill_rate", "ready_rate", "backorders", "on_hand")


@pytest.fixture(scope="module")
def constant():
    return simulate("constant")


@pytest.mark.parametrize("name", COUNTED)
def test_stock_and_service(constant, name):
    told = axsater(RATE, **GIVEN)
    assert (far(constant[name], getattr(told, name)) < 4.0).all()


def test_waiting_times(constant):
    told = two_echelon_waiting(RATE, within=WITHIN, **GIVEN)
    assert (far(constant["on_time"], told.on_time_rate) < 4.0).all()
    assert (far(constant["order_on_time"], told.order_on_time_rate) < 4.0).all()


def test_the_simulation_tells_a_per_cent_and_metric_from_the_truth(constant):
    told = axsater(RATE, **GIVEN)
    assert far(constant["fill_rate"], told.fill_rate * 0.99).max() > 4.0
    assert far(constant["on_hand"], told.on_hand * 1.01).max() > 4.0
    assert far(constant["backorders"], metric(RATE, **GIVEN).backorders).max() > 4.0
    waits = two_echelon_waiting(RATE, within=WITHIN * 1.02, **GIVEN)
    assert far(constant["on_time"], waits.on_time_rate).max() > 4.0


@pytest.mark.parametrize(
    ("name", "repair"),
    [
        ("exponential", lambda draws: draws.exponential(WAREHOUSE_TIME, N_DEMANDS)),
        ("short or long", lambda draws: draws.choice([0.5, 8.5], N_DEMANDS, p=[0.75, 0.25])),
    ],
)
def test_repairs_of_random_length_by_their_mean_alone(name, repair):
    """Palm's theorem: repairs overtake one another, and the first unit ready serves the first."""
    batches = simulate(name, repair)
    told = axsater(RATE, **GIVEN)
    for measure in COUNTED:
        assert (far(batches[measure], getattr(told, measure)) < 4.0).all(), measure


def test_periods_end_with_the_same_stock():
    """Clause 2.1 by whole periods: Poisson demand and whole lead times, one retailer."""
    stages = pd.DataFrame(
        {
            "item": "part", "location": ["warehouse", "shop"], "lead_time": [3, 2],
            "review_period": 0, "holding_cost": 1.0, "base_stock": [2.0, 3.0],
        }
    )  # fmt: skip
    lanes = pd.DataFrame(
        {
            "from_item": "part",
            "from_location": "warehouse",
            "to_item": "part",
            "to_location": "shop",
        },
        index=[0],
    )
    demand = pd.DataFrame({"item": "part", "location": "shop", "distribution": [Poisson(0.9)]})
    network = ec.Network.from_tables(stages, lanes, demand)
    run = ec.simulate(network, periods=400, replications=2500, seed=4).stages.set_index("location")
    told = axsater(
        0.9, lead_time=2.0, warehouse_lead_time=3.0, base_stock=3, warehouse_base_stock=2
    )
    for name in ("on_hand", "backorders"):
        shop, central = run.loc["shop"], run.loc["warehouse"]
        assert abs(shop[name] - getattr(told, name)) < 4.0 * shop[f"{name}_se"]
        assert abs(central[name] - getattr(told, f"warehouse_{name}")) < 4.0 * central[f"{name}_se"]
        assert shop[f"{name}_se"] < 0.003
