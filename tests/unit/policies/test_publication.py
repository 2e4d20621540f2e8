"""Change control: what is accepted, what is reviewed and why, and where each number is from."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError, UnknownNameError
from echelon.policies.publication.bands import check_bands
from echelon.policies.publication.nervousness import nervousness
from echelon.policies.publication.reasons import base_stock_drivers
from echelon.policies.publication.targets import align, read_targets


def network(lead_time=4.0, std=8.0, mean=50.0, level=0.95, mill=1.0) -> ec.Network:
    return ec.serial(
        ["mill", "shop"],
        lead_time=[lead_time, 2.0],
        holding_cost=[mill, 2.0],
        demand_mean=mean,
        demand_std=std,
        service_level=level,
    )


def plan(**changes: float) -> ec.Plan:
    return ec.optimize(network(**changes))


def status(publication: ec.Publication) -> dict[str, str]:
    return dict(zip(publication.moves["item"], publication.moves["status"], strict=True))


def test_first_publication_takes_everything_over():
    first = ec.publish(None, plan())
    assert set(first.moves["status"]) == {"added"}
    assert first.review.empty
    assert first.targets["base_stock"].tolist() == plan().stages["base_stock"].tolist()
    assert np.isnan(first.nervousness)


def test_what_moves_little_is_accepted_and_the_rest_stands_until_decided():
    old, new = plan(), plan(lead_time=5.0)
    review = ec.publish(ec.publish(None, old), new, max_change=0.05)
    assert status(review) == {"mill": "review", "shop": "same"}
    mill_old, mill_new = old.stages["base_stock"][0], new.stages["base_stock"][0]
    assert review.targets.set_index("item")["base_stock"]["mill"] == mill_old
    after = review.accept(("mill", "main"), by="planner", why="second shift")
    assert after.targets.set_index("item")["base_stock"]["mill"] == mill_new
    assert after.review.empty
    kept = review.reject(by="planner", why="one-off delay")
    assert kept.targets.set_index("item")["base_stock"]["mill"] == mill_old
    assert status(kept)["mill"] == "rejected"
    assert status(review)["mill"] == "review", "decisions leave the publication they are on alone"
    assert kept.decisions[["item", "decision", "by", "why"]].to_numpy().tolist() == [
        ["mill", "rejected", "planner", "one-off delay"]
    ]
    again = kept.accept(by="boss", why="it is no one-off") if len(kept.review) else kept
    with pytest.raises(DomainError, match="nothing waits for a decision"):
        again.accept(by="boss", why="it is no one-off")
    reversed_ = kept.accept(("mill", "main"), by="boss", why="it is no one-off")
    assert status(reversed_)["mill"] == "approved"
    assert reversed_.decisions["decision"].tolist() == ["rejected", "approved"]


@pytest.mark.parametrize(
    ("bands", "reviewed"),
    [
        ({"max_change": 0.5}, set()),
        ({"max_change": 0.1}, {"mill"}),
        ({"max_change": 0.01}, {"mill", "shop"}),
        ({"max_change": None}, set()),
        ({"max_change": None, "max_units": 20.0}, {"mill"}),
        ({"max_change": 0.5, "max_units": 3.0}, {"mill", "shop"}),
        ({"max_change": None, "max_value": 5_000.0}, {"mill"}),
        ({"max_change": 0.01, "ignore_units": 10.0}, {"mill"}),
        ({"max_change": {"base_stock": 0.1}}, {"mill"}),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_a_move_beyond_any_band_is_reviewed(bands, reviewed):
    """The mill moves by a quarter and over 50 units at 100, the shop by under 5 units, 4 %."""
    values = network().stages.assign(unit_cost=[100.0, 200.0])
    review = ec.publish(plan(), plan(lead_time=5.0, std=10.0), values=values, **bands)
    assert set(review.review["item"]) == reviewed


def test_new_stages_wait_and_gone_ones_stay_until_decided():
    before = ec.publish(None, ec.optimize(ec.serial(["shop"], lead_time=2, holding_cost=2.0,
        demand_mean=50.0, demand_std=8.0, service_level=0.95)))  # fmt: skip
    both = ec.publish(before, plan(), max_change=0.1)
    assert set(both.targets["item"]) == {"shop"}
    assert both.review["reason"].tolist() == ["the old plan has no such target"]
    assert set(both.accept(by="a", why="b").targets["item"]) == {"mill", "shop"}
    alone = ec.publish(both.accept(by="a", why="b"), before, max_change=0.1)
    assert set(alone.targets["item"]) == {"mill", "shop"}
    assert alone.review["reason"].tolist() == ["the new plan has no such target"]
    assert set(alone.accept(by="a", why="b").targets["item"]) == {"shop"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lead_time": 6.0}, "lead time (with review and release) 4 to 6"),
        ({"mean": 60.0}, "mean demand 50 to 60"),
        ({"std": 16.0}, "standard deviation of demand 8 to 16"),
        ({"level": 0.99}, "safety factor 1.645 to 2.326"),
        ({"mill": 1.99}, "stock placed elsewhere, promise 0 to 4"),
    ],
    ids=["lead_time", "mean", "std", "level", "cost"],
)
def test_the_reason_is_the_input_that_changed(change, words):
    review = ec.publish(plan(), plan(**change), max_change=0.01)
    mill = review.review.set_index("item").loc["mill", "reason"]
    assert mill.startswith(words)


def test_the_reason_at_customers_names_the_service_level():
    review = ec.publish(plan(), plan(level=0.99), max_change=0.01)
    assert review.review.set_index("item")["reason"]["shop"].startswith(
        "service level 0.95 to 0.99"
    )


def test_stock_that_moves_upstream_has_its_reason_at_both_stages():
    """A longer lead time moves the stock to the plant; it held none, and so showed no lead time."""

    def two(weeks: float) -> ec.Plan:
        return ec.optimize(
            ec.serial(
                ["plant", "shop"],
                lead_time=[weeks, 2.0],
                holding_cost=[1.0, 2.0],
                demand_mean=20.0,
                demand_std=4.0,
                service_level=0.95,
            )
        )

    told = ec.publish(two(3.0), two(6.0)).review.set_index("item")["reason"]
    assert told["shop"].startswith("stock placed elsewhere, supplies promised 3 to 0")
    assert "lead time (with review and release) 3 to 6" in told["plant"]
    assert "stock placed elsewhere, promise 3 to 0" in told["plant"]
    assert "another rule" not in told["plant"]


def test_drivers_add_up_and_are_the_mean_over_all_orders_of_change():
    """Second method: change the five numbers one after the other in each of the 120 orders."""
    old, new = plan(), plan(lead_time=7.0, mean=61.0, std=5.0, level=0.98, mill=1.2)
    pair = align(read_targets(old, "old"), read_targets(new, "new"), 0)
    drivers = base_stock_drivers(pair)
    moved = pair.new["base_stock"] - pair.old["base_stock"]
    assert sum(drivers.worth.values()) == pytest.approx(moved.to_numpy(), rel=1e-12)
    names = [name for name in drivers.worth if name != "other"]
    worth = dict.fromkeys(names, 0.0)
    for order in permutations(names):
        now = {name: drivers.old[name][0] for name in names}
        for name in order:
            before = formula(**now)
            now[name] = drivers.new[name][0]
            worth[name] += (formula(**now) - before) / 120.0
    for name in names:
        assert drivers.worth[name][0] == pytest.approx(worth[name], rel=1e-9, abs=1e-9)
    assert drivers.worth["other"] == pytest.approx(np.zeros(2), abs=1e-9)


def formula(demand_mean, demand_std, stage_time, service_times, safety_factor):
    tau = max(stage_time + service_times, 0.0)
    return demand_mean * tau + safety_factor * demand_std * tau**0.5


def test_a_change_that_no_column_shows_is_owned_up_to():
    old = plan()
    stages = old.stages.assign(safety_stock=np.nan, base_stock=old.stages["base_stock"] * 2.0)
    new = replace(old, stages=stages)
    told = ec.publish(old, new, max_change=0.1).review["reason"]
    assert all("another rule" in text and "nothing recorded changed" in text for text in told)
    keys = old.stages[["item", "location", "component"]]
    bare = [
        replace(old, stages=keys.assign(base_stock=by * old.stages["base_stock"]))
        for by in (1.0, 2.0)
    ]
    told = ec.publish(*bare, max_change=0.1).review["reason"]
    assert all("cannot be told from what the plans say" in text for text in told)


def test_nervousness_by_hand():
    """0.5 of weight to the second period: (2 x 10 + 0.5 x 30) / (2 x 100 + 0.5 x 40)."""
    old, new = np.array([100.0, 40.0]), np.array([110.0, 10.0])
    found = nervousness(old, new, np.array([2.0, 1.0]), np.array([0.0, 1.0]), 0.5)
    assert found == pytest.approx(35.0 / 220.0)
    assert nervousness(old, old, np.ones(2), np.zeros(2), 1.0) == 0.0


def test_nervousness_of_what_is_published_is_that_of_accepted_moves_alone():
    old, new = plan(), plan(lead_time=5.0, std=10.0)
    values = network().stages.assign(unit_cost=[100.0, 200.0])
    review = ec.publish(old, new, max_change=0.1, values=values)
    base, moved = old.stages["base_stock"], new.stages["base_stock"] - old.stages["base_stock"]
    planned = 100.0 * base[0] + 200.0 * base[1]
    assert review.nervousness == pytest.approx(200.0 * moved[1] / planned)
    all_of_it = (100.0 * moved[0] + 200.0 * moved[1]) / planned
    assert review.nervousness_of("new") == pytest.approx(all_of_it)
    assert review.accept(by="a", why="b").nervousness == pytest.approx(all_of_it)


def test_every_number_is_made_again_from_its_lineage():
    versions = [{}, {"lead_time": 5.0}, {"std": 9.0, "lead_time": 5.0}]
    published = ec.publish(None, plan())
    for change in versions[1:]:
        published = ec.publish(published, plan(**change), max_change=0.1)
    assert len(published.review) == 1, "the mill still waits"
    made = {}
    for change in versions:
        again = plan(**change)
        made[tuple(sorted(again.provenance.tables.items()))] = again
    for item in ("mill", "shop"):
        told = published.lineage(item, "main")
        assert told["publication"].tolist() == [1, 2, 3]
        last = told.iloc[-1]
        tables = tuple(sorted(json.loads(last["tables"]).items()))
        again = made[tables].stages.set_index("item")["base_stock"][item]
        assert again == last["published"], "to the bit"
    with pytest.raises(DomainError, match="no published number is from a plan made like this"):
        published.check(plan(lead_time=9.0))
    checked = [published.check(plan(**change)) for change in (versions[0], versions[2])]
    assert [len(rows) for rows in checked] == [1, 1]
    assert all(rows["equal"].all() for rows in checked)
    wrong = plan(**versions[2])
    wrong = replace(wrong, stages=wrong.stages.assign(base_stock=wrong.stages["base_stock"] + 1.0))
    assert not published.check(wrong)["equal"].any(), "a planted difference is seen"


def test_periods_move_on_with_the_plan(tmp_path):
    """A cycle of three periods, one later: old 1, 2 are new 0, 1 and the last is new."""
    seasonal = [20.0, 50.0, 80.0]

    def by_period(means):
        base = network()
        rows = pd.concat([base.demand.assign(period=t, mean=m) for t, m in enumerate(means)])
        return ec.optimize(base.replace(demand=rows), base_stocks="by_period")

    old, new = by_period(seasonal), by_period([50.0, 80.0, 20.0])
    review = ec.publish(old, new, max_change=0.0, shift=1)
    status = review.moves.set_index(["item", "period"])["status"].unstack()
    assert (status[[0, 1]] == "same").all(axis=None)
    assert (status[2] == "added").all()
    back = ec.read_publication(review.write(tmp_path / "publication"))
    pd.testing.assert_frame_equal(back.moves, review.moves)
    levels = back.plan.levels.set_index(["item", "period"])["base_stock"]
    wanted = new.levels.set_index(["item", "period"])["base_stock"]
    assert levels.sort_index().to_dict() == pytest.approx(wanted.sort_index().to_dict())


def test_written_and_read_it_can_still_be_decided_on(tmp_path):
    values = network().stages.assign(unit_cost=[100.0, 200.0])
    first = ec.publish(None, plan())
    second = ec.publish(first, plan(lead_time=5.0), max_change=0.1, values=values)
    third = ec.publish(second, plan(lead_time=6.0), max_change=0.1, values=values)
    third = third.reject(by="planner", why="wait")
    again = ec.read_publication(third.write(tmp_path / "publication"))
    for name in ("moves", "targets", "history", "decisions", "trail", "sources"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(third, name))
    a, b = (each.accept(("mill", "main"), by="x", why="y") for each in (again, third))
    pd.testing.assert_frame_equal(a.targets, b.targets)
    assert again.lineage("mill", "main").equals(third.lineage("mill", "main"))
    fourth = ec.publish(again, plan(lead_time=6.0), max_change=0.1, values=values)
    assert fourth.history["publication"].tolist() == [1, 2, 3, 4]


def test_a_plan_read_from_files_is_the_same_source(tmp_path):
    made = plan()
    again = ec.read_plan(made.write(tmp_path / "plan"))
    assert ec.publish(again, made, max_change=0.0).sources["source"].nunique() == 1


def test_published_targets_can_be_simulated():
    review = ec.publish(plan(), plan(lead_time=5.0), max_change=0.1)
    held = review.plan
    assert held.stages["base_stock"].tolist() == review.targets["base_stock"].tolist()
    run = ec.simulate(network(lead_time=5.0), held, periods=10, replications=4, seed=1)
    assert np.isfinite(run.total["fill_rate"]).all()


def test_what_cannot_be_is_said_all_at_once():
    with pytest.raises(DomainError) as caught:
        ec.publish(plan(), plan(), max_change=20.0, max_units=-1.0)
    assert "Fix: give 0.2 for 20 per cent" in str(caught.value)
    assert "max_units of base_stock is -1.0" in str(caught.value)
    with pytest.raises(DomainError, match="max_value needs values"):
        ec.publish(plan(), plan(), max_value=10.0)
    with pytest.raises(DomainError, match="old is a Network, which has no targets"):
        ec.publish(network(), plan())
    with pytest.raises(UnknownNameError, match="Did you mean 'base_stock'"):
        ec.publish(plan(), plan(), quantities=["base_stok"])
    with pytest.raises(DomainError, match="no unit_cost >= 0 for 1 of the stages, first mill"):
        ec.publish(plan(), plan(), values=network().stages.assign(unit_cost=[np.nan, 1.0]))
    review = ec.publish(plan(), plan(lead_time=5.0), max_change=0.1)
    with pytest.raises(DomainError) as caught:
        review.accept([("shop", "main"), ("mil", "main")], by="", why="x")
    for words in ("by is ''", "shop @ main was not put up", "mil @ main is no target"):
        assert words in str(caught.value)
    with pytest.raises(DomainError, match="was never published here"):
        review.lineage("mil", "main")
    with pytest.raises(DomainError, match="names 'target', which is not compared"):
        check_bands(["base_stock"], {"target": 0.1}, None, None, 0.0)


def test_it_reads_as_text_and_as_a_page():
    review = ec.publish(plan(), plan(lead_time=5.0), max_change=0.1)
    text = repr(review)
    assert "1 waiting for a decision" in text
    assert "several plans" not in text, "what did not move is of the old plan, too"
    mixed = ec.publish(plan(), plan(lead_time=5.0, std=10.0), max_change=0.1)
    assert "1 component mixes targets of several plans" in mixed.summary()
    assert "lead time" in text
    assert "<table" in review._repr_html_()


def test_the_picture_shows_old_new_and_what_is_published():
    pytest.importorskip("matplotlib")
    review = ec.publish(plan(), plan(lead_time=5.0, std=10.0), max_change=0.1)
    rows = review.moves.set_index("item")
    drawn = drawn_by(review, of="units")
    assert drawn["new, under review"] == [rows["new"]["mill"]]
    assert drawn["new"] == [rows["new"]["shop"]]
    assert drawn["published"] == [rows["old"]["mill"], rows["new"]["shop"]]
    drawn = drawn_by(review)
    assert drawn["new, under review"] == pytest.approx([rows["moved_share"]["mill"]])
    assert drawn["published"] == pytest.approx([0.0, rows["moved_share"]["shop"]])


def drawn_by(review: ec.Publication, **how: str) -> dict[str, list[float]]:
    """Places along the axis by the legend's words."""
    ax = review.plot.moves(**how)
    low, high = ax.get_ylim()
    assert low < 0, "the last row lies off the axis"
    assert high > len(review.moves) - 1
    return {line.get_label(): list(line.get_xdata()) for line in ax.lines}


def test_a_picture_of_nothing_says_why():
    pytest.importorskip("matplotlib")
    with pytest.raises(DomainError, match="nothing was published before"):
        ec.publish(None, plan()).plot.moves()
    with pytest.raises(DomainError, match="no base_stock moved"):
        ec.publish(plan(), plan()).plot.moves()
    with pytest.raises(DomainError, match="of is 'money'"):
        ec.publish(plan(), plan(lead_time=5.0)).plot.moves(of="money")
    old, new = plan(), plan(lead_time=5.0)
    was_zero = replace(old, stages=old.stages.assign(base_stock=[0.0, 1.0]))
    ax = ec.publish(was_zero, new).plot.moves()
    assert "1 that were 0 before have no share" in ax.get_xlabel()
    none = ec.publish(replace(old, stages=old.stages.assign(base_stock=0.0)), new)
    with pytest.raises(DomainError, match="all that moved were 0 before"):
        none.plot.moves()
