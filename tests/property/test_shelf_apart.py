"""Components of which only some stages are run by age, against the same run by age throughout."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

from echelon.kernels._jit import COMPILED
from echelon.kernels.draws import fill
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import WIDTH, FeatureSums, Sums
from echelon.kernels.run_single import run_single
from echelon.kernels.single_draws import short_tables
from echelon.kernels.single_work import SUMMED, single_work_for
from echelon.simulation import shelf_apart
from echelon.simulation.described.some_stages import in_order, side_of
from echelon.simulation.measured.room import zero_sums
from echelon.simulation.precision import may_be_single
from echelon.simulation.shelf_apart import Narrow, run_apart, stages_ahead
from echelon.simulation.shelf_lives import Draws, Lives, run_with_lives
from tests.property.test_shelf_watch import with_lives
from tests.property.test_single_kernel import of_kind

RUNS, PERIODS = (24, 60) if COMPILED else (4, 24)
SEEDS = range(60 if COMPILED else 4)
Whole = namedtuple("Whole", (*Sums._fields, *FeatureSums._fields))
COUNTS = ("ready", "shortages", "orders", "whole_cycles")
JUDGED_BY = {"on_time": "due", "ordered_squared": "asked_squared", "component": "ordered"}


@pytest.fixture(autouse=True)
def every_size(monkeypatch):
    """Take components apart that are too small for it to pay."""
    monkeypatch.setattr(shelf_apart, "_LEAST_BEHIND", 1)
    monkeypatch.setattr(shelf_apart, "_LEAST_SHARE", 0.0)


def cases(n_stages=8):
    """Components with lives, lots, limits, reviews, drawn times and returns, some of all."""
    for seed in SEEDS:
        kind = of_kind(seed, n_stages, PERIODS, seed % 2 == 1, seed % 3 > 0)
        features = with_lives(*kind[:2], np.random.default_rng(seed))
        lives = Lives(kind[0], features)
        single = may_be_single(kind[0], kind[2], np.array([True]))[0]
        if single and lives.n_families and not lives.unknown.any():
            yield kind[0], features, kind[2]


def narrow_for(structure, features, sources, block):
    work = single_work_for(structure, features, 0, 1, block)
    return Narrow(work, short_tables(sources), block)


def first_pass(structure, features, sources, block=8):
    """Sums in single precision without ages, and what fails."""
    narrow, lives = narrow_for(structure, features, sources, block), Lives(structure, features)
    sums, feature_sums = zero_sums(structure, features)
    watch = lives.watch(lives.unknown, block, single=True, width=WIDTH)
    run_single(
        structure, np.ones(1, dtype=np.int64), sources, narrow.tables, 0, PERIODS, 0, RUNS, block,
        narrow.work, sums, feature_sums.in_release, watch,
    )  # fmt: skip
    return (sums, feature_sums), watch.failed[: lives.n_families, :RUNS] > 0.0, narrow


def draws_of(structure, sources):
    memory = np.zeros((int(structure.row_ptr[1]), WIDTH))
    return Draws(sources, 0, int(structure.row_ptr[1]), 0, RUNS, memory)


def apart(structure, features, sources, block=8):
    """All sums once what failed has been run again in two parts, and what is still to be run."""
    found, failed, narrow = first_pass(structure, features, sources, block)
    draws = draws_of(structure, sources)
    lives = Lives(structure, features)
    left = run_apart(structure, features, lives, draws, narrow, *found, failed)
    return Whole(*found[0], *found[1]), failed, left


def by_age(structure, features, sources):
    """All sums in double precision, with ages wherever they matter."""
    found = zero_sums(structure, features)
    lives = Lives(structure, features)
    run_with_lives(structure, features, lives, draws_of(structure, sources), 64, *found)
    return Whole(*found[0], *found[1])


def close(found, expected, bound=1e-5):
    """Whether the sums of each run are alike but for the rounding of single precision.

    What is counted is the same; of 4,000 runs without lots none was further off than 6e-6.
    """
    alike = np.ones(RUNS, dtype=np.bool_)
    for name, one, other in zip(Whole._fields, found, expected, strict=True):
        scale = getattr(expected, JUDGED_BY.get(name, name))[:, :RUNS]
        most = 0.0 if name in COUNTS else bound * max(float(np.abs(scale).max(initial=0.0)), 1.0)
        alike &= (np.abs(one - other)[:, :RUNS] <= most).all(axis=0)
    return alike


def on_an_edge(structure, features, sources, expected):
    """Runs that double precision, too, makes another of where levels are a millionth higher."""
    some = 1.0 + 1e-6
    more = structure._replace(
        level=some * structure.level, initial_stock=some * structure.initial_stock
    )
    return ~close(by_age(more, features, sources), expected, bound=1e-4)


def test_what_is_run_in_two_parts_is_what_is_run_by_age_throughout():
    """All runs are; but where orders come in lots, a gap may be at one but for rounding.

    Single and double precision may then order that lot in different periods, and both are right: it
    is what a millionth of the level decides.
    """
    tried = alike = waste = mattered = 0
    for structure, features, sources in cases():
        found, failed, left = apart(structure, features, sources)
        runs = failed.any(axis=0) & ~left.any(axis=0)
        expected = by_age(structure, features, sources)
        unlike = ~close(found, expected) & runs
        if unlike.any():
            assert ((features.order_multiple > 0.0) | (features.minimum_order > 0.0)).any()
            edge = on_an_edge(structure, features, sources, expected)
            assert edge[unlike].all()
        tried += int(runs.sum())
        alike += int((runs & ~unlike).sum())
        waste += float(found.expired[:, :RUNS][:, runs].sum())
        (sums, feature_sums), _, _ = first_pass(structure, features, sources)
        mattered += int((~close(Whole(*sums, *feature_sums), expected) & runs).sum())
    if COMPILED:  # of more seeds
        assert tried > 600
        assert waste > 0.0
        assert mattered > tried / 4  # ages left out would be found out
    assert tried - alike <= 1  # of the seeds that are tried: a lot is seldom that near


def test_memory_that_is_refused_changes_no_bit(monkeypatch):
    """Runs are halved until there is room, or a single one finds none."""
    start, widths = shelf_apart.start_feature_state, []

    def refused(*arguments):
        widths.append(arguments[4])
        if arguments[4] > most:
            raise MemoryError
        return start(*arguments)

    monkeypatch.setattr(shelf_apart, "start_feature_state", refused)
    compared = 0
    for structure, features, sources in list(cases())[: 12 if COMPILED else 2]:
        most = RUNS
        whole, _, left = apart(structure, features, sources)
        if not widths or widths[-1] < 4:
            continue
        most = 3
        halved, _, left_of_halves = apart(structure, features, sources)
        assert widths[-1] <= most
        np.testing.assert_array_equal(left, left_of_halves)
        for name, a, b in zip(Whole._fields, whole, halved, strict=True):
            np.testing.assert_array_equal(a[:, :RUNS], b[:, :RUNS], err_msg=name)
        compared += 1
        most = 0
        with pytest.raises(MemoryError):
            apart(structure, features, sources)
    assert compared > 0


def test_stages_behind_are_run_again_only_where_they_get_something_else(monkeypatch):
    """In the other runs they have the bits of the first pass; nobody else's sums are touched."""
    run_both, again = shelf_apart._Apart._run_both, []

    def logged(apart, behind, draws, narrow, own, runs):
        again.extend(runs.tolist())
        return run_both(apart, behind, draws, narrow, own, runs)

    monkeypatch.setattr(shelf_apart._Apart, "_run_both", logged)
    moved = stayed = 0
    for structure, features, sources in cases():
        again.clear()
        (sums, _), _, _ = first_pass(structure, features, sources)
        found, failed, _ = apart(structure, features, sources)
        lives = Lives(structure, features)
        behind = ~stages_ahead(structure, features, lives, failed.any(axis=1))
        kept = np.setdiff1d(np.arange(RUNS), again)
        for name in ("on_hand", "in_process", "shortages", "ordered"):
            before, after = getattr(sums, name)[behind], getattr(found, name)[behind]
            np.testing.assert_array_equal(before[:, kept], after[:, kept])
        if behind.any() and failed.any():
            moved += len(again)
            stayed += int(failed.any(axis=0).sum()) - len(again)
    assert moved > 0
    assert stayed > 0


def test_no_bit_depends_on_which_runs_are_run_beside(monkeypatch):
    compared = 0
    for structure, features, sources in list(cases())[: 30 if COMPILED else 2]:
        monkeypatch.setattr(shelf_apart, "_MOST_WINDOWS", 100)
        one, _, left = apart(structure, features, sources)
        monkeypatch.setattr(shelf_apart, "_MOST_WINDOWS", 0)
        other, _, left_of_other = apart(structure, features, sources)
        np.testing.assert_array_equal(left, left_of_other)
        for name, a, b in zip(Whole._fields, one, other, strict=True):
            np.testing.assert_array_equal(a[:, :RUNS], b[:, :RUNS], err_msg=name)
        compared += 1
    assert compared > 0


def test_stages_ahead_are_supplied_by_no_others_and_no_family_is_cut():
    for structure, features, _ in cases():
        lives = Lives(structure, features)
        for family in range(lives.n_families):
            aged = np.arange(lives.n_families) == family
            ahead = stages_ahead(structure, features, lives, aged)
            assert ahead[lives.family == family].all()
            assert ahead[structure.supplier[ahead[structure.receiver]]].all()
            cut = np.unique(lives.family[ahead & (lives.family >= 0)])
            assert ahead[np.isin(lives.family, cut)].all()


def test_both_sides_have_all_of_a_component_once():
    for structure, features, _ in cases():
        chosen = np.arange(len(structure.level)) < len(structure.level) // 2
        one, other = side_of(structure, features, chosen), side_of(structure, features, ~chosen)
        for count, name in (("level", "stages"), ("units", "lanes"), ("asker_lane", "askers")):
            both = np.sort(np.concatenate([getattr(one, name), getattr(other, name)]))
            np.testing.assert_array_equal(both, np.arange(len(getattr(structure, count))))
        for side in (one, other):
            np.testing.assert_array_equal(side.structure.level, structure.level[side.stages])
            np.testing.assert_array_equal(side.features.lane_row, features.lane_row[side.lanes])
            again = side.structure.asker_of_lane
            inside = again >= 0
            np.testing.assert_array_equal(
                side.structure.asker_lane[again[inside]], np.flatnonzero(inside)
            )


def test_a_component_in_another_order_has_the_same_bits():
    """The stages ahead first: each stage asks, orders and gets what it did."""
    for structure, features, sources in list(cases())[: 12 if COMPILED else 2]:
        lives = Lives(structure, features)
        first = stages_ahead(structure, features, lives, np.arange(lives.n_families) == 0)
        order = np.concatenate([np.flatnonzero(first), np.flatnonzero(~first)])
        whole = in_order(structure, features, order)
        (one, _), failed, _ = first_pass(structure, features, sources)
        (other, _), again, _ = first_pass(whole.structure, whole.features, sources)
        for name, rows in (("on_hand", whole.stages), ("ordered", whole.stages),
                           ("late", whole.askers), ("in_transit", whole.lanes)):  # fmt: skip
            a, b = getattr(one, name)[rows], getattr(other, name)
            np.testing.assert_array_equal(a[:, :RUNS], b[:, :RUNS], err_msg=name)
        np.testing.assert_array_equal(failed.sum(axis=0), again.sum(axis=0))


def test_no_bit_depends_on_the_block():
    for structure, features, sources in list(cases())[: 12 if COMPILED else 2]:
        one, failed, _ = apart(structure, features, sources, 8)
        other, again, _ = apart(structure, features, sources, 32)
        np.testing.assert_array_equal(failed, again)
        for name, a, b in zip(Whole._fields, one, other, strict=True):
            np.testing.assert_array_equal(a[:, :RUNS], b[:, :RUNS], err_msg=name)


def test_runs_that_did_not_fail_are_left_alone():
    left_alone = 0
    for structure, features, sources in cases():
        (sums, feature_sums), failed, _ = first_pass(structure, features, sources)
        found, _, _ = apart(structure, features, sources)
        good = ~failed.any(axis=0)
        for before, after in zip((*sums, *feature_sums), found, strict=True):
            np.testing.assert_array_equal(before[:, :RUNS][:, good], after[:, :RUNS][:, good])
        left_alone += int(good.sum())
    assert left_alone > 0 or not COMPILED


def test_goods_have_an_age_in_the_runs_that_are_chosen_and_no_other():
    """Chosen by family and run: each run has the bits of all by age, or of none."""
    different = 0
    for structure, features, sources in cases(4):
        draws = np.zeros((int(structure.row_ptr[1]), PERIODS, WIDTH))
        memory = np.zeros((len(draws), WIDTH))
        fill(sources, 0, len(draws), 0, PERIODS, 0, RUNS, memory, draws)
        odd = np.arange(RUNS) % 2 == 1

        def run(chosen, structure=structure, features=features, draws=draws):
            wide = np.ones((len(structure.level), WIDTH), dtype=np.bool_)
            wide[:, :RUNS] = chosen
            state = start_feature_state(structure, features, 0, by_age=wide)
            sums = zero_sums(structure, features)
            feature_flow(structure, features, 0, draws, 0, PERIODS, RUNS, state, *sums)
            return Whole(*sums[0], *sums[1])

        some, every, none = run(odd), run(True), run(False)
        for a, b, c in zip(some, every, none, strict=True):
            np.testing.assert_array_equal(a[:, :RUNS][:, odd], b[:, :RUNS][:, odd])
            np.testing.assert_array_equal(a[:, :RUNS][:, ~odd], c[:, :RUNS][:, ~odd])
        different += int(every.expired[:, :RUNS].sum() > 0.0)
        assert not none.expired.any()
    assert different > 0


def test_no_bit_depends_on_where_calls_end(monkeypatch):
    long = shelf_apart._STRETCH
    monkeypatch.setitem(globals(), "PERIODS", SUMMED + 30)
    for structure, features, sources in list(cases())[: 12 if COMPILED else 2]:
        one, _, _ = apart(structure, features, sources)
        monkeypatch.setattr(shelf_apart, "_STRETCH", SUMMED)
        other, _, _ = apart(structure, features, sources)
        monkeypatch.setattr(shelf_apart, "_STRETCH", long)
        for name, a, b in zip(Whole._fields, one, other, strict=True):
            np.testing.assert_array_equal(a[:, :RUNS], b[:, :RUNS], err_msg=name)
