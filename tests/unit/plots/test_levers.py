"""Pictures of calibrations and sensitivities hold what their frames say."""

from __future__ import annotations

import pytest

import echelon as ec

pytest.importorskip("matplotlib")


def test_sensitivity_is_drawn_with_the_most_valuable_on_top():
    network = ec.read_example("bulldozer")
    worth = ec.sensitivity(network, ec.optimize(network))
    ax = worth.plot.worth(most=4)
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == worth.levers["value_per_year"].head(4).tolist()
    heights = [bar.get_y() for bar in ax.patches]
    assert heights == sorted(heights, reverse=True)
    assert "USD" in ax.get_xlabel()


def test_what_saves_nothing_has_no_bar_and_thousands_are_set_apart():
    network = ec.read_example("bulldozer")
    worth = ec.sensitivity(network, ec.optimize(network))
    assert (worth.levers["value"] == 0.0).any()
    ax = worth.plot.worth(most=1000)
    assert len(ax.patches) == (worth.levers["value"] != 0.0).sum()
    ax.figure.canvas.draw()
    assert "50,000" in [tick.get_text() for tick in ax.get_xticklabels()]


def test_calibration_is_drawn_from_what_was_to_what_is():
    shop = ec.serial(
        ["shop"], lead_time=4, holding_cost=1.0, demand_mean=50.0, demand_std=8.0, service_level=0.9
    )
    done = ec.calibrate(shop, ec.optimize(shop), target=0.95, periods=50, replications=16)
    ax = done.plot.service()
    (row,) = done.customers.to_dict("records")
    drawn = {line.get_label(): line.get_xdata()[0] for line in ax.lines if len(line.get_xdata())}
    assert drawn["plan as it was"] == row["before"]
    assert drawn["target"] == 0.95
    assert ax.get_xlabel() == "measured fill rate"
