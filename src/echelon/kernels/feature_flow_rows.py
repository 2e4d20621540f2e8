"""Rows of the state of a component in the flow kernel of all features, and where they begin.

A stage's rows come first, then those of lanes, of askers, of disruptions, then scratch.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from echelon.kernels._jit import jit_part
from echelon.kernels.flow_arrays import Features, Structure

# rows of a stage, units unless said
GAP: Final = 0  # level less inventory position
ON_HAND: Final = 1
OUTSIDE_STOCK: Final = 2  # kits of outside material, or orders, that wait to start
WORST: Final = 3  # largest shortage of the running cycle
IN_PROCESS: Final = 4  # kept where a rule looks at it, as the two rows that follow it
IN_RELEASE: Final = 5
ORDER: Final = 6
ECHELON: Final = 7  # echelon position
SHORT: Final = 8  # late and lost at the end of the last period
MADE_UNTIL: Final = 9  # period in which the last start is finished
RELEASED_UNTIL: Final = 10
DOWN: Final = 11  # 0 or 1
LEFT: Final = 12  # share of what the stage can start, 1 while up
SERVES: Final = 13  # 0 or 1
OLDEST: Final = 14  # period in which the oldest unit that waits fell due
STORED: Final = 15  # came into stock since the last look; kept where shelf lives are watched
STAGE_ROWS: Final = 16

# rows of a lane
COMPONENT: Final = 0
IN_TRANSIT: Final = 1  # without what is on the fast way; kept where a rule looks at it
FAST: Final = 2
ARRIVED_UNTIL: Final = 3  # by the lane's clock
LANE_DOWN: Final = 4
HELD: Final = 5
CLOCK: Final = 6  # periods in which the lane was not held
WAS_HELD: Final = 7  # 1 once it was
LANE_ROWS: Final = 8

# rows of an asker
LATE: Final = 0
DUE: Final = 1  # what is asked for; once delayed by the service time, what falls due
SHIPPED: Final = 2  # what is shipped; once delayed by the lane, what arrives
WANTED: Final = 3
AT_ONCE: Final = 4  # served of what fell due
LOST: Final = 5
OPEN: Final = 6  # 1 where the asker can be served
ASKER_ROWS: Final = 7

# rows of a disruption
BEFORE: Final = 0  # state of the last period
EVENT: Final = 1  # 1 while an event that is counted is not got over
BEGAN: Final = 2  # period in which it went down
CAME_UP: Final = 3  # period in which it came up
HIT: Final = 4  # 1 once customers have felt it
DISRUPTION_ROWS: Final = 5

# scratch
START: Final = 0
SHARE: Final = 1
TOTAL: Final = 2
POSSIBLE: Final = 3
WHEN: Final = 4
NOW: Final = 5
NEED: Final = 6
REST: Final = 7
EXPRESS: Final = 8
BAD: Final = 9  # 1 in a period in which customers of the component are short
GONE: Final = 10
SEEN: Final = 11  # position that a policy sees
ENTERS: Final = 12  # what enters a line whose goods have ages
WORK_ROWS: Final = 13


class Place(NamedTuple):
    """Where a component is in the arrays of its shard and in the rows of its state.

    Attributes
    ----------
    first, last : int
        Its stages.
    lane, last_lane, asker, down, last_down : int
        Its first lane, the lane after its last, first asker, disruptions.
    drawn : int
        Its first drawn row.
    lane_rows, asker_rows, down_rows : int
        Rows that the shard's lane 0, asker 0, disruption 0 would have.
    work : int
        First row of scratch.
    warmup, periods : int
        First period counted; number of the period after the last.
    n : int
        Runs used.
    """

    first: int
    last: int
    lane: int
    last_lane: int
    asker: int
    down: int
    last_down: int
    drawn: int
    lane_rows: int
    asker_rows: int
    down_rows: int
    work: int
    warmup: int
    periods: int
    n: int


@jit_part
def place_of(f: Structure, x: Features, c: int, n: int) -> Place:
    """Where component ``c`` is, of which ``n`` runs are used."""
    first, last = f.stage_ptr[c], f.stage_ptr[c + 1]
    lane, last_lane = f.lane_ptr[first], f.lane_ptr[last]
    asker, last_asker = f.asker_ptr[first], f.asker_ptr[last]
    down, last_down = x.disruption_ptr[c], x.disruption_ptr[c + 1]
    lane_rows = (last - first) * STAGE_ROWS - lane * LANE_ROWS
    asker_rows = lane_rows + last_lane * LANE_ROWS - asker * ASKER_ROWS
    down_rows = asker_rows + last_asker * ASKER_ROWS - down * DISRUPTION_ROWS
    return Place(
        first, last, lane, last_lane, asker, down, last_down, f.row_ptr[c],
        lane_rows, asker_rows, down_rows, down_rows + last_down * DISRUPTION_ROWS,
        f.warmup[c], f.periods[c], n,
    )  # fmt: skip
