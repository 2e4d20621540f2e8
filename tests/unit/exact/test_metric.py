"""METRIC and the two-moment fit: their formulas, shapes, systems of unequal size, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from echelon.errors import DomainError
from echelon.exact.multi_echelon.metric import graves_two_moment, metric
from echelon.exact.multi_echelon.two_echelon import axsater

MODELS = (metric, graves_two_moment, axsater)
TIMES = {"lead_time": 2.0, "warehouse_lead_time": 5.0}

systems = st.fixed_dictionaries(
    {
        "demand_rate": st.lists(st.floats(0.01, 3.0), min_size=1, max_size=4),
        "lead_time": st.floats(0.0, 4.0),
        "warehouse_lead_time": st.floats(0.0, 4.0),
        "warehouse_base_stock": st.integers(0, 30),
    }
)


def poisson_backorders(mean, level):
    counts = np.arange(400)
    return float(np.maximum(counts - level, 0) @ stats.poisson.pmf(counts, mean))


def test_metric_by_its_formula():
    """Sherbrooke (1968): mean delay at the depot, then retailers by Palm's theorem."""
    rate, time, level = np.array([0.4, 1.1, 0.7]), np.array([1.0, 2.5, 0.5]), np.array([1, 4, 2])
    told = metric(
        rate, lead_time=time, warehouse_lead_time=3.0, base_stock=level, warehouse_base_stock=5
    )
    depot = poisson_backorders(3.0 * rate.sum(), 5)
    assert told.warehouse_backorders == pytest.approx(depot, rel=1e-12)
    assert told.warehouse_wait == pytest.approx(depot / rate.sum(), rel=1e-12)
    mean = rate * (time + depot / rate.sum())
    assert told.outstanding == pytest.approx(mean, rel=1e-12)
    assert told.fill_rate == pytest.approx(stats.poisson.cdf(level - 1, mean), rel=1e-12)
    assert told.ready_rate == pytest.approx(stats.poisson.cdf(level, mean), rel=1e-12)
    want = [poisson_backorders(*one) for one in zip(mean, level, strict=True)]
    assert told.backorders == pytest.approx(want, rel=1e-11)
    assert told.wait == pytest.approx(np.array(want) / rate, rel=1e-11)


def test_two_moments_by_their_formula():
    """Graves (1985): variance of the binomial share and of the transport time's demand."""
    rate, level = np.array([0.4, 1.1]), np.array([1, 6])
    told = graves_two_moment(
        rate, lead_time=2.0, warehouse_lead_time=3.0, base_stock=level, warehouse_base_stock=3
    )
    counts = np.arange(200)
    short, orders = np.maximum(counts - 3, 0), stats.poisson.pmf(counts, 4.5)
    first, share = short @ orders, rate / rate.sum()
    spread = short**2 @ orders - first**2
    mean = 2.0 * rate + share * first
    variance = 2.0 * rate + share * (1.0 - share) * first + share**2 * spread
    assert told.outstanding == pytest.approx(mean, rel=1e-12)
    assert told.outstanding_variance == pytest.approx(variance, rel=1e-12)
    fitted = stats.nbinom(mean**2 / (variance - mean), mean / variance)
    assert told.fill_rate == pytest.approx(fitted.cdf(level - 1), rel=1e-10)
    assert told.on_hand == pytest.approx(
        [(level[i] - counts).clip(0) @ fitted.pmf(counts[:, None])[:, i] for i in range(2)]
    )


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=25, deadline=None)
@given(one=systems, data=st.data())
def test_means_are_exact_and_stock_balances(model, one, data):
    rates = one["demand_rate"]
    level = data.draw(st.lists(st.integers(0, 25), min_size=len(rates), max_size=len(rates)))
    told = model(base_stock=level, **one)
    stock = np.array(level) - told.outstanding
    assert told.on_hand - told.backorders == pytest.approx(stock, abs=1e-9)
    waiting = told.outstanding - np.array(rates) * one["lead_time"]
    assert waiting.sum() == pytest.approx(told.warehouse_backorders, rel=1e-9, abs=1e-9)
    assert (told.outstanding_variance >= told.outstanding * (1.0 - 1e-12)).all()
    for name in ("fill_rate", "ready_rate"):
        assert ((getattr(told, name) >= -1e-12) & (getattr(told, name) <= 1.0 + 1e-12)).all()
    more = model(base_stock=np.array(level) + 1, **one)
    assert (more.fill_rate >= told.fill_rate - 1e-12).all()
    one["warehouse_base_stock"] += 1
    central = model(base_stock=level, **one)
    assert central.warehouse_fill_rate >= told.warehouse_fill_rate
    if model is not graves_two_moment:  # a fit of two moments need not be monotone
        assert (central.fill_rate >= told.fill_rate - 1e-12).all()
        assert (central.backorders <= told.backorders + 1e-12).all()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stock", [0, 200])
def test_all_agree_where_outstanding_orders_are_poisson(model, stock):
    """Without stock at the warehouse orders take both times; with plenty only the transport."""
    told = model([0.3, 0.9], base_stock=[1, 3], warehouse_base_stock=stock, **TIMES)
    mean = np.array([0.3, 0.9]) * (7.0 if stock == 0 else 2.0)
    assert told.outstanding == pytest.approx(mean, rel=1e-12)
    assert told.fill_rate == pytest.approx(stats.poisson.cdf([0, 2], mean), rel=1e-8)


@pytest.mark.parametrize("model", MODELS)
def test_shapes(model):
    plain = model(0.3, base_stock=2, warehouse_base_stock=1, **TIMES)
    assert isinstance(plain.fill_rate, float)
    assert isinstance(plain.warehouse_wait, float)
    one = model([0.3, 0.6], base_stock=2, warehouse_base_stock=1, **TIMES)
    assert one.fill_rate.shape == (2,)
    assert isinstance(one.warehouse_wait, float)
    many = model([0.3, 0.6], base_stock=2, warehouse_base_stock=[1, 2, 3], **TIMES)
    assert many.fill_rate.shape == (3, 2)
    assert many.warehouse_wait.shape == (3,)
    assert many.fill_rate[0] == pytest.approx(one.fill_rate)
    frame = many.to_frame()
    assert len(frame) == 6
    assert frame["system"].tolist() == [0, 0, 1, 1, 2, 2]
    assert frame["retailer"].tolist() == [0, 1, 0, 1, 0, 1]
    assert frame["warehouse_base_stock"].tolist() == [1, 1, 2, 2, 3, 3]
    single = model(0.3, base_stock=2, warehouse_base_stock=[1, 2], **TIMES)
    assert single.fill_rate.shape == (2,)
    assert single.fill_rate[0] == plain.fill_rate
    assert "more" in repr(model(np.full(30, 0.1), base_stock=1, warehouse_base_stock=1, **TIMES))
    with pytest.raises(ValueError, match="read-only"):
        many.fill_rate[0, 0] = 1.0


@pytest.mark.parametrize("model", MODELS)
def test_systems_of_unequal_size_by_labels_and_by_empty_places(model):
    rows = {"b": [0.2, 0.4, 0.1], "a": [0.5]}
    flat = model(
        [0.2, 0.5, 0.4, 0.1], system=["b", "a", "b", "b"], base_stock=[1, 2, 1, 0],
        warehouse_base_stock=[3, 1], lead_time=1.5, warehouse_lead_time=[4.0, 2.0],
    )  # fmt: skip
    b = model(
        rows["b"], base_stock=[1, 1, 0], warehouse_base_stock=3, lead_time=1.5,
        warehouse_lead_time=4.0,
    )  # fmt: skip
    a = model(
        rows["a"], base_stock=[2], warehouse_base_stock=1, lead_time=1.5, warehouse_lead_time=2.0
    )
    assert flat.fill_rate.tolist() == [
        b.fill_rate[0], a.fill_rate[0], b.fill_rate[1], b.fill_rate[2]
    ]  # fmt: skip
    assert flat.warehouse_backorders.tolist() == [b.warehouse_backorders, a.warehouse_backorders]
    assert flat.to_frame()["system"].tolist() == ["b", "a", "b", "b"]
    assert flat.to_frame()["retailer"].tolist() == [0, 0, 1, 2]
    assert flat.to_frame()["warehouse_base_stock"].tolist() == [3, 1, 3, 3]
    padded = model(
        [[0.2, 0.4, 0.1], [0.5, 0.0, 0.0]], base_stock=[[1, 1, 0], [2, 0, 0]], lead_time=1.5,
        warehouse_base_stock=[3, 1], warehouse_lead_time=[4.0, 2.0],
    )  # fmt: skip
    assert padded.fill_rate.tolist() == [b.fill_rate.tolist(), [a.fill_rate[0], 1.0, 1.0]]
    costs = {"holding_cost": 1.0, "shortage_cost": 5.0, "warehouse_holding_cost": [0.5, 0.25]}
    assert flat.cost(**costs) == pytest.approx(padded.cost(**costs))
    assert flat.cost(**costs)[1] == pytest.approx(
        a.on_hand[0] + 5.0 * a.backorders[0] + 0.25 * a.warehouse_on_hand
    )


@pytest.mark.parametrize("model", MODELS)
def test_without_demand_or_time_nothing_waits(model):
    told = model(
        [0.0, 0.0], base_stock=[0, 1], warehouse_base_stock=0, lead_time=1.0,
        warehouse_lead_time=1.0,
    )  # fmt: skip
    assert told.fill_rate.tolist() == [1.0, 1.0]
    assert told.wait.tolist() == [0.0, 0.0]
    assert told.on_hand.tolist() == [0.0, 1.0]
    told = model(
        [1.0, 2.0], base_stock=0, warehouse_base_stock=0, lead_time=0.0, warehouse_lead_time=0.0
    )
    assert told.fill_rate.tolist() == [1.0, 1.0]
    direct = model(
        [1.0, 2.0], base_stock=0, warehouse_base_stock=2, lead_time=0.0, warehouse_lead_time=1.0
    )
    assert direct.fill_rate == pytest.approx([direct.warehouse_fill_rate] * 2)
    assert direct.warehouse_fill_rate == pytest.approx(stats.poisson.cdf(1, 3.0))


@pytest.mark.parametrize("model", MODELS)
def test_bad_input_is_told_all_at_once(model):
    with pytest.raises(DomainError) as told:
        model(
            [0.1, -0.2], lead_time=[np.nan, 1.0], warehouse_lead_time=-1.0, base_stock=[1.5, 2],
            warehouse_base_stock=[1, -2],
        )  # fmt: skip
    text = str(told.value)
    for name in (
        "demand_rate[1] is -0.2", "lead_time[0] is nan", "warehouse_lead_time is -1.0",
        "base_stock[0] is 1.5", "warehouse_base_stock[1] is -2.0",
    ):  # fmt: skip
        assert name in text
    assert "Fix" in text


def call(**changed):
    arguments = {
        "demand_rate": [0.1, 0.2], "lead_time": 1.0, "warehouse_lead_time": 1.0, "base_stock": 1,
        "warehouse_base_stock": 1,
    }  # fmt: skip
    return axsater(**(arguments | changed))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lead_time": [1.0, 2.0, 3.0]}, "shapes that do not fit"),
        ({"demand_rate": [[0.1], [0.2]], "warehouse_base_stock": [1, 2, 3]}, "last axis"),
        ({"demand_rate": []}, "no retailers"),
        ({"system": ["a"]}, "system has"),
        ({"system": [["a", "b"]]}, "give a label"),
        ({"system": ["a", None]}, r"system\[1\] is None, no label"),
        ({"system": ["a", "b"], "warehouse_base_stock": [1, 2, 3]}, "systems"),
        ({"system": ["a", "b"], "warehouse_base_stock": [[1, 2], [2, 3]]}, "for 2 systems"),
        ({"demand_rate": [1e5, 0.2]}, "at most 10000"),
        ({"demand_rate": ["x", 0.2]}, "no number"),
    ],
)
def test_shapes_and_sizes_that_do_not_fit(changed, message):
    with pytest.raises(DomainError, match=message):
        call(**changed)


def test_cost_names_what_is_wrong():
    told = call()
    with pytest.raises(DomainError, match=r"holding_cost is -1\.0") as error:
        told.cost(holding_cost=-1.0, shortage_cost=np.nan, warehouse_holding_cost=np.inf)
    assert "2." in str(error.value)
    assert "3." in str(error.value)
    with pytest.raises(DomainError, match="one number"):
        told.cost(holding_cost=[1.0, 2.0, 3.0], shortage_cost=1.0, warehouse_holding_cost=1.0)


@pytest.mark.parametrize("model", MODELS)
def test_bases_that_repair_a_share_themselves(model):
    """Sherbrooke (1968): pipeline r T + (1 - r)(O + delay at the depot), in units per rate."""
    rate, own, repair, ship = np.array([2.0, 1.2]), np.array([0.25, 0.6]), 0.8, 0.5
    told = model(
        (1.0 - own) * rate, lead_time=ship + own * repair / (1.0 - own), base_stock=[3, 2],
        warehouse_lead_time=1.5, warehouse_base_stock=2,
    )  # fmt: skip
    sent = float(((1.0 - own) * rate).sum())
    delay = poisson_backorders(1.5 * sent, 2) / sent
    pipeline = rate * (own * repair + (1.0 - own) * (ship + delay))
    assert told.outstanding == pytest.approx(pipeline, rel=1e-12)
