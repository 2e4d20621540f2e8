"""The summary counts right, names shapes right, and shows names as text, not as markup."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from echelon.network import Network, assembly, distribution, general, serial
from echelon.network.summary import TOPOLOGIES

SHAPES = {
    "single": [],
    "serial": ["ab", "bc"],
    "assembly": ["ac", "bc", "cd"],
    "distribution": ["ab", "ac", "cd"],
    "tree": ["ac", "bc", "cd", "ce"],
    "general": ["ab", "ac", "bd", "cd"],
}


@pytest.mark.parametrize(("topology", "lanes"), SHAPES.items())
def test_topology(topology: str, lanes: list[str]) -> None:
    names = sorted({name for lane in lanes for name in lane}) or ["a"]
    links = [(lane[0], lane[1]) for lane in lanes]
    network = general(names, links, demand_mean={}, holding_cost=1)
    assert network.summary().to_frame()["topology"].tolist() == [topology]


def test_every_topology_has_its_example() -> None:
    assert tuple(SHAPES) == TOPOLOGIES


def test_a_ring_without_direction_is_general_although_nobody_has_three_lanes() -> None:
    ring = general(
        ["a", "b", "c", "d"],
        [("a", "b"), ("c", "b"), ("c", "d"), ("a", "d")],
        demand_mean={},
        holding_cost=1,
    )
    assert ring.summary().to_frame()["topology"].tolist() == ["general"]


@pytest.fixture
def two() -> Network:
    """A chain (7 periods through its lanes) and a stage of its own, between its rows."""
    return Network.from_tables(
        pd.DataFrame(
            {
                "item": ["c", "z", "a", "b"],
                "location": "x",
                "lead_time": [1.0, 2.5, 2.0, 0.5],
                "unit_cost": [10.0, 4.0, 1.0, 2.0],
            }
        ),
        pd.DataFrame(
            {
                "from_item": ["a", "b", "a"],
                "from_location": "x",
                "to_item": ["b", "c", "c"],
                "to_location": "x",
                "lead_time": [1.5, 2.0, 3.0],
            }
        ),
        pd.DataFrame(
            {
                "item": ["c", "c", "z"],
                "location": "x",
                "segment": ["web", "shop", ""],
                "mean": [3.0, 4.0, 5.0],
                "std": 1.0,
            }
        ),
        holding_rate=0.2,
        currency="EUR",
        name="<b>two</b>",
    )


def test_a_line_per_component(two: Network) -> None:
    assert two.summary().to_frame().to_dict("list") == {
        "component": [0, 1],
        "stages": [3, 1],
        "lanes": [3, 0],
        "demand_stages": [1, 1],
        "topology": ["general", "single"],
        "cumulative_lead_time": [7.0, 2.5],
        "demand": [7.0, 5.0],
        "value": [70.0, 20.0],
    }


def test_the_text_says_it_at_a_glance(two: Network) -> None:
    assert repr(two) == "\n".join(
        [
            "Network '<b>two</b>'",
            "  stages             4 (2 with customers)",
            "  lanes              3",
            "  components         2 (1 single, 1 general)",
            "  longest lead time  7 weeks",
            "  demand             12 units per week",
            "  value              90 EUR per week",
        ]
    )
    assert repr(two.summary()) == repr(two)


def test_the_page_shows_names_as_text(two: Network) -> None:
    page = two._repr_html_()
    assert "<b>two</b>" not in page
    assert "&lt;b&gt;two&lt;/b&gt;" in page
    assert page.count("<table") == page.count("</table>") == 2
    assert "7 weeks" in page


def test_many_components_are_cut_short() -> None:
    stages = pd.DataFrame({"item": range(12), "location": "x", "holding_cost": 1.0})
    page = Network.from_tables(stages)._repr_html_()
    assert "and 4 more components" in page


def test_an_unknown_value_is_left_out_and_one_week_is_one_week() -> None:
    network = serial(["a"], lead_time=1, holding_cost=1, demand_mean=2, demand_std=1)
    assert math.isnan(network.summary().to_frame()["value"][0])
    assert "value" not in repr(network)
    assert "longest lead time  1 week\n" in repr(network)


def test_the_frame_is_a_copy(two: Network) -> None:
    summary = two.summary()
    frame = summary.to_frame()
    frame["stages"] = 0
    assert summary.to_frame()["stages"].tolist() == [3, 1]


def test_builders_give_the_shapes_they_are_named_after() -> None:
    bike = assembly(["a", "b"], "c", holding_cost=1, demand_mean=1, demand_std=1)
    tea = distribution("a", ["b", "c"], holding_cost=1, demand_mean=1, demand_std=1)
    chain = serial(["a", "b", "c"], holding_cost=1, demand_mean=1, demand_std=1)
    shapes = [network.summary().to_frame()["topology"][0] for network in (bike, tea, chain)]
    assert shapes == ["assembly", "distribution", "serial"]
