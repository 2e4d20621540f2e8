"""The one manner: what goes in is checked all at once, what comes out has one shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from echelon import exact
from echelon.distributions import Gamma, PerPeriod, Poisson, array
from echelon.errors import DomainError
from echelon.exact.manner import Answer, Case, Given, Value, unit


@dataclass(frozen=True, eq=False, repr=False)
class Levels(Answer):
    base_stock: Value = unit("units")
    cost: Value = unit("money/period")


def settled(demand: object = None, **numbers: object) -> Case:
    given = Given("model")
    for name, value in numbers.items():
        given.number(name, value, above=0.0, unit="money/unit/period")
    if demand is not None:
        given.demand("demand", demand)
    return given.settle()


def told(case: object) -> str:
    with pytest.raises(DomainError) as caught:
        case()
    return str(caught.value)


def test_plain_numbers_come_back_as_plain_numbers():
    case = settled(Gamma(3.0, 1.0), holding_cost=2)
    answer = case.answer(Levels, base_stock=case["holding_cost"], cost=np.array([7.5]))
    assert type(answer.base_stock) is float
    assert answer.cost == 7.5
    assert len(answer.to_frame()) == 1


def test_arrays_broadcast_along_the_last_axis_and_come_back_read_only():
    case = settled([Gamma(3.0, 1.0), Poisson(2.0)], holding_cost=[[1.0], [2.0], [3.0]])
    assert case.shape == (3, 2)
    assert [law.family for law in case.demands["demand"]] == ["gamma", "poisson"] * 3
    answer = case.answer(Levels, base_stock=case["holding_cost"], cost=case["holding_cost"])
    np.testing.assert_array_equal(answer.base_stock, [[1, 1], [2, 2], [3, 3]])
    with pytest.raises(ValueError, match="read-only"):
        answer.base_stock[0, 0] = 5.0
    assert answer.to_frame()["cost"].tolist() == [1, 1, 2, 2, 3, 3]


def test_one_demand_serves_all_skus_and_a_list_of_one_has_an_axis():
    assert len(settled(stats.norm(5, 1), holding_cost=[1.0, 2.0]).demands["demand"]) == 2
    assert settled([Gamma(3.0, 1.0)], holding_cost=1.0).shape == (1,)


def test_every_fault_is_told_with_its_position_and_value():
    text = told(
        lambda: settled(
            array("gamma", [1.0, 2.0], 1.0), holding_cost=[1.0, -2.0, -3.0], shortage_cost=np.nan
        )
    )
    assert text.startswith("model: 3 faults:")
    assert "holding_cost[1] is -2.0, must be a finite number above 0 money/unit/period" in text
    assert "(2 such entries)" in text
    assert "shortage_cost is nan" in text
    assert "shapes that do not fit: holding_cost (3,), demand (2,)" in text


@pytest.mark.parametrize("value", ["2", True, None, [1.0, "x"], [True], object()])
def test_what_is_no_number_is_refused(value: object):
    assert "holding_cost is" in told(lambda: settled(holding_cost=value))


def test_a_percentage_is_answered_with_the_fraction():
    given = Given("model")
    given.fraction("service_level", [0.9, 97.5])
    assert "service_level[1] is 97.5" in told(given.settle)
    assert "Fix: use 0.975." in told(given.settle)


def test_a_number_below_zero_is_no_percentage():
    given = Given("model")
    given.fraction("service_level", -0.5)
    assert "use" not in told(given.settle)


def test_whole_numbers_are_held_to_be_whole():
    given = Given("model")
    given.number("n", [1, 2.5], whole=True, least=1)
    assert "n[1] is 2.5, must be a whole number at least 1" in told(given.settle)


def test_a_demand_that_is_none_is_refused_by_name():
    assert "demand: distribution is 3" in told(lambda: settled(3, holding_cost=1.0))


def test_many_faults_are_counted_and_the_first_are_told():
    given = Given("model")
    for number in range(25):
        given.number(f"x{number}", -1.0, above=0.0)
    text = told(given.settle)
    assert "25 faults" in text
    assert "and 5 more faults" in text


def test_no_sku_at_all_gives_an_empty_answer():
    case = settled(holding_cost=np.zeros(0))
    answer = case.answer(Levels, base_stock=case["holding_cost"], cost=case["holding_cost"])
    assert answer.to_frame().empty
    assert "of 0" in repr(answer)


def test_the_repr_tells_units_and_how_much_is_left_out():
    case = settled(holding_cost=np.arange(1.0, 31.0))
    answer = case.answer(Levels, base_stock=case["holding_cost"], cost=case["holding_cost"])
    assert "base_stock [units]" in repr(answer)
    assert "20 more" in repr(answer)
    one = settled(holding_cost=1.5)
    assert "cost 1.5 [money/period]" in repr(
        one.answer(Levels, base_stock=one["holding_cost"], cost=one["holding_cost"])
    )


def test_a_column_of_a_frame_is_an_array_whatever_its_index():
    demand = array("gamma", [1.0, 2.0, 3.0], 1.0)
    times = pd.Series([1, 2, 3], index=[7, 8, 9])
    asked = {"order_quantity": pd.Series([1.0, 2.0, 3.0]), "fill_rate": 0.95, "review_period": 1}
    column = exact.reorder_point_for(demand, lead_time=times, **asked)
    plain = exact.reorder_point_for(demand, lead_time=[1, 2, 3], **asked)
    np.testing.assert_array_equal(column.reorder_point, plain.reorder_point)


def test_a_column_may_hold_distributions():
    demand = array("gamma", [1.0, 2.0], 1.0)
    laws = pd.Series([Gamma(2.0, 1.0), 3], dtype=object)
    costs = {"holding_cost": 1.0, "shortage_cost": 9.0}
    column = exact.newsvendor(demand, lead_time=laws, **costs)
    plain = exact.newsvendor(demand, lead_time=[Gamma(2.0, 1.0), 3], **costs)
    np.testing.assert_array_equal(column.base_stock, plain.base_stock)


def test_no_zero_is_negative():
    case = settled(holding_cost=[1.0, 2.0])
    assert str(case.shaped(np.array([-0.0, -1.0]))) == "[ 0. -1.]"


def test_a_target_of_all_is_no_percentage():
    given = Given("model")
    given.fraction("fill_rate", 1.0)
    assert "Fix: give a fraction below 1." in told(given.settle)


def test_demand_that_changes_by_period_is_refused_where_it_has_no_meaning():
    demand = PerPeriod((Poisson(1.0), Poisson(9.0)))
    text = told(lambda: exact.newsvendor(demand, holding_cost=1.0, shortage_cost=9.0))
    assert "demand changes from period to period" in text
    assert "finite_horizon" in text


def test_an_unknown_family_is_told_among_the_faults():
    frame = pd.DataFrame({"family": ["gama"], "mean": [1.0], "std": [1.0]})
    text = told(lambda: exact.newsvendor(frame, holding_cost=-1.0, shortage_cost=9.0))
    assert "2 faults" in text
    assert "Did you mean 'gamma'" in text


def test_a_frame_without_families_is_normal():
    frame = pd.DataFrame({"mean": [50.0], "std": [8.0]})
    found = exact.newsvendor(frame, holding_cost=0.18, shortage_cost=0.7)
    assert found.base_stock[0] == pytest.approx(56.60395592743389)


def test_frozen_distributions_are_members_of_ours_where_they_are():
    costs = {"holding_cost": 1.0, "shortage_cost": 9.0, "lead_time": 3}
    frozen = [
        stats.norm(50, 8), stats.gamma(4.0, scale=2.0), stats.expon(scale=5.0),
        stats.lognorm(0.4, scale=9.0), stats.uniform(2.0, 6.0), stats.poisson(7.0),
        stats.nbinom(5, 0.4), stats.binom(20, 0.3), stats.geom(0.2),
    ]  # fmt: skip
    known = array(frozen)
    assert "scipy" not in repr(known)
    np.testing.assert_allclose(known.mean, [one.mean() for one in frozen], rtol=1e-14)
    np.testing.assert_allclose(known.std, [one.std() for one in frozen], rtol=1e-14)
    at = known.mean + 0.7 * known.std
    np.testing.assert_allclose(known.cdf(at), [f.cdf(x) for f, x in zip(frozen, at, strict=True)])
    assert "scipy" in repr(array([stats.gamma(4.0, loc=1.0)]))
    assert (exact.newsvendor(frozen, **costs).cost > 0.0).all()


@pytest.mark.parametrize("asked", [{"demand": []}, {"fill_rate": []}])
def test_nothing_given_is_told_by_name(asked: dict[str, object]):
    known = {"demand": Gamma(3.0, 1.0), "fill_rate": 0.9, "lead_time": 1.0, **asked}
    text = told(lambda: exact.base_stock_for(known.pop("demand"), **known))
    assert next(iter(asked)) in text
    assert "no SKU was given" in text


def test_a_review_without_end_is_refused():
    asked = {"holding_cost": 1.0, "shortage_cost": 9.0, "review_period": 1_000_000}
    text = told(lambda: exact.newsvendor(Poisson(1.0), **asked))
    assert "at most 1000" in text
    assert "longer periods" in text
