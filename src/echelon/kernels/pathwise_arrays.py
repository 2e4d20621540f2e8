"""What the pathwise kernels read and write: one component, one run after the other.

Words are those of :mod:`echelon.kernels.flow_arrays`; ``T`` is the number of periods. The *tape* is
what a run leaves behind so that it can be gone through backwards; an *adjoint* is the derivative of
the priced totals of the run by a quantity.
"""

from __future__ import annotations

from typing import NamedTuple

from echelon.kernels._jit import Floats, Integers


class Wired(NamedTuple):
    """One component as the pathwise kernels see it; fields not told here are ``Structure``'s.

    Attributes
    ----------
    asker_wait : (n_askers,) int64
        Periods from a request to when it falls due.
    by_priority : (n_stages,) int64
        1 where those who ask are served one after the other, 0 where all get the same share.
    starts_at_level : (n_stages,) int64
        1 where the stock before period 0 is the base stock, if that is positive.
    release_delay, make_row, release_row, lane_row, yield_row, overtaking, lane_overtaking,
    capacity, open_ptr, open_at, maximum_order, lost_share
        As in ``Features``.
    counted : (2,) int64
        First period counted, number of the period after the last.
    """

    lane_ptr: Integers
    receiver: Integers
    units: Floats
    asker_ptr: Integers
    asker_lane: Integers
    asker_row: Integers
    asker_wait: Integers
    review: Integers
    phase: Integers
    outside_delay: Integers
    make_delay: Integers
    release_delay: Integers
    lane_delay: Integers
    make_row: Integers
    release_row: Integers
    lane_row: Integers
    yield_row: Integers
    overtaking: Integers
    lane_overtaking: Integers
    by_priority: Integers
    starts_at_level: Integers
    initial_stock: Floats
    capacity: Floats
    open_ptr: Integers
    open_at: Floats
    maximum_order: Floats
    lost_share: Floats
    tolerance: Floats
    counted: Integers


class Tape(NamedTuple):
    """State of a run, and what it did in every period.

    Attributes
    ----------
    gap, on_hand, outside_stock : (n_stages,) float64
        Base stock less position, finished stock, outside material that waits; units.
    component : (n_lanes,) float64
    made_until, released_until, lane_until : (n_stages,), (n_stages,), (n_lanes,) int64
        Period in which what entered a line last leaves it.
    order, hand : (T, n_stages) float64
        Ordered; on hand before service.
    limit : (T, n_stages) int64
        Which supply decided what was started: lane into the stage from 0, their number for outside
        material; -1 for the capacity.
    late : (T + 1, n_askers) float64
        Late before period t.
    finish_at, release_at : (T, n_stages) int64; arrive_at : (T, n_lanes) int64
        Period in which what entered in t leaves.
    finished, released : (T, n_stages) float64; arrived : (T, n_lanes) float64
        What leaves the lines in t.
    """

    gap: Floats
    on_hand: Floats
    outside_stock: Floats
    component: Floats
    made_until: Integers
    released_until: Integers
    lane_until: Integers
    order: Floats
    hand: Floats
    limit: Integers
    late: Floats
    finish_at: Integers
    release_at: Integers
    arrive_at: Integers
    finished: Floats
    released: Floats
    arrived: Floats


class Adjoint(NamedTuple):
    """Derivatives of the priced totals of a run by what the tape has, shapes as there.

    ``late``, ``due``, ``ship`` and ``rest`` are (n_askers,): of the running period.
    """

    gap: Floats
    on_hand: Floats
    outside_stock: Floats
    component: Floats
    late: Floats
    due: Floats
    ship: Floats
    rest: Floats
    order: Floats
    finished: Floats
    released: Floats
    arrived: Floats


class Totals(NamedTuple):
    """Sums over the counted periods, one row per run; or the price of a unit of each, one row.

    Attributes
    ----------
    on_hand, in_process, in_release : (n_runs, n_stages) float64
        Unit periods.
    component, in_transit : (n_runs, n_lanes)
        Unit periods.
    late : (n_runs, n_askers)
        Unit periods.
    lost, on_time, due : (n_runs, n_askers)
        Units.
    ready, soft_ready : (n_runs, n_stages)
        Periods that end without a shortage, and the same with a ramp of a given width in place of
        the step from short to not short, so that it has a slope.
    scrapped : (n_runs, n_stages)
        Units.
    orders : (n_runs, n_stages)
        Periods with an order.
    """

    on_hand: Floats
    in_process: Floats
    in_release: Floats
    component: Floats
    in_transit: Floats
    late: Floats
    lost: Floats
    on_time: Floats
    due: Floats
    ready: Floats
    soft_ready: Floats
    scrapped: Floats
    orders: Floats
