"""Compiled once for all numbers; tuples are handed on as addresses; parts are only linked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from echelon.kernels._jit import (
    COMPILED,
    Floats,
    Integers,
    by_reference,
    jit,
    jit_part,
    jit_rows_step,
    jit_step,
)

if COMPILED:
    from numba import types
    from numba.core.caching import CacheImpl, NullCache

    from echelon.kernels._parts import _Part as PART
    from echelon.kernels._parts import known

compiled = pytest.mark.skipif(not COMPILED, reason="kernels are plain Python here")


@by_reference
class Inner(NamedTuple):
    """Arrays within a tuple."""

    cube: Floats
    count: Integers


@by_reference
class Outer(NamedTuple):
    """Arrays, a number and another tuple between them."""

    row: Floats
    inner: Inner
    factor: float
    last: Integers


@jit_part
def scaled(outer: Outer, at: int) -> float:
    """One number, put in place."""
    return outer.row[at] * outer.factor


@jit_rows_step
def add_scaled(n: int, to: Floats, i: int, factor: float, what: Floats, j: int) -> None:
    """A loop, called."""
    for r in range(n):
        to[i, r] += factor * what[j, r]


@jit_step
def fill_inner(inner: Inner, outer: Outer) -> int:
    """Reads two addresses, one of them inside the other's tuple."""
    cube = inner.cube[0]
    add_scaled(cube.shape[1], cube, 1, 1.0, cube, 0)
    add_scaled(cube.shape[1], cube, 1, 2.0, cube, 0)
    inner.count[0] += 1
    return inner.count.size + outer.last[2]


@jit
def run(outer: Outer, times: int) -> float:
    """All of it."""
    total = 0.0
    for _ in range(times):
        total += fill_inner(outer.inner, outer) + scaled(outer, 1) + scaled(outer, times)
    return total


def outer_of(last: Integers) -> Outer:
    return Outer(
        np.array([1.0, 10.0, 100.0]),
        Inner(np.arange(6.0).reshape(1, 2, 3), np.zeros(2, np.int64)),
        0.5,
        last,
    )


@pytest.mark.parametrize("last", [np.arange(3), np.arange(6)[::2]], ids=["in a row", "apart"])
def test_fields_are_read_where_they_are(last):
    """Also of arrays whose numbers do not stand side by side."""
    outer = outer_of(last)
    assert run(outer, 2) == 2 * (2 + last[2] + 5.0 + 50.0)
    np.testing.assert_array_equal(outer.inner.count, [2, 0])
    np.testing.assert_array_equal(outer.inner.cube[0], [[0.0, 1.0, 2.0], [3.0, 10.0, 17.0]])


@jit
def count_down(n: int) -> float:
    """Calls a part with 3, with 7 and with a variable."""
    return counted(3) + counted(7) + counted(n)


@jit_part
def counted(n: int) -> float:
    """As a float."""
    return n + 0.0


@compiled
def test_a_number_in_a_call_compiles_nothing_more():
    count_down._cache = counted._cache = NullCache()
    assert count_down(1) == 11.0
    assert len(counted.signatures) == len(count_down.signatures) == 1


@compiled
def test_arrays_of_another_layout_are_another_type():
    """So that a kernel never steps through memory as through another's."""
    run(outer_of(np.arange(3)), 1)
    before = len(run.signatures)
    run(outer_of(np.arange(6)[::2]), 1)
    run(outer_of(np.arange(9)[::3]), 1)
    assert len(run.signatures) <= before + 1
    assert {str(field) for signature in run.signatures for field in signature[0].fields} >= {
        "array(int64, 1d, C)",
        "array(int64, 1d, A)",
    }


@compiled
def test_no_field_of_a_name():
    from numba.core.errors import TypingError

    @jit
    def misspelt(outer: Outer) -> float:
        return outer.rows[0]

    with pytest.raises(TypingError, match="rows"):
        misspelt(outer_of(np.arange(3)))


@compiled
@pytest.mark.parametrize("called", [False, True])
def test_parts_are_not_machine_code(called):
    """Where the version of the compiler is known; elsewhere they are compiled as anything else."""

    def doubled(x: float) -> float:
        return 2.0 * x

    part = (jit_step if called else jit_part)(doubled)
    part._cache = NullCache()
    part.compile((types.float64,))
    (overload,) = part.overloads.values()
    assert isinstance(overload.library, PART) == known()
    if known():
        function = overload.library.get_function(overload.fndesc.mangled_name)
        assert ("noinline" in str(function)) == ("alwaysinline" not in str(function)) == called


@compiled
def test_without_a_place_for_machine_code_each_process_compiles(monkeypatch):
    """As where neither the library's folder nor a home can be written."""
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)

    def halved(values: Floats) -> float:
        return 0.5 * _first(values)

    def _first(values: Floats) -> float:
        return values[0]

    _first = jit_step(_first)
    kernel = jit(halved)
    assert isinstance(kernel._cache, NullCache)
    assert kernel(np.array([3.0])) == 1.5
