"""Pictures of simulations and of comparisons show the numbers of their frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from echelon.errors import DomainError, UnknownNameError
from echelon.simulation.columns import PATHS, TRACE
from echelon.simulation.compare import compare_runs
from echelon.simulation.result import no_rows
from tests.measured_run import measured_run
from tests.unit.simulation.test_result_frames import network

matplotlib = pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402

KINDS = ["holding_cost", "pipeline_cost", "ordering_cost", "shortage_cost"]
KINDS += ["expedite_cost", "waste_cost"]


@pytest.fixture(scope="module")
def run():
    return replace(measured_run(network(), periods=40, runs=12), currency="EUR")


@pytest.fixture(scope="module")
def comparison(run):
    other = replace(measured_run(network(level=75.0), periods=40, runs=12), currency="EUR")
    return compare_runs(run, other)


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def half_widths(bars):
    """Half the length of each horizontal bar of errors, and where its middle is."""
    ends = np.array([segment[:, 0] for segment in bars[2][0].get_segments()])
    return (ends[:, 1] - ends[:, 0]) / 2.0, ends.mean(axis=1)


def test_service_of_a_measure_is_that_of_the_stages_the_worst_on_top(run):
    ax = run.plot.service(measure="fill_rate")
    table = run.stages.sort_values("fill_rate", kind="stable")
    assert names(ax) == (table["item"] + " @ " + table["location"]).tolist()
    half, middle = half_widths(ax.containers[0])
    np.testing.assert_allclose(middle, table["fill_rate"])
    np.testing.assert_allclose(half, 2.0 * table["fill_rate_se"], atol=1e-12)
    assert ax.get_xlabel() == "fill rate"
    assert ax.get_yticks().tolist() == list(range(len(table)))[::-1]


def test_stages_that_quote_a_service_time_have_no_fill_rate_to_show(run):
    first = run.stages.index == 0
    late = run.stages.assign(
        fill_rate=run.stages["fill_rate"].where(~first, 0.0),
        on_time_rate=run.stages["on_time_rate"].where(~first, 0.9),
    )
    quoted = replace(run, stages=late)
    ax = quoted.plot.service(measure="fill_rate")
    gone = f"{late['item'][0]} @ {late['location'][0]}"
    assert gone not in names(ax)
    assert len(names(ax)) == len(late) - 1
    told = "fill rate\n1 that deliver later, as quoted, have none: see on_time_rate"
    assert ax.get_xlabel() == told
    assert gone in names(quoted.plot.service(measure="on_time_rate"))
    never = replace(run, stages=late.assign(on_time_rate=late["on_time_rate"].where(~first, 0.0)))
    assert gone in names(never.plot.service(measure="fill_rate"))
    with pytest.raises(DomainError, match="on_time_rate"):
        replace(run, stages=late[first]).plot.service(measure="fill_rate")


def test_service_of_segments_has_their_names(run):
    ax = run.plot.service(level="segment")
    table = run.segments.sort_values("on_time_rate", kind="stable")
    assert names(ax)[0] == " ".join([table["item"].iloc[0], "@", *(
        table[["location", "market"]].iloc[0].str.cat(sep=" / "),
    )])  # fmt: skip
    np.testing.assert_allclose(half_widths(ax.containers[0])[1], table["on_time_rate"])
    assert names(run.plot.service(level="segment_total"))[0].startswith("market / ")
    assert names(run.plot.service(level="total")) == ["network"]


def test_service_shows_a_promise_where_there_was_one(run):
    planned = replace(run, service=run.service.assign(promised=[0.9, np.nan, 0.95, 0.8]))
    ax = planned.plot.service()
    promised = next(line for line in ax.lines if line.get_label() == "promised")
    rows = planned.service.dropna(subset="promised")
    rows = rows.assign(short=rows["simulated"] - rows["promised"]).sort_values("short")
    np.testing.assert_allclose(promised.get_xdata(), rows["promised"])
    both = planned.plot.service(measure="cycle_service_level")
    shown = next(line for line in both.lines if line.get_label() == "promised").get_xdata()
    assert np.isfinite(shown).sum() == 3
    assert len(shown) == len(run.stages)


def test_service_that_cannot_be_shown_says_what_can(run):
    with pytest.raises(DomainError, match=r"promised nothing.*measure="):
        run.plot.service()
    with pytest.raises(UnknownNameError, match="on_time_rate"):
        run.plot.service(level="segment", measure="ready_rate")
    with pytest.raises(UnknownNameError, match="segment_total"):
        run.plot.service(level="galaxy")
    idle = replace(run, stages=run.stages.assign(fill_rate=np.nan))
    with pytest.raises(DomainError, match="nothing fell due"):
        idle.plot.service(measure="fill_rate")


@pytest.mark.parametrize("level", ["stage", "item", "location", "total"])
def test_cost_bars_add_up_to_the_cost(run, level):
    ax = run.plot.cost(level=level)
    frame = run.to_frame(level).sort_values("cost", ascending=False, kind="stable")
    bars = [container for container in ax.containers if hasattr(container, "patches")]
    ends = np.sum([[bar.get_width() for bar in kind] for kind in bars], axis=0)
    np.testing.assert_allclose(ends, frame["cost"])
    for kind in bars:
        name = {"expediting": "expedite"}.get(kind.get_label(), kind.get_label())
        np.testing.assert_allclose([bar.get_width() for bar in kind], frame[f"{name}_cost"])
    errors = next(container for container in ax.containers if not hasattr(container, "patches"))
    np.testing.assert_allclose(half_widths(errors)[0], 2.0 * frame["cost_se"], rtol=1e-6)
    assert ax.get_xlabel() == "cost, EUR a week"
    assert f"{run.total['cost'].iloc[0]:,.2f} EUR a week" in ax.get_title()
    assert ax.get_xlim()[1] > ends.max()


def test_costs_beside_bars_are_written_out(run):
    """Ten thousands too, not as a power of ten, and inside the axes."""
    names = [name for name in run.stages if name == "cost" or name.endswith("_cost")]
    dear = run.stages.assign(**{name: run.stages[name] * 1e4 for name in names})
    ax = replace(run, stages=dear).plot.cost()
    ax.figure.canvas.draw()
    written = [text.get_text() for text in ax.texts]
    assert written[0] == f"{dear['cost'].max():,.0f}"
    assert not any("e+" in text for text in written)


def test_cost_says_what_does_not_fit(run):
    ax = run.plot.cost(most=2)
    rest = run.stages["cost"].sort_values().iloc[:-2].sum()
    assert len(names(ax)) == 2
    assert f"4 rows more cost {rest:,.2f}" in ax.get_xlabel()


def test_cost_of_echelons_is_that_of_their_stages(run):
    ax = run.plot.cost(level="echelon", network=network())
    assert names(ax) == ["nearest customers", "1 step up"]
    ends = np.sum([[bar.get_width() for bar in kind] for kind in ax.containers], axis=0)
    depot = run.stages["location"] == "depot"
    cost = run.stages["cost"]
    np.testing.assert_allclose(ends, [cost[~depot].sum(), cost[depot].sum()])
    with pytest.raises(DomainError, match="network=network"):
        run.plot.cost(level="echelon")
    with pytest.raises(DomainError, match="south, which is not in the network"):
        run.plot.cost(level="echelon", network=network(shops=("north",)))


def test_cost_of_a_simulation_in_which_all_failed_has_a_remedy(run):
    with pytest.raises(DomainError, match=r"no rows at the level 'stage'.*run.failures"):
        replace(run, stages=no_rows("stages")).plot.cost()


def test_bullwhip_stands_upstream_to_the_right(run):
    ax = run.plot.bullwhip(network=network())
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert [label.endswith("depot") for label in labels] == [False] * 4 + [True] * 2
    table = run.stages.set_index(run.stages["item"] + " @ " + run.stages["location"])
    ends = np.array([segment[:, 1] for segment in ax.containers[0][2][0].get_segments()])
    wanted = table.loc[labels]
    np.testing.assert_allclose(
        ends[:, 1] - wanted["bullwhip"], 2.0 * wanted["bullwhip_se"], atol=1e-9
    )
    assert (ends[:, 0] >= 0.0).all()
    assert (ends[:, 0] <= wanted["bullwhip"]).all()


def test_bullwhip_of_an_item_and_of_the_largest(run):
    of_one = run.plot.bullwhip(item="aspirin")
    assert all("aspirin" in label.get_text() for label in of_one.get_xticklabels())
    largest = run.plot.bullwhip(most=2)
    assert len(largest.get_xticklabels()) == 2
    assert "4 stages more are not shown" in largest.get_xlabel()
    with pytest.raises(DomainError, match="no stage of the item 'lead' has a ratio"):
        run.plot.bullwhip(item="lead")


def test_ratios_far_apart_are_drawn_on_a_logarithmic_axis(run):
    spread = run.stages.assign(bullwhip=[1.0, 2.0, 5.0, 40.0, 90.0, 300.0])
    assert replace(run, stages=spread).plot.bullwhip().get_yscale() == "log"
    assert run.plot.bullwhip().get_yscale() == "linear"


def paths_of(run, counted_from=3):
    period = np.arange(10)
    columns = dict.fromkeys(PATHS.names, 0.0)
    columns |= {"period": period, "item": "aspirin", "location": "north"}
    columns["counted"] = period >= counted_from
    for place, ending in enumerate(("q5", "q25", "q50", "q75", "q95")):
        columns[f"net_inventory_{ending}"] = period * 1.0 + place
    return replace(run, paths=pd.DataFrame(columns))


def test_paths_are_a_median_in_two_bands_from_the_warm_up_on(run):
    ax = paths_of(run).plot.paths("aspirin", "north")
    median = next(line for line in ax.lines if line.get_label() == "median")
    np.testing.assert_allclose(median.get_ydata(), np.arange(10) + 2.0)
    outer, inner = (band.get_paths()[0].vertices[:, 1] for band in ax.collections)
    assert (outer.min(), outer.max()) == (0.0, 13.0)
    assert (inner.min(), inner.max()) == (1.0, 12.0)
    dotted = next(line for line in ax.lines if line.get_linestyle() == ":")
    assert dotted.get_xdata()[0] == 3
    assert ax.get_xlabel() == "weeks; counted from the dotted line on"


def test_paths_that_were_not_kept_are_asked_for(run):
    with pytest.raises(DomainError, match=r"kept no paths.*paths=True"):
        run.plot.paths("aspirin", "north")
    with pytest.raises(DomainError, match="there is aspirin @ north"):
        paths_of(run).plot.paths("aspirin", "depot")
    with pytest.raises(UnknownNameError, match="net_inventory"):
        paths_of(run).plot.paths("aspirin", "north", quantity="cost")
    assert (
        "not counted" in paths_of(run, counted_from=99).plot.paths("aspirin", "north").get_xlabel()
    )


def test_a_trace_marks_what_was_lost_and_expired(run):
    columns = dict.fromkeys(TRACE.names, 0.0) | {"item": "aspirin", "location": "north"}
    table = pd.DataFrame({**columns, "period": np.arange(6), "counted": True})
    table["on_hand"] = [5.0, 3.0, 0.0, 0.0, 2.0, 1.0]
    table["backorders"] = [0.0, 0.0, 4.0, 0.0, 0.0, 0.0]
    table["lost"] = [0.0, 0.0, 1.5, 2.0, 0.0, 0.0]
    table["expired"] = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    ax = replace(run, trace=table).plot.trace("aspirin", "north")
    marks = {line.get_label(): line for line in ax.lines}
    assert marks["lost: 3.5 units"].get_xdata().tolist() == [2, 3]
    assert marks["lost: 3.5 units"].get_ydata().tolist() == [-4.0, 0.0]
    assert marks["expired: 1 units"].get_xdata().tolist() == [5]
    assert not any("scrapped" in label for label in marks)
    below = next(c for c in ax.collections if to_hex(c.get_facecolor()[0]) == "#c8553d")
    corners = below.get_paths()[0].vertices
    assert corners[corners[:, 1] == -4.0][:, 0].max() == 3.0  # the whole period is filled
    assert len(ax.collections) == 2


def test_differences_of_the_network_are_in_one_unit(comparison):
    ax = comparison.plot.differences()
    table = comparison.total.set_index("measure")
    shown = [name.replace(" ", "_") for name in names(ax)]
    assert "cost" in shown
    assert all(name.endswith("cost") for name in shown)
    unpaired, paired = ax.containers
    half, middle = half_widths(paired)
    np.testing.assert_allclose(middle, table.loc[shown, "difference"], atol=1e-9)
    np.testing.assert_allclose(half, 2.0 * table.loc[shown, "difference_se"], atol=1e-9)
    np.testing.assert_allclose(
        half_widths(unpaired)[0], 2.0 * table.loc[shown, "unpaired_se"], atol=1e-9
    )
    assert ax.get_xlabel() == "difference, second less first, EUR/week"


def test_differences_of_stages_are_the_largest_first(comparison):
    ax = comparison.plot.differences(measure="on_hand", level="stage", most=3)
    rows = comparison.stages[comparison.stages["measure"] == "on_hand"]
    size = rows["difference"].abs().sort_values(ascending=False, kind="stable").iloc[:3]
    np.testing.assert_allclose(np.abs(half_widths(ax.containers[1])[1]), size)
    assert ax.get_xlabel().startswith("difference in on hand, second less first, units")
    assert "more are not shown" in ax.get_xlabel()


def test_differences_that_were_not_taken_have_a_remedy(comparison):
    with pytest.raises(DomainError, match="keep=True"):
        replace(comparison, stages=comparison.stages.iloc[:0]).plot.differences(level="stage")
    with pytest.raises(UnknownNameError, match="fill_rate"):
        comparison.plot.differences(measure="beauty")


def test_long_names_keep_both_ends(run):
    long = "a very long product name of 500 milligrams, coated, for export"
    ax = replace(run, stages=run.stages.assign(item=long)).plot.cost()
    for label in names(ax):
        assert len(label) <= 44
        assert label.startswith("a very long")
        assert label.endswith(("depot", "north", "south"))
