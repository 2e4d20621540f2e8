"""Windows of service times, and plans settled in them, for many components end to end.

Stages of component ``c`` are ``component_ptr[c]`` up to the next, upstream first; ``pred_stage``
numbers suppliers within their component. Ticks throughout.
"""

from __future__ import annotations

from echelon.kernels._jit import Integers, jit


@jit
def bound_components(
    component_ptr: Integers,
    pred_ptr: Integers,
    pred_stage: Integers,
    lane_delay: Integers,
    process: Integers,
    outside: Integers,
    limit: Integers,
    can_stock: Integers,
    quote_unit: Integers,
    inbound_low: Integers,
    inbound_high: Integers,
    outbound_low: Integers,
    outbound_high: Integers,
    feasible: Integers,
) -> None:
    """Earliest and latest inbound and outbound times of every stage, (n_stages,) overwritten.

    feasible: (n_components,) overwritten: 1 where every stage can keep its limit, and a stage that
    may not hold stock passes on multiples of the unit alone.
    can_stock: (n_stages,) 0 or 1. quote_unit: (n_components,) ticks of which service times are
    multiples.
    """
    for c in range(component_ptr.shape[0] - 1):
        first, unit = component_ptr[c], quote_unit[c]
        feasible[c] = 1
        for j in range(first, component_ptr[c + 1]):
            low, high = outside[j], outside[j]
            for lane in range(pred_ptr[j], pred_ptr[j + 1]):
                i = first + pred_stage[lane]
                low = max(low, outbound_low[i] + lane_delay[lane])
                high = max(high, outbound_high[i] + lane_delay[lane])
            high = max(high, low)
            inbound_low[j], inbound_high[j] = low, high
            outbound_high[j] = min(high + process[j], limit[j]) // unit * unit
            outbound_low[j] = 0 if can_stock[j] == 1 else low + process[j]
            if outbound_low[j] > limit[j]:
                feasible[c] = 0
            if can_stock[j] == 0 and unit > 1:
                odd = outside[j] % unit + process[j] % unit
                for lane in range(pred_ptr[j], pred_ptr[j + 1]):
                    odd += lane_delay[lane] % unit
                if odd > 0:
                    feasible[c] = 0


@jit
def settle_components(
    component_ptr: Integers,
    pred_ptr: Integers,
    pred_stage: Integers,
    lane_delay: Integers,
    process: Integers,
    inbound_low: Integers,
    can_stock: Integers,
    quote_unit: Integers,
    service: Integers,
    inbound: Integers,
) -> None:
    """Use every supply as soon as it is complete, and the next multiple of the unit is.

    quote_unit: (n_components,) ticks. service: (n_stages,) what stages quote; overwritten with
    what their supplies allow. inbound: (n_stages,) overwritten.
    """
    for c in range(component_ptr.shape[0] - 1):
        first, unit = component_ptr[c], quote_unit[c]
        for j in range(first, component_ptr[c + 1]):
            ready = inbound_low[j]
            for lane in range(pred_ptr[j], pred_ptr[j + 1]):
                ready = max(ready, service[first + pred_stage[lane]] + lane_delay[lane])
            through = -(-(ready + process[j]) // unit) * unit
            service[j] = min(service[j], through) if can_stock[j] == 1 else through
            inbound[j] = max(ready, service[j] - process[j])
