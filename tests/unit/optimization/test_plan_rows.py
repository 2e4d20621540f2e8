"""Rows of a plan by place and by label."""

from __future__ import annotations

import numpy as np

from echelon.optimization.plan_rows import compiled_places, table_rows
from tests.networks import random_network


def test_rows_of_a_whole_plan_are_those_of_the_table_and_others_are_found_by_label():
    network = random_network(np.random.default_rng(3), 9)
    every = network.stages[["item", "location"]]
    assert table_rows(network, every).tolist() == list(range(network.n_stages))
    some = np.array([1, 4, 7])
    assert table_rows(network, every.iloc[some].reset_index(drop=True)).tolist() == some.tolist()


def test_places_in_compiled_order_lead_back_to_the_rows():
    network = random_network(np.random.default_rng(3), 9)
    rows = np.array([5, 0, 8])
    assert network.compiled.stage_row[compiled_places(network, rows)].tolist() == rows.tolist()
