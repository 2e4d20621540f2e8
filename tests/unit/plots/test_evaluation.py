"""Pictures of an evaluation show its own numbers."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

from matplotlib.figure import Figure

import echelon as ec
from echelon.errors import DomainError


def chain(**changes: object) -> ec.Network:
    given = {"holding_cost": [2, 4], "backorder_cost": 30.0, "demand_mean": 5, "demand_std": 1}
    return ec.serial(["plant", "shop"], lead_time=[2, 1], **{**given, **changes})


def widths(ax: object) -> list[float]:
    return [patch.get_width() for patch in ax.patches]


def test_the_bars_of_stock_are_levels_and_stock_on_hand():
    found = ec.evaluate(chain(), method="clark_scarf")
    ax = found.plot.stock(Figure().subplots())
    stages = found.stages
    assert widths(ax) == pytest.approx([*stages["base_stock"], *stages["on_hand"]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["plant @ main", "shop @ main"]
    assert ax.get_xlabel() == "units"


def test_the_bars_of_cost_add_up():
    found = ec.evaluate(chain(), method="clark_scarf")
    ax = found.plot.cost(Figure().subplots())
    assert sum(widths(ax)) == pytest.approx(found.cost)
    assert "a week" in ax.get_xlabel()


def test_an_assembly_shows_its_echelon_levels():
    bike = ec.assembly(
        ["frame", "wheel"], "bike", lead_time=[3, 2, 1], holding_cost=[1, 0.5, 3],
        backorder_cost=30, demand_mean=8, demand_std=2,
    )  # fmt: skip
    found = ec.evaluate(bike, method="rosling")
    ax = found.plot.stock(Figure().subplots())
    assert widths(ax) == pytest.approx(found.stages["echelon_base_stock"].tolist())
    assert ax.get_legend().get_texts()[0].get_text() == "echelon level"


def test_the_rest_is_one_bar():
    found = ec.evaluate(chain(), method="clark_scarf")
    many = [found.components.assign(component=0) for _ in range(3)]
    three = replace(found, components=pd.concat(many, ignore_index=True))
    ax = three.plot.cost(Figure().subplots(), most=1)
    assert [label.get_text() for label in ax.get_yticklabels()][-1] == "2 others"
    assert sum(widths(ax)) == pytest.approx(3 * found.cost)


def test_nothing_to_draw_says_why():
    found = ec.evaluate(chain(backorder_cost=0.0), method="clark_scarf")
    for draw in (found.plot.stock, found.plot.cost):
        with pytest.raises(DomainError, match="no component fits"):
            draw(Figure().subplots())
