"""What the arguments that several functions share may be."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from echelon.errors import DomainError, UnknownNameError

_BASE_STOCKS = ("constant", "by_period")
_SERVICE_TIMES = ("any", "whole")


def check_base_stocks(base_stocks: object) -> None:
    """Refuse a kind of base stock that there is not.

    Raises
    ------
    UnknownNameError
    """
    if base_stocks not in _BASE_STOCKS:
        raise UnknownNameError("base_stocks", base_stocks, _BASE_STOCKS)


def check_service_times(service_times: object) -> None:
    """Refuse a kind of service times that there is not.

    Raises
    ------
    UnknownNameError
    """
    if service_times not in _SERVICE_TIMES:
        raise UnknownNameError("service_times", service_times, _SERVICE_TIMES)


def check_step(step: object) -> None:
    """Refuse a step that is no length of time.

    Raises
    ------
    DomainError
    """
    if not (is_number(step) and np.isfinite(step) and step > 0.0):
        raise DomainError(f"step is {step!r}, must be > 0 periods. Fix: 1.0 is whole periods.")


def limit_faults(gap: object, time_limit: object) -> list[str]:
    """Say what is wrong about the limits of a search, each with its remedy.

    Examples
    --------
    >>> limit_faults(1e-6, None)
    []
    >>> limit_faults(2.0, 0)
    ['gap is 2.0, must be in [0, 1). Fix: 1e-6 is the default.',
     'time_limit is 0, must be > 0 seconds. Fix: leave it out.']
    """
    faults = []
    if not is_number(gap):
        faults.append(f"gap is {gap!r}, must be a number. Fix: 1e-6 is the default.")
    elif not 0.0 <= gap < 1.0:
        faults.append(f"gap is {gap!r}, must be in [0, 1). Fix: 1e-6 is the default.")
    if time_limit is not None and not is_number(time_limit):
        faults.append(
            f"time_limit is {time_limit!r}, must be a number of seconds. Fix: leave it out, or "
            "give one."
        )
    elif time_limit is not None and not time_limit > 0.0:
        faults.append(f"time_limit is {time_limit!r}, must be > 0 seconds. Fix: leave it out.")
    return faults


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number, which True and False are not."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
