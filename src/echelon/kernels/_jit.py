"""The only import of numba: ``@jit`` compiles a kernel, or leaves it as Python for a debugger.

``ECHELON_JIT=0`` in the environment makes ``jit`` the identity, so that the kernels' own tests run
the same source line by line.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Kernel = TypeVar("Kernel", bound=Callable[..., Any])

COMPILED: Final = os.environ.get("ECHELON_JIT", "1") != "0"
"""Whether kernels are machine code in this process."""


def jit(kernel: Kernel) -> Kernel:
    """Compile ``kernel`` on first call, cached on disk, releasing the interpreter lock.

    No ``parallel`` and no ``fastmath``: sums must not depend on the machine, and parallelism is one
    level up, by shard. Division follows NumPy (``x / 0`` is ``inf``, not an exception), because a
    branch that may raise keeps the compiler from vectorising the loop around it.
    """
    if not COMPILED:
        return kernel
    import numba  # here, so that a plain run needs and loads no compiler

    return cast(Kernel, numba.njit(cache=True, nogil=True, error_model="numpy")(kernel))


def jit_rows(kernel: Kernel) -> Kernel:
    """Compile a loop over runs whose array arguments do not overlap where they are written.

    The compiler then needs no check, at every call, of each pair of arrays for overlap; those
    checks took several times the time of the loop. It is the caller who keeps the promise: two
    arguments may be the same array only if the rows named differ.

    Numba has the switch inside and no argument for it. Where a version has it no more, the kernel
    is compiled as any other part, and is only slower.
    """
    if not COMPILED:
        return kernel
    from numba.core import cpu, options

    try:
        if not hasattr(cpu.CPUTargetOptions, "noalias"):
            make_option: Any = options._mapping  # numba has no types for what is inside
            cpu.CPUTargetOptions.noalias = make_option("noalias")
        return _part(kernel, noalias=True)
    except (AttributeError, KeyError):
        return _part(kernel)


def jit_part(kernel: Kernel) -> Kernel:
    """Compile a part of a larger kernel, always put in place where kernels call it.

    A call hands over seven words for each array, which for a part with fifty arrays takes longer
    than what it does. Parts count no references, so they may not make arrays; and Python cannot
    call them, which halves the time it takes to compile them.
    """
    return _part(kernel) if COMPILED else kernel


def jit_step(kernel: Kernel) -> Kernel:
    """Compile a part as :func:`jit_part` does, to be called and not put in place.

    For what runs long enough that a call costs nothing: it is then compiled once, and not again
    within each kernel around it.
    """
    return _part(kernel, forceinline=False) if COMPILED else kernel


def _part(kernel: Kernel, **options: bool) -> Kernel:
    import numba

    njit: Any = numba.njit  # whose types leave out the options from `no_cpython_wrapper` on
    compiled = njit(
        cache=True,
        nogil=True,
        error_model="numpy",
        **{
            "forceinline": True,
            "no_cpython_wrapper": True,
            "no_cfunc_wrapper": True,
            "_nrt": False,
            **options,
        },
    )(kernel)
    return cast(Kernel, compiled)
