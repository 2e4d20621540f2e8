"""Service times in whole periods, where lead times have fractions."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import echelon as ec
from benchmarks.cases.mixed_shapes import plain_portfolio
from echelon.errors import UnknownNameError
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.optimization.methods import METHODS
from echelon.optimization.plain_components import PlainComponents
from echelon.optimization.proof import Limits
from echelon.optimization.search import Search
from echelon.optimization.tasks import CostSource

TIGHT = Limits(1e-12, None, "highs")


class Rising:
    """A cost that rises with the time covered, concave or not, different at each stage."""

    covered_only = True

    def __init__(self, holding, concave):
        self.holding, self.concave = holding, concave

    def over_covered(self, stage, covered):
        tau = np.asarray(covered, dtype=float)
        curve = np.sqrt(tau) if self.concave else np.sqrt(tau) + 0.3 * np.floor(tau)
        return self.holding[stage] * curve

    def table(self, stage, _inbound, _outbound, covered):
        return self.over_covered(stage, covered)


def component(tenths, delays, limit):
    """A first stage, two ways from it, and a last stage that joins them; times in tenths."""
    return ServiceTimes._bounded(
        10.0,
        np.array(tenths, dtype=np.int64),
        np.array(delays, dtype=np.int64),
        np.array([0, 0, 1, 2, 4]),
        np.array([0, 0, 1, 2]),
        np.zeros(4, np.int64),
        np.array([2**62, 2**62, 2**62, limit], dtype=np.int64),
        np.ones(4, np.bool_),
        10,
    )


def enumerated(times, cost):
    """The least cost over all whole service times; a stage waits less than a period for one."""
    best = np.inf
    for service in np.ndindex(*(times.outbound_high // 10 + 1)):
        total = 0.0
        for j in range(times.n_stages):
            lanes = range(times.pred_ptr[j], times.pred_ptr[j + 1])
            ready = max((10 * service[times.pred_stage[k]] + times.lane_delay[k] for k in lanes),
                        default=0)  # fmt: skip
            tau = ready + times.process[j] - 10 * service[j]
            if tau <= -10:
                total = np.inf
                break
            total += float(cost.over_covered(j, max(tau, 0) / 10))
        best = min(best, total)
    return best


@given(
    tenths=st.lists(st.integers(0, 25), min_size=4, max_size=4),
    delays=st.lists(st.integers(0, 12), min_size=4, max_size=4),
    limit=st.sampled_from([0, 7, 13, 2**62]),
    holding=st.lists(st.floats(0.1, 10.0), min_size=4, max_size=4),
    concave=st.booleans(),
    method=st.sampled_from(["auto", "exact", "milp"]),
)
@settings(max_examples=40, deadline=None)
def test_every_method_finds_the_best_of_all_whole_times(
    tenths, delays, limit, holding, concave, method
):
    times = component(tenths, delays, limit)
    cost = Rising(holding, concave)
    solution = METHODS[method](times, cost, TIGHT, Search())
    assert (solution.service % 10 == 0).all()
    assert solution.outcome.objective == pytest.approx(enumerated(times, cost), rel=1e-7, abs=1e-9)


def chain(can_stock=True, lead_time=1.4):
    stages = pd.DataFrame(
        {
            "item": ["part", "kit", "kit"],
            "location": ["plant", "packing", "store"],
            "added_cost": [10.0, 5.0, 1.0],
            "lead_time": [2.6, lead_time, 0.7],
            "can_stock": [True, can_stock, True],
            "service_level": [np.nan, np.nan, 0.95],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["part", "kit"],
            "from_location": ["plant", "packing"],
            "to_item": ["kit", "kit"],
            "to_location": ["packing", "store"],
        }
    )
    demand = pd.DataFrame({"item": ["kit"], "location": ["store"], "mean": [20.0], "std": [6.0]})
    return ec.Network.from_tables(stages, lanes, demand, period="week", holding_rate=0.2)


def test_plan_with_whole_times_is_whole_certified_and_not_below_the_bound_over_any():
    network = chain()
    whole, free = ec.optimize(network, service_times="whole"), ec.optimize(network)
    assert (whole.stages["service_time"] % 1 == 0).all()
    assert (whole.stages["net_replenishment_time"] >= 0).all()
    assert whole.status == "optimal"
    assert whole.objective >= free.bound - 1e-9
    assert whole.provenance.arguments["service_times"] == "whole"
    model = ec.optimize(network, service_times="whole", method="milp")
    assert model.objective == pytest.approx(whole.objective, rel=1e-9)


def test_plan_with_whole_times_can_be_simulated_where_only_means_have_fractions():
    portfolio = ec.datasets.make_portfolio(8, seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ec.errors.DataWarning)  # of what the model does not reckon
        plan = ec.optimize(portfolio.network, service_times="whole")
        run = ec.simulate(portfolio.network, plan, periods=20, warmup=10, replications=4)
    assert run.failures.empty


def test_service_limit_with_a_fraction_is_kept():
    times = component([25, 5, 5, 5], [0, 0, 0, 0], 17)
    assert times.outbound_high[3] == 10


def test_stage_without_stock_that_passes_a_fraction_on_is_a_row_of_failures():
    plan = ec.optimize(chain(can_stock=False), service_times="whole")
    (row,) = plan.failures.to_dict("records")
    assert (row["item"], row["location"]) == ("kit", "packing")
    assert "1.4 periods on" in row["message"]
    fine = ec.optimize(chain(can_stock=False, lead_time=1.0), service_times="whole")
    assert "cannot quote whole periods" not in str(fine.failures["message"].tolist())


def test_unknown_kind_of_service_times_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="any, whole"):
        ec.optimize(chain(), service_times="wholes")


def test_plan_with_whole_times_begins_from_another():
    network = chain()
    before = ec.optimize(network)
    after = ec.optimize(network, service_times="whole", start=before)
    assert after.objective == pytest.approx(ec.optimize(network, service_times="whole").objective)


def test_plain_components_with_whole_times_are_placed_at_once_as_well_as_one_by_one(tmp_path):
    network = plain_portfolio(40)
    broken = np.zeros(network.n_stages)
    broken[::60] = 0.5
    stages = network.stages.assign(lead_time=network.stages["lead_time"] + broken)
    network = network.replace(stages=stages)
    at_once = ec.optimize(network, service_times="whole")
    alone = ec.optimize(network, service_times="whole", ledger=tmp_path)  # few: one by one
    for plan in (at_once, alone):
        assert plan.status == "optimal"
        assert (plan.stages["service_time"] % 1 == 0).all()
    assert at_once.components["objective"].to_numpy() == pytest.approx(
        alone.components["objective"].to_numpy(), rel=1e-9
    )
    times = stages[["item", "location", "lead_time"]]
    planned = at_once.stages.merge(times, on=["item", "location"], validate="one_to_one")
    fractional = set(planned.loc[planned["lead_time"] % 1 != 0, "component"])
    source = CostSource.of(network, None)
    plain = PlainComponents.of(source, whole=True).components
    assert 0 < len(fractional) < 40
    assert set(plain) == set(PlainComponents.of(source).components) - fractional
