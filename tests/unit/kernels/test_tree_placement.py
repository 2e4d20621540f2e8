"""The kernel for trees under the normal bound against the tables and the plain tree program."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.candidate_times import candidates
from echelon.exact.guaranteed_service.plain_tree import PlainTree
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.exact.guaranteed_service.tree import solve_tree_plain
from echelon.kernels.tree_placement import tree_candidates
from echelon.network.compiled import Floats
from tests.networks import random_network


class SquareRoots:
    """Cost of every stage: ``sqrt(slope ** 2 * tau + still ** 2)``, tau in periods."""

    concave = True
    covered_only = True

    def __init__(self, slope: Floats, still: Floats) -> None:
        self.slope, self.still = slope, still

    def over_covered(self, stage: int, covered: Floats) -> Floats:
        return np.sqrt(self.slope[stage] ** 2 * covered + self.still[stage] ** 2)

    def table(self, stage: int, inbound: Floats, outbound: Floats, covered: Floats) -> Floats:
        assert covered.shape == (len(inbound), len(outbound))
        return self.over_covered(stage, covered)


def drawn(seed: int) -> tuple[ServiceTimes, Floats, Floats] | None:
    rng = np.random.default_rng(seed)
    network = random_network(
        rng,
        int(rng.integers(1, 15)),
        fractional=seed % 3 == 0,
        lane_times=seed % 2 == 0,
        no_stock=0.3 if seed % 4 == 0 else 0.0,
        review=seed % 7 == 0,
    )
    n = network.n_stages
    still = rng.uniform(0.0, 3.0, n) * (rng.random(n) < 0.5) * (seed % 5 == 0)
    try:
        return ServiceTimes.of(network.compiled), rng.uniform(0.1, 9.0, n), still
    except InfeasibleError:
        return None


@pytest.mark.parametrize("block", range(4))
def test_a_tree_is_placed_as_by_tables_and_plain_recursion(block):
    """Same candidates, same least cost, and the service times that come with it cost that much."""
    solved = 0
    for seed in range(25 * block, 25 * block + 25):
        case = drawn(seed)
        if case is None:
            continue
        times, slope, still = case
        tree = PlainTree.of(times)
        assert tree is not None
        inbound, outbound, complete = candidates(times)
        assert complete
        ptr = np.zeros(2 * times.n_stages + 1, np.int64)
        found = tree_candidates(*tree.fixed[:7], ptr)
        for v, want in enumerate([*inbound, *outbound]):
            np.testing.assert_array_equal(found[ptr[v] : ptr[v + 1]], want)
        cost = SquareRoots(slope, still)
        problem = ServiceTimeProblem.of(times, cost, inbound, outbound)
        root = np.sqrt(times.ticks_per_period)
        service, least = tree.place(slope / root, still)
        try:
            _, want = solve_tree_plain(problem)
        except InfeasibleError:
            want = np.inf
        assert least == pytest.approx(want, rel=1e-12)
        if want < np.inf:
            solved += 1
            settled, quoted = times.settled(service)
            tau = (settled + times.process - quoted) / times.ticks_per_period
            assert (tau >= 0.0).all()
            assert (quoted <= times.limit).all()
            assert (tau[~times.can_stock] == 0.0).all()
            assert np.sqrt(slope**2 * tau + still**2).sum() <= want * (1.0 + 1e-12)
    assert solved > 15


def test_what_is_not_a_tree_or_too_wide_is_left_to_others():
    rng = np.random.default_rng(1)
    cyclic = random_network(rng, 8, extra_lanes=3).compiled
    assert PlainTree.of_component(cyclic) is None
    chain = random_network(rng, 4)
    stages = chain.stages
    odd = stages.assign(lead_time=stages["lead_time"] + 0.123457)
    assert PlainTree.of_component(chain.replace(stages=odd).compiled) is None
