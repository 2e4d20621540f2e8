"""From a network, a plan and a window to pieces of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, overload

import numpy as np

from echelon.execution import attempt
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.layout import Layout, lay_out
from echelon.simulation.described.levels import Levels
from echelon.simulation.described.memory import forgets, longest_fill, queue_memory, split_memory
from echelon.simulation.drawn.rows import DrawnRows
from echelon.simulation.drawn.sources import TOGETHER, sources_of
from echelon.simulation.measured.labels import Labels, labels_of
from echelon.simulation.measured.room import Room
from echelon.simulation.measured.scheme import Prices, Scheme, scheme_of
from echelon.simulation.plain.orders import AnyPolicy
from echelon.simulation.task import Task
from echelon.simulation.warm_up import detect

Blocks = tuple[tuple[int, int], ...]

_MANY_SHARDS: Final = 8
"""From here on a shard runs all its runs itself, and sends back estimates alone."""


LONGEST_QUEUE: Final = 5_000
"""Periods; a queue that takes longer to settle is left to the person who asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """All that is decided before anything is drawn.

    Attributes
    ----------
    network : Network
    levels : Levels
    layout : Layout
    rows : DrawnRows
    prices : Prices
    labels : Labels
    scheme : Scheme
    leaving : ndarray of float64
        Mean demand that leaves each group.
    warmups : (n_components,) int64
    found : tuple of str
        How each was found.
    absent : (n_components,) bool
        Components that the plan leaves out.
    policies : mapping of int to policy
        A user's own, by stage in compiled order.
    names : tuple of str
        Of the stages, where there are policies.
    seed : int
    draws : str
    keep : bool
    batches : int
    precision : str
    """

    network: Network
    levels: Levels
    layout: Layout
    rows: DrawnRows
    prices: Prices
    labels: Labels
    scheme: Scheme
    leaving: Floats
    warmups: Integers
    found: tuple[str, ...]
    absent: Booleans
    policies: Mapping[int, AnyPolicy]
    names: tuple[str, ...]
    seed: int
    draws: str
    keep: bool
    batches: int
    precision: str

    @property
    def group(self) -> int:
        """Runs, or batches, that depend on each other."""
        return 1 if self.batches else TOGETHER[self.draws]

    def task(
        self, first: int, last: int, blocks: Blocks, *, whole: bool, room: Room | None = None
    ) -> Task:
        """Components ``first`` up to, not including, ``last``, for some blocks of runs."""
        structure, features = self.layout.shard(first, last)
        stages = range(*self.layout.structure.stage_ptr[[first, last]].tolist())
        return Task(
            structure=structure,
            features=features,
            scheme=self.scheme.part(first, last),
            plain=self.layout.feature_set.plain[first:last],
            forward=self.layout.feature_set.forward[first:last],
            rows=self.rows.part(first, last),
            blocks=blocks,
            seed=self.seed,
            draws=self.draws,
            keep=self.keep,
            batches=self.batches,
            precision=self.precision,
            whole=whole,
            policies={j - stages.start: self.policies[j] for j in stages if j in self.policies},
            names=self.names[stages.start : stages.stop],
            room=Room() if room is None else room,
        )

    def tasks(self, blocks: Blocks, *, estimates: bool, one_sweep: bool = False) -> list[Piece]:
        """Cut the components that are there; a few shards are cut by blocks of runs as well.

        With ``estimates`` a shard that runs all its blocks makes its estimates itself. In one
        sweep each does, however few there are: its draws are then made ready once.
        """
        room = Room()
        shards = [piece for cut in self.layout.cut() for piece in _present(*cut, self.absent)]
        if one_sweep or len(shards) >= _MANY_SHARDS or len(blocks) == 1:
            return [Piece(self, *shard, blocks, estimates, room) for shard in shards]
        return [Piece(self, *shard, (block,), False, room) for shard in shards for block in blocks]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A task that is not made before a worker takes it: those of a portfolio fill memory.

    Attributes
    ----------
    setup : Setup
    first, last : int
        Its components, half-open.
    blocks : tuple of (first_run, n_runs)
    whole : bool
        Whether these are all runs of its components.
    room : Room
        For all pieces of a run.
    """

    setup: Setup
    first: int
    last: int
    blocks: Blocks
    whole: bool
    room: Room

    @property
    def weight(self) -> int:
        """Units of progress: stages times blocks."""
        ends = self.setup.layout.structure.stage_ptr[[self.first, self.last]]
        return int(ends[1] - ends[0]) * len(self.blocks)

    def task(self) -> Task:
        """Make it."""
        return self.setup.task(self.first, self.last, self.blocks, whole=self.whole, room=self.room)


class MadeWhenAsked(Sequence[Task]):
    """Tasks of pieces, each made when a worker takes it."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces

    def __len__(self) -> int:
        return len(self._pieces)

    @overload
    def __getitem__(self, place: int, /) -> Task: ...
    @overload
    def __getitem__(self, place: slice, /) -> MadeWhenAsked: ...
    def __getitem__(self, place: int | slice, /) -> Task | MadeWhenAsked:
        if isinstance(place, slice):
            return MadeWhenAsked(self._pieces[place])
        return self._pieces[place].task()


def _present(first: int, last: int, absent: Booleans) -> list[tuple[int, int]]:
    """Ranges of components that are not absent."""
    here = ~absent[first:last]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], here, [False]]).astype(np.int8)))
    return [(first + int(a), first + int(b)) for a, b in edges.reshape(-1, 2)]


def prices_of_network(network: Network, *, charge_pipeline: bool) -> Prices:
    """Read what is paid for, in compiled order."""
    cells = Cells.of(network)
    compiled = network.compiled
    return Prices(
        holding_cost=np.array(compiled.holding_cost),
        backorder_cost=np.array(compiled.backorder_cost),
        lost_sale_cost=cells.numbers("stages", "lost_sale_cost", blank=0.0),
        order_cost=cells.numbers("stages", "order_cost", blank=0.0),
        waste_cost=cells.numbers("stages", "waste_cost", blank=0.0),
        expedite_cost=cells.numbers("lanes", "expedite_cost", blank=0.0),
        charge_pipeline=charge_pipeline,
    )


def prepare(
    network: Network,
    levels: Levels,
    absent: Booleans,
    *,
    periods: int,
    warmup: int | None,
    replay: Floats | None,
    runs: int,
    batches: int,
    seed: int,
    draws: str,
    keep: bool,
    charge_pipeline: bool,
    policies: Mapping[int, AnyPolicy],
    precision: str,
) -> Setup:
    """Lay everything out; find the warm-up of each component if it is not given.

    Parameters
    ----------
    network, levels
        Without faults.
    absent : (n_stages,) bool
        Stages that the plan leaves out.
    periods : int
        Counted.
    warmup : int, optional
        For all components; if None each has its own.
    replay : ndarray of float64, optional
        Demand that is given, (n_demand_rows, n_periods), in the order of ``network.demand``.
    runs, batches, seed, draws, keep, charge_pipeline, precision
        Of the simulation.
    policies : mapping of int to policy
        A user's own, by stage in compiled order.

    Returns
    -------
    Setup
    """
    n_components = network.compiled.n_components
    left_out = absent[network.compiled.component_ptr[:-1]]
    prices = prices_of_network(network, charge_pipeline=charge_pipeline)
    found = ["given"] * n_components
    if warmup is None and replay is None:
        warmups = longest_fill(network, levels.service_time)
        below = levels.initial_stock < levels.base_stock  # it is filled up in period 0
        warmups = np.maximum(
            warmups, np.logical_or.reduceat(below, network.compiled.component_ptr[:-1])
        )
        found = ["exact"] * n_components
    else:
        warmups = np.full(n_components, warmup or 0, dtype=np.int64)
    layout = lay_out(network, levels, warmups=warmups, periods=warmups + periods)
    rows = DrawnRows.of(network, layout.feature_set, replay=replay)
    if warmup is None and replay is None:
        settled = forgets(network, levels, layout.structure, layout.feature_set.features)
        fades = ~settled & ~left_out
        own = set(_components(layout, policies))
        chosen = [c for c in np.flatnonzero(fades).tolist() if c not in own]
        known = warmups.copy()
        for c in chosen:
            found[c] = "pipelines"
        if chosen:
            queues = queue_memory(network, levels, layout.feature_set.features)
            splits = warmups + split_memory(network, levels, layout.structure)
            memory = np.minimum(np.maximum(queues, splits), LONGEST_QUEUE)
            warmups[chosen] = np.maximum(warmups[chosen], np.ceil(memory[chosen]))
            _detect(layout, rows, prices, chosen, warmups, found, periods, seed)
            for c in np.flatnonzero(fades & (queues > LONGEST_QUEUE)).tolist():
                found[c] = "not settled"
        for c in own:
            found[c] = "pipelines"
        if (warmups != known).any():
            layout = lay_out(network, levels, warmups=warmups, periods=warmups + periods)
            rows = rows.with_extra(layout.feature_set.extra)
    labels = labels_of(network)
    bounds = np.arange(batches + 1) * (periods // batches) if batches else None
    demand_seen = levels.demand_seen
    scheme = scheme_of(
        network.compiled,
        layout.structure,
        prices,
        labels.groups,
        segment_values=labels.segment_values,
        demand_seen=demand_seen,
        runs=batches or runs,
        bounds=bounds,
    )
    if (levels.customer_time >= 0).any():  # fill rates are above all those of customers
        served = np.where(levels.customer_time < 0, scheme.serve_delay, levels.customer_time)
        scheme = replace(scheme, serve_delay=served)
    share = layout.feature_set.features.share
    names = ()
    if policies:
        table = network.stages.iloc[network.compiled.stage_row]
        names = tuple((table["item"] + " @ " + table["location"]).tolist())
    return Setup(
        network=network,
        levels=levels,
        layout=layout,
        rows=rows,
        prices=prices,
        labels=labels,
        scheme=scheme,
        leaving=labels.leaving(network, layout.structure, share, demand_seen),
        warmups=warmups,
        found=tuple(found),
        absent=left_out,
        policies=policies,
        names=names,
        seed=seed,
        draws=draws,
        keep=keep,
        batches=batches,
        precision=precision,
    )


def _components(layout: Layout, stages: Mapping[int, AnyPolicy]) -> Sequence[int]:
    """Components of stages."""
    ends = layout.structure.stage_ptr
    places = np.fromiter(stages, dtype=np.int64, count=len(stages))
    return [int(c) for c in np.unique(np.searchsorted(ends, places, side="right") - 1)]


def _detect(
    layout: Layout,
    rows: DrawnRows,
    prices: Prices,
    components: list[int],
    warmups: Integers,
    found: list[str],
    periods: int,
    seed: int,
) -> None:
    """Lengthen the warm-up of components whose memory fades, by a pilot run of each shard."""
    chosen = np.array(components)
    for first, last in layout.cut():
        inside = chosen[(chosen >= first) & (chosen < last)]
        if not len(inside):
            continue
        whole = attempt(_pilot, layout, rows, prices, first, last, inside, warmups, periods, seed)
        pieces = [(inside, whole)]
        if whole.failed:  # one of them is bad: the run will say which, and the others have a pilot
            pieces = []
            for c in inside.tolist():
                own = np.array([c])
                outcome = attempt(
                    _pilot, layout, rows, prices, c, c + 1, own, warmups, periods, seed
                )
                pieces.append((own, outcome))
        for places, outcome in pieces:
            if not outcome.failed:
                starts, how = outcome.unwrap()
                for c, start, word in zip(places.tolist(), starts.tolist(), how, strict=True):
                    warmups[c], found[c] = start, word


def _pilot(
    layout: Layout,
    rows: DrawnRows,
    prices: Prices,
    first: int,
    last: int,
    inside: Integers,
    warmups: Integers,
    periods: int,
    seed: int,
) -> tuple[Integers, tuple[str, ...]]:
    """Warm-ups of components ``inside`` a shard."""
    structure, features = layout.shard(first, last)
    stages = slice(*layout.structure.stage_ptr[[first, last]].tolist())
    least = warmups[inside]
    return detect(
        structure,
        features,
        sources_of(rows.part(first, last), seed),
        inside - first,
        prices.holding_cost[stages],
        prices.backorder_cost[stages],
        least=least,
        n_periods=np.maximum(np.maximum(2 * least + periods, 4 * least), 100),
    )
