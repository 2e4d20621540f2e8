"""Drawn rows as columns and as objects: the same keys, tables and draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.kernels.draws import WIDTH, fill
from echelon.rng import key_words, key_words_of
from echelon.simulation.described.layout import lay_out
from echelon.simulation.described.levels import levels_of
from echelon.simulation.drawn.draw_rows import FAMILY_CODES, OTHER
from echelon.simulation.drawn.rows import DrawnRows
from echelon.simulation.drawn.sources import sources_of
from echelon.simulation.measured.room import Room, zero_sums

LAWS = {
    "normal": (10.0, 3.0),
    "poisson": (6.0, 6.0**0.5),
    "negative_binomial": (4.0, 3.0),
    "gamma": (8.0, 5.0),
    "deterministic": (7.0, 0.0),
    "lognormal": (9.0, 4.0),
    "geometric": (3.0, 12.0**0.5),
    "uniform": (5.0, 1.0),
}


def many_families() -> ec.Network:
    """A shop of each family, two of them known for certain, one with a drawn lead time."""
    names = list(LAWS)
    stages = pd.DataFrame(
        {"item": names, "location": "shop", "holding_cost": 1.0, "lead_time": 2.0,
         "lead_time_std": [1.0, *[0.0] * 7], "base_stock": 50.0}
    )  # fmt: skip
    demand = pd.DataFrame(
        {"item": [*names, "gamma"], "location": "shop", "segment": [*["a"] * 8, "b"],
         "family": [*names, "normal"], "mean": [*[m for m, _ in LAWS.values()], 4.0],
         "std": [*[s for _, s in LAWS.values()], 0.0]}
    )  # fmt: skip
    return ec.Network.from_tables(stages, None, demand)


def drawn_rows(network: ec.Network) -> DrawnRows:
    n = network.n_components
    levels, _ = levels_of(network, None, [])
    layout = lay_out(network, levels, warmups=np.zeros(n, dtype=np.int64), periods=np.full(n, 8))
    return DrawnRows.of(network, layout.feature_set, replay=None)


def draws(sources, n_rows: int) -> np.ndarray:
    out, memory = np.empty((n_rows, 20, WIDTH)), np.zeros((n_rows, WIDTH))
    fill(sources, 0, n_rows, 0, 20, 0, WIDTH, memory, out)
    return out


def test_columns_and_objects_give_the_same_bits():
    """Rows that are made into objects one by one, and the same rows that never are."""
    rows = drawn_rows(many_families()).part(0, len(LAWS))
    listed = list(rows)
    assert len(rows) == len(listed) == 10  # one of them a lead time
    columns = rows.columns(7)
    assert set(columns.family.tolist()) == {OTHER, *FAMILY_CODES.values()}
    by_columns, by_objects = sources_of(rows, 7), sources_of(listed, 7)
    assert by_columns.keys.tolist() == by_objects.keys.tolist()
    np.testing.assert_array_equal(draws(by_columns, 10), draws(by_objects, 10))
    assert not np.array_equal(draws(by_columns, 10), draws(sources_of(listed, 8), 10))


def test_a_part_of_the_rows_draws_what_all_of_them_do():
    drawn = drawn_rows(many_families())
    whole, part = drawn.part(0, 8), drawn.part(2, 5)
    place = [list(whole).index(row) for row in part]
    np.testing.assert_array_equal(
        draws(sources_of(part, 7), len(part)), draws(sources_of(whole, 7), 10)[place]
    )
    assert list(whole[1:3]) == list(whole)[1:3]


def test_keys_of_many_addresses_are_those_of_each():
    items, places = ["A", "AB", "A", "ü", ""], ["B", "", "str:B", "1", "x"]
    found = key_words_of(3, "demand", items, places)
    each = [key_words(3, "demand", *address) for address in zip(items, places, strict=True)]
    assert found.tolist() == [list(words) for words in each]
    assert len({tuple(words) for words in found.tolist()}) == len(items)
    assert key_words_of(3, "demand", [], []).shape == (0, 2)


@pytest.mark.parametrize("rich", [False, True])
def test_sums_are_used_again(rich):
    network = many_families()
    levels, _ = levels_of(network, None, [])
    n = network.n_components
    layout = lay_out(network, levels, warmups=np.zeros(n, dtype=np.int64), periods=np.full(n, 8))
    room = Room()
    structure, features = layout.shard(0, n)
    with room.sums(structure, features, rich=rich) as (sums, feature_sums):
        wanted = zero_sums(structure, features)
        assert [one.shape for one in sums] == [one.shape for one in wanted[0]]
        rows = [len(one) for one in feature_sums]
        assert rows == [len(one) if rich else 0 for one in wanted[1]]
        for number, one in enumerate((*sums, *feature_sums)):
            one[:] = number  # each has memory of its own
        for number, one in enumerate((*sums, *feature_sums)):
            assert (one == number).all()
        with room.sums(structure, features, rich=rich) as (others, _):
            assert not np.shares_memory(others.on_hand, sums.on_hand)
    smaller, its_features = layout.shard(0, 1)
    with room.sums(smaller, its_features, rich=rich) as (again, _):
        assert len(again.on_hand) == 1
        assert np.shares_memory(again.on_hand, others.on_hand) or np.shares_memory(
            again.on_hand, sums.on_hand
        )


def test_columns_of_a_table_are_those_of_the_whole_table():
    network = many_families()
    for table in ("stages", "lanes", "demand"):
        whole = getattr(network, table)
        some = network.columns(table, list(whole.columns))
        pd.testing.assert_frame_equal(some, whole)
    found = network.columns("stages", ["item"])
    found.loc[0, "item"] = "other"
    assert network.stages["item"].tolist() == list(LAWS)
