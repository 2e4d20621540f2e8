"""Items that expire: the exact models against the simulation, and what the simulation issues."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Empirical, NegativeBinomial, Poisson
from echelon.exact.perishable.base_stock import perishable_base_stock
from echelon.exact.perishable.projected_level import perishable_projected_level
from echelon.policies.base_stock import BaseStock
from echelon.simulation.plain import flow as plain_flow
from tests.simulated import assert_agrees, run, stages_apart

LUMPY = Empirical([0, 1, 4], [0.5, 0.3, 0.2])
CASES = [
    # demand, life, least life, lead time, review period, multiple, lost, base stock
    (Poisson(3.0), 2, 0, 0, 1, None, False, 6),
    (Poisson(3.0), 3, 0, 1, 1, None, False, 9),
    (Poisson(3.0), 3, 2, 1, 1, None, False, 10),
    (Poisson(3.0), 3, 2, 2, 0, None, False, 9),
    (Poisson(3.0), 4, 0, 2, 1, None, True, 12),
    (Poisson(3.0), 4, 3, 1, 1, None, True, 10),
    (Poisson(3.0), 3, 0, 1, 0, None, True, 6),
    (Poisson(2.0), 4, 2, 1, 2, None, False, 9),
    (Poisson(2.0), 3, 0, 0, 3, None, True, 8),
    (Poisson(2.0), 3, 2, 1, 1, 3, False, 7),
    (Poisson(2.0), 4, 0, 1, 2, 4, True, 7),
    (NegativeBinomial(2.0, 2.0), 2, 0, 1, 1, None, False, 6),
    (NegativeBinomial(2.0, 2.0), 3, 0, 1, 1, 2, True, 6),
    (LUMPY, 3, 0, 1, 1, None, False, 5),
    (LUMPY, 4, 2, 0, 1, None, True, 5),
    (LUMPY, 2, 0, 1, 0, None, True, 4),
]


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    rows = [
        {
            "demand": law, "shelf_life": life, "lead_time": lead_time, "review_period": review,
            "order_multiple": multiple, "lost_sales_share": float(lost), "base_stock": level,
        }
        for law, life, _, lead_time, review, multiple, lost, level in CASES
    ]  # fmt: skip
    network = stages_apart(rows)
    demand = network.demand.assign(minimum_remaining_life=[case[2] for case in CASES])
    return run(network.replace(demand=demand), replications=1_000).stages


@pytest.fixture(scope="module")
def told() -> pd.DataFrame:
    rows = []
    for law, life, least, lead_time, review, multiple, lost, level in CASES:
        found = perishable_base_stock(
            law, shelf_life=life, minimum_remaining_life=least, lead_time=lead_time,
            review_period=review, order_multiple=multiple, base_stock=level,
            unmet="lost" if lost else "backordered", holding_cost=1.0, shortage_cost=9.0,
            waste_cost=5.0, method="exact",
        )  # fmt: skip
        rows.append(found.to_frame())
    return pd.concat(rows, ignore_index=True)


def test_base_stocks_do_what_the_chain_says(simulated, told):
    for name, planted in (("on_hand", 0.03), ("fill_rate", 0.03), ("expired", 0.15)):
        assert_agrees(simulated, name, told[name], planted=planted)
    assert_agrees(simulated, "backorders", told["backorders"], planted=None)
    assert_agrees(simulated, "lost", told["lost"], planted=None)


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_paths_say_what_the_chain_says(case):
    law, life, least, lead_time, review, multiple, lost, level = case
    arguments = {
        "shelf_life": life, "minimum_remaining_life": least, "lead_time": lead_time,
        "review_period": review, "order_multiple": multiple, "base_stock": level,
        "unmet": "lost" if lost else "backordered", "holding_cost": 1.0, "shortage_cost": 9.0,
        "waste_cost": 5.0,
    }  # fmt: skip
    paths = perishable_base_stock(law, **arguments, method="simulated", seed=5)
    chain = perishable_base_stock(law, **arguments, method="exact")
    assert abs(paths.cost - chain.cost) <= 4.0 * paths.cost_se
    assert abs(paths.cost - 1.1 * chain.cost) > 4.0 * paths.cost_se


@pytest.mark.parametrize(
    ("law", "life", "lead_time", "lost", "level"),
    [(Poisson(3.0), 2, 1, True, 4.25), (LUMPY, 3, 2, False, 3.5), (Poisson(2.0), 3, 0, False, 4.0)],
    ids=str,
)
def test_projected_levels_followed_by_hand(law, life, lead_time, lost, level):
    """Period by period with lists; the projection is averaged over drawn futures of each state."""
    arguments = {
        "shelf_life": life, "lead_time": lead_time, "unmet": "lost" if lost else "backordered",
        "holding_cost": 1.0, "shortage_cost": 9.0, "waste_cost": 5.0,
    }  # fmt: skip
    want = perishable_projected_level(law, **arguments, level=level)
    rng = np.random.default_rng(11)
    values = np.arange(25)
    mass = np.diff(np.append(0.0, law.cdf(values)))
    orders: dict[tuple[int, ...], int] = {}

    def one_period(stock, owed, asked):
        left, wanted = list(stock), owed + asked
        for age in range(life):
            issued = min(left[age], wanted)
            left[age] -= issued
            wanted -= issued
        short = min(wanted, asked) if lost else 0
        return left, wanted - short, short

    def expected(stock, way, owed, periods):
        """Net stock at the start of the period of arrival, less what will expire in it."""
        if periods == 0:
            unsold = float(mass @ np.maximum(stock[0] - owed - values, 0)) if life > 1 else 0.0
            return sum(stock) - owed - unsold
        total = 0.0
        for asked in np.flatnonzero(mass > 1e-6).tolist():
            left, still, _ = one_period([*stock, way[0]], owed, asked)
            total += mass[asked] * expected(left[1:], way[1:], still, periods - 1)
        return total

    def order(stock, way, owed):
        key = (*stock, *way, owed)
        if key not in orders:
            short = level - expected(stock, way, owed, lead_time)
            orders[key] = max(int(np.floor(short + 0.5)), 0)
        return orders[key]

    costs = []
    for path in rng.choice(values, size=(60, 400), p=mass / mass.sum()).tolist():
        stock, way, owed, spent = [0] * (life - 1), [0] * lead_time, 0, 0.0
        for period, asked in enumerate(path):
            coming = [*way, order(stock, way, owed)]
            left, owed, short = one_period([*stock, coming[0]], owed, asked)
            stock, way = left[1:], coming[1:]
            if period >= 50:
                spent += sum(stock) + 9.0 * (short if lost else owed) + 5.0 * left[0]
        costs.append(spent / 350)
    error = np.std(costs, ddof=1) / len(costs) ** 0.5
    assert abs(np.mean(costs) - want.cost) <= 4.0 * error
    assert abs(np.mean(costs) - 1.15 * want.cost) > 4.0 * error


def chain_of_lives(number: int) -> ec.Network:
    """A plant, a depot and shops; segments that ask for different lives, served by any rule."""
    rng = np.random.default_rng(number)
    n_shops, life = int(rng.integers(1, 4)), int(rng.integers(5, 10))
    shops = [f"shop {k}" for k in range(n_shops)]
    places = ["plant", "depot", *shops]
    stages = pd.DataFrame(
        {
            "item": "serum",
            "location": places,
            "lead_time": [1, 0, *[0] * n_shops],
            "release_time": [1, *[0] * (n_shops + 1)],
            "review_period": rng.integers(0, 3, n_shops + 2),
            "base_stock": [40.0, 25.0, *rng.integers(8, 20, n_shops)],
            "holding_cost": 1.0,
            "shelf_life": life,
            "allocation": rng.choice(["proportional", "priority", "first_come"], n_shops + 2),
            "lost_sales_share": rng.choice([0.0, 0.5, 1.0], n_shops + 2),
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": "serum", "to_item": "serum",
            "from_location": ["plant", *["depot"] * n_shops],
            "to_location": ["depot", *shops],
            "lead_time": rng.integers(0, 2, n_shops + 1),
        }
    )  # fmt: skip
    rows = [
        (place, segment, int(rng.integers(0, life)), int(rng.integers(0, 2)))
        for place in ("depot", *shops)
        for segment in ("hospital", "pharmacy", "export")
    ]
    demand = pd.DataFrame(
        rows, columns=["location", "segment", "minimum_remaining_life", "priority"]
    ).assign(item="serum", family="poisson", mean=2.0)
    return ec.Network.from_tables(stages, lanes, demand, period="week")


@pytest.mark.parametrize("number", range(8))
def test_nobody_gets_a_unit_below_the_life_asked_for(number, monkeypatch):
    """The readable engine hands out goods by age; the fast one gives the same run to rounding."""
    network = chain_of_lives(number)
    served, passed_over = np.zeros(2), 0.0
    original = plain_flow.serve

    def watched(j, stage, *rest):
        nonlocal passed_over
        goods = original(j, stage, *rest)
        for asker, shipped in zip(stage.askers, goods, strict=True):
            served[0] += shipped[: asker.least_life - 1].sum()
            served[1] += shipped.sum()
            short = asker.late.sum() + asker.lost.sum() > 0.0
            passed_over += short * stage.stock[: asker.least_life - 1].sum()
        return goods

    monkeypatch.setattr(plain_flow, "serve", watched)
    window = {"periods": 60, "warmup": 20, "replications": 8, "seed": number, "progress": False}
    fast = ec.simulate(network, **window)
    assert served[1] == 0.0
    own = {
        (row.item, row.location): BaseStock(row.base_stock) for row in network.stages.itertuples()
    }
    plain = ec.simulate(network, policies=own, **window)
    assert served[0] == 0.0
    assert served[1] > 0.0
    assert passed_over > 0.0  # there was stock that somebody wanted and was too old for him
    for name in ("on_hand", "expired", "fill_rate", "lost"):
        np.testing.assert_allclose(
            fast.stages[name].astype(float), plain.stages[name].astype(float), rtol=1e-9, atol=1e-9
        )


def test_the_levels_of_a_network_do_what_they_say_there():
    """Release and supply times of the tables, and both ways of reviewing, are read as they run."""
    rng = np.random.default_rng(5)
    n = 12
    rows = [
        {
            "demand": Poisson(2.0),
            "lead_time": int(rng.integers(0, 2)),
            "release_time": int(rng.integers(0, 2)),
            "inbound_service_time": int(rng.integers(0, 2)),
            "review_period": int(rng.integers(0, 3)),
            "shelf_life": int(rng.integers(3, 6)),
            "lost_sales_share": float(lost),
            "backorder_cost": 9.0,
            "lost_sale_cost": 15.0,
            "waste_cost": float(rng.integers(2, 9)),
        }
        for lost in (0, 1) * (n // 2)
    ]
    network = stages_apart(rows)
    life = rng.integers(0, 3, n)
    network = network.replace(demand=network.demand.assign(minimum_remaining_life=life))
    levels = ec.perishable_levels(network)
    assert levels.failures.empty
    told = levels.stages
    measured = run(levels.apply(network), replications=500).stages
    sure = told["exact"].to_numpy(bool) & (told["on_hand"].to_numpy(float) > 0.01)
    assert sure.sum() >= n // 2
    for name in ("on_hand", "fill_rate", "expired"):
        assert_agrees(measured[sure], name, told[name][sure].astype(float), planted=None)
    for name in ("on_hand", "fill_rate"):
        with pytest.raises(AssertionError):
            assert_agrees(measured[sure], name, 1.03 * told[name][sure].astype(float))
