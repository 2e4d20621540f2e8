"""Rosling's reduction: a chain is a series, units and order of items do not matter."""

from __future__ import annotations

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.errors import DomainError
from echelon.exact.multi_echelon.assembly import rosling
from echelon.exact.multi_echelon.serial import clark_scarf

TREE = {
    "successor": [None, 0, 0, 1, 1],
    "holding_cost": [12.0, 3.0, 4.0, 1.0, 0.4],
    "lead_time": [1, 2, 5, 1, 2],
    "shortage_cost": 60.0,
}


@pytest.mark.parametrize("review", [0, 1])
@pytest.mark.parametrize("law", [ed.Poisson(5.0), ed.Gamma(10.0, 6.0)], ids=repr)
def test_a_chain_is_a_series(law, review):
    arguments = {"holding_cost": [6.0, 3.0, 1.0], "shortage_cost": 40.0, "lead_time": [1, 2, 2]}
    arguments |= {"review_period": review}
    chain = rosling(law, successor=[None, 0, 1], **arguments)
    series = clark_scarf(law, **arguments)
    for name in ("cost", "on_hand_cost", "pipeline_cost", "shortage_cost"):
        assert getattr(chain, name) == pytest.approx(getattr(series, name), rel=1e-12)
    assert chain.echelon_base_stock == pytest.approx(series.echelon_base_stock)
    assert chain.total_lead_time.tolist() == [1.0, 3.0, 5.0]
    assert chain.rank.tolist() == [0, 1, 2]


def test_parts_of_one_way_are_one_part():
    """Two parts of the same lead time, always ordered together, cost what one of both does."""
    law = ed.Poisson(5.0)
    two = rosling(
        law, successor=[None, 0, 0], holding_cost=[6.0, 1.0, 2.0], shortage_cost=40.0,
        lead_time=[1, 3, 3],
    )  # fmt: skip
    one = clark_scarf(law, holding_cost=[6.0, 3.0], shortage_cost=40.0, lead_time=[1, 3])
    assert two.cost == pytest.approx(one.cost, rel=1e-10)
    assert two.echelon_base_stock.tolist() == [*one.echelon_base_stock, one.echelon_base_stock[1]]


def test_the_order_of_items_does_not_matter():
    law = ed.NegativeBinomial(5.0, 3.0)
    first = rosling(law, **TREE)
    turned = rosling(
        law,
        successor=[3, 4, 3, 4, None],
        holding_cost=[0.4, 4.0, 1.0, 3.0, 12.0],
        lead_time=[2, 5, 1, 2, 1],
        shortage_cost=60.0,
    )
    back = [4, 3, 1, 2, 0]
    assert turned.cost == pytest.approx(first.cost, rel=1e-12)
    assert turned.echelon_base_stock[back].tolist() == first.echelon_base_stock.tolist()
    assert turned.total_lead_time[back].tolist() == [1.0, 3.0, 6.0, 4.0, 5.0]
    assert first.rank.tolist() == [0, 1, 4, 2, 3]


def test_units_of_an_item_do_not_matter():
    """Screws by the piece or by the bag of eight."""
    law = ed.Gamma(10.0, 6.0)
    bag = rosling(law, **TREE)
    piece = rosling(
        law,
        **TREE | {"usage": [1, 1, 1, 8, 1], "holding_cost": [12.0, 3.0, 4.0, 1.0 / 8, 0.4]},
    )
    assert piece.cost == pytest.approx(bag.cost, rel=1e-12)
    assert piece.echelon_base_stock / bag.echelon_base_stock == pytest.approx([1, 1, 1, 8, 1])


def test_costs_of_echelons_or_of_items():
    law = ed.Poisson(5.0)
    one = rosling(law, **TREE)
    given = {key: value for key, value in TREE.items() if key != "holding_cost"}
    other = rosling(law, echelon_holding_cost=[5.0, 1.6, 4.0, 1.0, 0.4], **given)
    assert other.cost == pytest.approx(one.cost, rel=1e-12)


def test_many_at_once_are_each_alone():
    rng = np.random.default_rng(8)
    laws = [ed.Poisson(5.0), ed.Gamma(10.0, 6.0), ed.Normal(30.0, 9.0)]
    times = rng.integers(0, 5, (3, 5))
    many = rosling(laws, **TREE | {"lead_time": times})
    for sku, law in enumerate(laws):
        alone = rosling(law, **TREE | {"lead_time": times[sku]})
        assert many.cost[sku] == pytest.approx(alone.cost, rel=1e-9)
        assert many.rank[sku].tolist() == alone.rank.tolist()
    assert many.to_frame().shape == (3, 3 * 5 + 5)
    # no item is ordered beyond what one of a longer way allows
    ordered = np.take_along_axis(many.echelon_base_stock, np.argsort(many.rank), axis=1)
    assert (np.diff(ordered, axis=1) >= -1e-9).all()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"successor": [None, 0, 0]}, "successor has 3 entries, the items are 5"),
        ({"successor": [None, 0, 0, 1, 7]}, r"successor\[4\] is 7"),
        ({"successor": [None, None, 0, 1, 1]}, "2 entries None"),
        ({"successor": [None, 0, False, 1, 1]}, r"successor\[2\] is False"),
        ({"successor": [None, 0, 0.0, 1, 1]}, r"successor\[2\] is 0.0"),
        ({"successor": [None, 0, [0], 1, 1]}, r"successor\[2\] is \[0\]"),
        ({"successor": 3}, "successor is 3. Fix: give a list"),
        ({"successor": [None, 0, 0, 4, 3]}, r"items \[3, 4\] in a circle"),
        ({"holding_cost": [12.0, 1.0, 4.0, 1.0, 0.4]}, "for item 1, less than the 1.4"),
        ({"holding_cost": [12.0, 3.0, 0.0, 1.0, 0.4]}, "item 2 of SKU 0, which takes longest"),
        ({"usage": [1, 0, 1, 1, 1]}, r"usage\[1\] is 0"),
        ({"lead_time": [1, 2, 3]}, "lead_time has 3 entries"),
    ],
)
def test_bad_input(changed, told):
    with pytest.raises(DomainError, match=told):
        rosling(ed.Poisson(5.0), **(TREE | changed))
