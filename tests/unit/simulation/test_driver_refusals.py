"""Each wrong argument is told with its remedy, and all of them at once."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError
from tests.rich_networks import chain


class Own:
    def order(self, position):
        return np.maximum(38.0 - position, 0.0)


WRONG = [
    ({"periods": 0}, "periods is 0. Fix: give a whole number >= 1."),
    ({"periods": 10.5}, "periods is 10.5. Fix: give a whole number >= 1."),
    ({"periods": True}, "periods is True."),
    ({"warmup": -1}, "warmup is -1. Fix: give a whole number >= 0."),
    ({"warmup": float("nan")}, "warmup is nan."),
    ({"replications": 0}, "replications is 0. Fix: give a whole number >= 1."),
    ({"seed": 1.5}, "seed is 1.5. Fix: give an integer."),
    ({"seed": None}, "seed is None."),
    ({"n_jobs": 0}, "n_jobs is 0"),
    ({"draws": "sobol"}, "draws is 'sobol'. Fix: give one of 'independent', 'antithetic'"),
    ({"draws": ["independent"]}, "draws is ['independent']."),
    ({"draws": "antithetic", "replications": 7}, "in groups of 2. Fix: give a multiple, 8 say."),
    ({"draws": "stratified", "replications": 100}, "groups of 16. Fix: give a multiple, 112 say."),
    ({"replications": 1, "periods": 1001}, "Fix: give a multiple, 1000 say, or more replications."),
    ({"stop_when": {}}, "stop_when is {}. Fix: give columns of run.total with half widths"),
    ({"stop_when": 0.01}, "stop_when is 0.01."),
    ({"stop_when": {"fill": 0.01}}, "stop_when names 'fill', which is no column of run.total."),
    ({"stop_when": {"fill_rate": 0}}, "stop_when['fill_rate'] is 0. Fix: give half the width"),
    ({"stop_when": {"cost": float("nan")}}, "stop_when['cost'] is nan."),
    ({"stop_when": {"cost": "narrow"}}, "stop_when['cost'] is 'narrow'."),
    ({"policies": [Own()]}, "policies is of type list. Fix: give a dict"),
    ({"policies": 38.0}, "policies is of type float. Fix: give a dict"),
    ({"policies": {("shop", "main"): 38.0}}, "is of type float, which has neither order(position)"),
    ({"policies": {("depot", "main"): Own()}}, "('depot', 'main')"),
    ({"policies": {"shop": Own()}}, "'shop'"),
    ({"paths": [("depot", "main")]}, "paths names ('depot', 'main'), which is no stage."),
    ({"paths": ["shop"]}, "paths names 'shop', which is no stage."),
    ({"paths": True, "periods": 10_000, "replications": 10_000}, "would take 5 GB. Fix: name"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "told"), WRONG, ids=[str(a)[:40] for a, _ in WRONG])
def test_one_wrong_argument(arguments, told):
    with pytest.raises(DomainError) as caught:
        ec.simulate(chain(), **arguments)
    message = str(caught.value)
    assert message.startswith("simulate: ")
    assert told in message
    assert "Fix: " in message
    assert "things to mend" not in message


def test_all_at_once():
    demand = pd.DataFrame(
        {"item": ["shop", "shed"], "location": "main", "period": [0, 1], "quantity": [np.nan, 1.0]}
    )
    with pytest.raises(DomainError) as caught:
        ec.simulate(
            chain(base_stock=[np.nan, 38.0]),
            periods=0,
            warmup=-1,
            replications=0,
            seed="x",
            n_jobs=-2.5,
            draws="sobol",
            stop_when={"fill": 1, "cost": -1},
            policies={("depot", "main"): Own(), ("shop", "main"): "base stock"},
            paths=["shop"],
            demand=demand,
        )
    message = str(caught.value)
    for part in (
        "periods is 0",
        "warmup is -1",
        "replications is 0",
        "seed is 'x'",
        "n_jobs is -2.5",
        "draws is 'sobol'",
        "stop_when names 'fill'",
        "stop_when['cost'] is -1",
        "('depot', 'main')",
        "policies[('shop', 'main')] is of type str",
        "paths names 'shop'",
        "stages.base_stock is blank at plant @ main",
        "quantity: the cell is empty",
        "shed @ main",
    ):
        assert part in message, part
    numbers = [int(n) for n in re.findall(r"^  (\d+)\. ", message, flags=re.MULTILINE)]
    assert numbers[:12] == list(range(1, 13))


def test_replays_are_run_once():
    demand = pd.DataFrame({"item": ["shop"], "location": "main", "period": [3], "quantity": [1.0]})
    with pytest.raises(DomainError, match="stop_when is given, but demand is replayed once"):
        ec.simulate(chain(), demand=demand, stop_when={"cost": 1.0})
    with pytest.raises(DomainError, match="every one would be the same"):
        ec.simulate(chain(), demand=demand, replications=2)


def test_random_lead_times_are_simulated_and_fractions_of_fixed_ones_refused():
    network = chain(lead_time_std=[1.0, 0.0])
    run = ec.simulate(network, periods=50, replications=64, seed=2)
    steady = ec.simulate(chain(), periods=50, replications=64, seed=2)
    assert run.failures.empty
    assert run.stages["backorders"].iloc[-1] > steady.stages["backorders"].iloc[-1]
    with pytest.raises(DomainError, match=r"stages\.lead_time is not a whole number of periods"):
        ec.simulate(chain(lead_time=[1.5, 1.0]))
