"""Lead times with a distribution in stages and lanes: read, filled, kept, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

import echelon as ec
from echelon.distributions import Deterministic, Empirical, Gamma, Normal, PerPeriod
from echelon.errors import TableError

TWO_OR_NINE = Empirical([2, 9], [0.9, 0.1])
PARAMETERS = json.dumps({"values": [2, 9], "probabilities": [0.9, 0.1]})
COLUMNS = ["lead_time", "lead_time_std", "lead_time_family", "lead_time_parameters"]


def tables(stage: dict[str, Any], lane: dict[str, Any] | None = None) -> dict[str, Any]:
    """A plant that supplies a shop; lead times of the two stages, and of the lane."""
    stages = pd.DataFrame(
        {"item": "bike", "location": ["plant", "shop"], "holding_cost": [1.0, 2.0], **stage}
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["bike"],
            "from_location": ["plant"],
            "to_item": ["bike"],
            "to_location": ["shop"],
            **(lane or {}),
        }
    )
    demand = pd.DataFrame({"item": ["bike"], "location": ["shop"], "mean": [10.0], "std": [3.0]})
    return {"stages": stages, "lanes": lanes, "demand": demand}


def mixed() -> ec.Network:
    """One stage of values, one of two moments, one lane of a family."""
    return ec.Network.from_tables(
        **tables(
            {
                "lead_time": [np.nan, 3.0],
                "lead_time_std": [np.nan, 1.0],
                "lead_time_family": ["empirical", None],
                "lead_time_parameters": [PARAMETERS, None],
            },
            {"lead_time": [4.0], "lead_time_std": [2.0], "lead_time_family": ["gamma"]},
        )
    )


def test_moments_follow_from_parameters_and_distributions_are_made_once() -> None:
    network = mixed()
    assert network.stages["lead_time"].tolist() == pytest.approx([2.7, 3.0], rel=1e-12)
    assert network.stages["lead_time_std"].tolist() == pytest.approx([2.1, 1.0], rel=1e-12)
    assert network.lead_time_distributions == (TWO_OR_NINE, None)
    assert network.lead_time_distributions is network.lead_time_distributions
    assert network.lane_lead_time_distributions == (Gamma(4.0, 2.0),)
    assert network.compiled.lead_time_std.tolist() == pytest.approx([2.1, 1.0], rel=1e-12)
    assert network.compiled.pred_lead_time_std.tolist() == [2.0]


def test_without_families_nothing_is_known_but_moments() -> None:
    network = ec.Network.from_tables(**tables({"lead_time": 2.0}))
    assert network.lead_time_distributions == (None, None)
    assert network.lane_lead_time_distributions == (None,)
    assert network.lanes[COLUMNS].iloc[0].tolist() == [0.0, 0.0, "", ""]


def test_a_distribution_of_one_value_is_a_fixed_time() -> None:
    network = ec.Network.from_tables(
        **tables({"lead_time_distribution": [Deterministic(3.0), Empirical([4.0], [1.0])]})
    )
    assert network.stages["lead_time"].tolist() == [3.0, 4.0]
    assert network.lead_time_distributions == (None, None)


@pytest.mark.parametrize("where", ["stages", "lanes"])
def test_objects_become_families(where: str) -> None:
    weibull = scipy_stats.weibull_min(2.0, scale=10.0)
    stage = {"lead_time_distribution": [TWO_OR_NINE, weibull], "lead_time": [np.nan, np.nan]}
    lane = {"lead_time_distribution": [weibull]}
    given = tables(stage, None) if where == "stages" else tables({}, lane)
    network = ec.Network.from_tables(**given)
    frame, laws = (
        (network.stages, network.lead_time_distributions)
        if where == "stages"
        else (network.lanes, network.lane_lead_time_distributions)
    )
    assert frame["lead_time_family"].tolist() == ["empirical", "scipy"][-len(laws) :]
    assert frame["lead_time_distribution"].isna().all()
    last = laws[-1]
    assert last is not None
    assert last.ppf(0.9) == pytest.approx(weibull.ppf(0.9), rel=1e-12)
    assert network.replace().equals(network)


def test_objects_beside_plain_rows() -> None:
    """The plain row keeps what it has: the default of a column that is not there."""
    network = ec.Network.from_tables(**tables({"lead_time_distribution": [TWO_OR_NINE, None]}))
    assert network.stages["lead_time"].tolist() == pytest.approx([2.7, 0.0], rel=1e-12)
    assert network.replace().equals(network)
    assert network.subset(0).equals(network)


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_written_and_read_it_is_the_same(tmp_path: Any, file_format: Any) -> None:
    network = mixed()
    read = ec.read_network(network.write(tmp_path, file_format=file_format))
    assert read.equals(network)
    assert read.digests == network.digests
    assert read.lead_time_distributions == network.lead_time_distributions


def test_networks_without_families_are_written_as_before(tmp_path: Any) -> None:
    network = ec.Network.from_tables(**tables({"lead_time": 2.0}))
    header = (network.write(tmp_path) / "stages.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "item,location,holding_cost,lead_time"


def test_a_graph_carries_them() -> None:
    network = mixed()
    graph = network.to_networkx()
    assert graph.nodes["bike", "plant"]["lead_time_family"] == "empirical"
    assert "lead_time" not in graph.nodes["bike", "plant"]  # it follows from the parameters
    assert "lead_time_family" not in graph.nodes["bike", "shop"]
    assert ec.Network.from_networkx(graph).equals(network)


def test_replacing_by_frames_of_the_network_keeps_it() -> None:
    network = mixed()
    same = network.replace(stages=network.stages, lanes=network.lanes)
    assert same.equals(network)
    assert same.replace(stages=network.stages.iloc[[0, 1]]).equals(network)


def test_other_parameters_in_its_frame_make_other_moments() -> None:
    """The moments in the frame were computed, so they do not contradict what is written now."""
    network = mixed()
    stages, lanes = network.stages, network.lanes
    stages["lead_time_parameters"] = ['{"values": [1, 3]}', ""]
    lanes["lead_time"] = 6.0
    changed = network.replace(stages=stages, lanes=lanes)
    assert changed.stages["lead_time"].tolist() == [2.0, 3.0]
    assert changed.lane_lead_time_distributions == (Gamma(6.0, 2.0),)


def test_taking_the_family_away_leaves_the_moments() -> None:
    network = mixed()
    for stages in (
        network.stages.assign(lead_time_family="", lead_time_parameters=""),
        network.stages.drop(columns=["lead_time_family", "lead_time_parameters"]),
    ):
        plain = network.replace(stages=stages)
        assert plain.lead_time_distributions == (None, None)
        assert plain.stages["lead_time_std"].tolist() == pytest.approx([2.1, 1.0], rel=1e-12)


def test_fitted_lead_times_join_as_they_are() -> None:
    """Rows of ``fit_lead_time`` merged to stages and lanes by their key, nothing renamed."""
    rng = np.random.default_rng(3)
    ordered = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 400), unit="D")
    humps = np.where(rng.random(400) < 0.8, rng.integers(10, 15, 400), rng.integers(55, 70, 400))
    smooth = np.maximum(np.rint(rng.gamma(16.0, 1.5, 400)), 1)
    log = pd.DataFrame(
        {
            "line": [str(line) for line in range(800)],
            "vendor": ["humps"] * 400 + ["smooth"] * 400,
            "ordered": [*ordered, *ordered],
            "delivered": [
                *(ordered + pd.to_timedelta(humps, unit="D")),
                *(ordered + pd.to_timedelta(smooth, unit="D")),
            ],
        }
    )
    models = ec.fit_lead_time(log, by=["vendor"], pools=[[]], period="week")
    fitted = models.models[["vendor", *COLUMNS]]
    assert set(fitted["lead_time_family"]) > {"empirical"}
    given = tables({"vendor": ["smooth", "humps"]}, {"vendor": ["humps"]})
    for name in ("stages", "lanes"):
        given[name] = given[name].merge(fitted, on="vendor").drop(columns="vendor")
    network = ec.Network.from_tables(**given)
    laws = [models.distribution(vendor=vendor) for vendor in ("smooth", "humps")]
    for found, law in zip(network.lead_time_distributions, laws, strict=True):
        assert found is not None
        points = law.ppf(np.array([0.1, 0.5, 0.9, 0.99]))
        np.testing.assert_allclose(found.cdf(points), law.cdf(points), rtol=1e-12)
    assert network.lane_lead_time_distributions == network.lead_time_distributions[1:]


def faults(**given: Any) -> list[tuple[str, str, int, str]]:
    with pytest.raises(TableError) as caught:
        ec.Network.from_tables(**given)
    found = caught.value.faults
    assert all(fault.message and fault.remedy for fault in found)
    return [(fault.table, fault.column, fault.row, fault.message) for fault in found]


CASES: list[tuple[str, dict[str, Any], str, int, str]] = [
    (
        "moments that contradict the parameters",
        {
            "lead_time": [5.0, 1.0],
            "lead_time_family": ["empirical", None],
            "lead_time_parameters": [PARAMETERS, None],
        },
        "lead_time_parameters",
        1,
        "lead_time is 5.0 but the parameters give 2.7",
    ),
    (
        "a deviation that contradicts the family",
        {
            "lead_time": [4.0, 1.0],
            "lead_time_std": [3.0, 0.0],
            "lead_time_family": ["poisson", None],
        },
        "lead_time_std",
        1,
        "must be the square root of the mean",
    ),
    (
        "a family that goes below 0",
        {"lead_time": 9.0, "lead_time_std": [0.0, 1.0], "lead_time_family": "normal"},
        "lead_time_family",
        2,
        "may be negative",
    ),
    (
        "an object that goes below 0",
        {"lead_time_distribution": [None, Normal(9.0, 1.0)]},
        "lead_time_distribution",
        2,
        "may be negative",
    ),
    (
        "an object whose mean is negative",
        {"lead_time_distribution": [Normal(-9.0, 1.0), None]},
        "lead_time_distribution",
        1,
        "negative mean",
    ),
    (
        "an object beside moments",
        {"lead_time": [2.0, 2.0], "lead_time_distribution": [None, Gamma(2.0, 1.0)]},
        "lead_time_distribution",
        2,
        "must stand alone, without lead_time_family, lead_time, lead_time_std or",
    ),
    (
        "an object that is no distribution",
        {"lead_time_distribution": ["gamma", None]},
        "lead_time_distribution",
        1,
        "which is not one",
    ),
    (
        "a family without an object of it",
        {"lead_time_distribution": [Gamma, None]},
        "lead_time_distribution",
        1,
        "is the class Gamma",
    ),
    (
        "an unknown family",
        {"lead_time": 2.0, "lead_time_std": 1.0, "lead_time_family": [None, "gama"]},
        "lead_time_family",
        2,
        "must be one of",
    ),
    (
        "a family without its deviation",
        {"lead_time": 2.0, "lead_time_family": [None, "gamma"]},
        "lead_time_std",
        2,
        "must be a finite number >= 0",
    ),
    (
        "a family without its parameters",
        {"lead_time": 2.0, "lead_time_std": 1.0, "lead_time_family": ["empirical", None]},
        "lead_time_parameters",
        1,
        "are missing",
    ),
    (
        "parameters without a family",
        {"lead_time": 2.0, "lead_time_parameters": [None, '{"low": 1}']},
        "lead_time_parameters",
        2,
        "stand without a lead_time_family",
    ),
    (
        "parameters that are no object",
        {"lead_time_family": "empirical", "lead_time_parameters": ["[1, 3]", PARAMETERS]},
        "lead_time_parameters",
        1,
        "must be a JSON object",
    ),
    (
        "a blank deviation and no family",
        {"lead_time": [2.0, 2.0], "lead_time_std": [np.nan, 1.0]},
        "lead_time_std",
        1,
        "the cell is empty",
    ),
    (
        "a cycle",
        {"lead_time_distribution": [None, PerPeriod((Gamma(2.0, 1.0), Gamma(3.0, 1.0)))]},
        "lead_time_distribution",
        2,
        "has no cycle",
    ),
    (
        "times in seconds",
        {"lead_time_distribution": [Gamma(3e6, 1e3), None]},
        "lead_time_distribution",
        1,
        "over 1e+06",
    ),
]


@pytest.mark.parametrize(
    ("stage", "column", "row", "message"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_what_is_wrong_is_told_in_its_column(
    stage: dict[str, Any], column: str, row: int, message: str
) -> None:
    found = faults(**tables(stage))
    assert len(found) == 1
    assert found[0][:3] == ("stages", column, row)
    assert message in found[0][3]
    assert not found[0][3].endswith(".")


def test_remedies_speak_of_lead_times() -> None:
    """The families' own remedies are worded for demand: returns, rare sales."""
    with pytest.raises(TableError) as caught:
        ec.Network.from_tables(
            **tables({"lead_time": 0.0, "lead_time_std": 1.0, "lead_time_family": "gamma"})
        )
    (fault,) = caught.value.faults
    assert (fault.column, fault.count) == ("lead_time", 2)
    assert fault.remedy == "correct lead_time, or choose another family"


def test_contradictions_name_the_columns_of_the_table() -> None:
    """They were once told to leave ``mean`` blank, which is no column here."""
    stage = {
        "lead_time": [5.0, 3.0],
        "lead_time_std": [np.nan, 1.0],
        "lead_time_family": ["empirical", "poisson"],
        "lead_time_parameters": [PARAMETERS, None],
    }
    with pytest.raises(TableError) as caught:
        ec.Network.from_tables(**tables(stage))
    mean, std = caught.value.faults
    assert "lead_time is 5.0 but the parameters give 2.7" in mean.message
    assert mean.remedy == "leave lead_time blank or correct one of them"
    assert std.remedy.startswith("leave lead_time_std blank")


def test_lanes_are_checked_alike() -> None:
    lane = {"lead_time": [4.0], "lead_time_std": [2.0], "lead_time_family": ["normal"]}
    assert [fault[:3] for fault in faults(**tables({}, lane))] == [("lanes", "lead_time_family", 1)]
