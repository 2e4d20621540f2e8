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
Named = TypeVar("Named", bound=type)

COMPILED: Final = os.environ.get("ECHELON_JIT", "1") != "0"
"""Whether kernels are machine code in this process."""


_BY_REFERENCE: Final[list[type]] = []
"""Classes that the compiler has not been told of yet."""


def by_reference(named: Named) -> Named:
    """Hand named tuples of a class to kernels as an address; see :mod:`._reference`.

    For those that hold arrays. A kernel may read their fields and hand them on, and no more.
    """
    _BY_REFERENCE.append(named)
    return named


def _compiler() -> Any:
    import numba  # here, so that a plain run needs and loads no compiler

    from echelon.kernels._first_use import tell_of_compiling

    tell_of_compiling()
    if _BY_REFERENCE:
        from echelon.kernels._reference import know

        for named in _BY_REFERENCE:
            know(named)
        _BY_REFERENCE.clear()
    return numba


def jit(kernel: Kernel) -> Kernel:
    """Compile ``kernel`` on first call, cached on disk, releasing the interpreter lock.

    No ``parallel`` and no ``fastmath``: sums must not depend on the machine, and parallelism is one
    level up, by shard. Division follows NumPy (``x / 0`` is ``inf``, not an exception), because a
    branch that may raise keeps the compiler from vectorising the loop around it.
    """
    if not COMPILED:
        return kernel
    compiled = _compiled(kernel, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
    return cast(Kernel, _for_any_number(compiled))


def jit_rows(kernel: Kernel) -> Kernel:
    """Compile a loop over runs whose array arguments do not overlap where they are written.

    The compiler then needs no check, at every call, of each pair of arrays for overlap; those
    checks took several times the time of the loop. It is the caller who keeps the promise: two
    arguments may be the same array only if the rows named differ.

    Numba has the switch inside and no argument for it. Where a version has it no more, the kernel
    is compiled as any other part, and is only slower.
    """
    return _rows(kernel)


def jit_rows_step(kernel: Kernel) -> Kernel:
    """Compile a loop as :func:`jit_rows` does, to be called as what :func:`jit_step` compiles."""
    return _rows(kernel, forceinline=False)


def _rows(kernel: Kernel, **options: Any) -> Kernel:
    if not COMPILED:
        return kernel
    from numba.core import cpu
    from numba.core import options as of_numba

    try:
        if not hasattr(cpu.CPUTargetOptions, "noalias"):
            make_option: Any = of_numba._mapping  # numba has no types for what is inside
            cpu.CPUTargetOptions.noalias = make_option("noalias")
        return _part(kernel, noalias=True, **options)
    except (AttributeError, KeyError):
        return _part(kernel, **options)


def jit_part(kernel: Kernel) -> Kernel:
    """Compile a part of a larger kernel, always put in place where kernels call it.

    For what takes no longer than a call. Parts count no references, so they may not make arrays;
    Python cannot call them; and none is made machine code but within a kernel, see :mod:`._parts`.
    """
    return _part(kernel) if COMPILED else kernel


def jit_step(kernel: Kernel) -> Kernel:
    """Compile a part as :func:`jit_part` does, to be called and not put in place.

    For what runs long enough that a call costs nothing: it is then compiled once, and not again
    within each kernel around it.
    """
    return _part(kernel, forceinline=False) if COMPILED else kernel


def _part(kernel: Kernel, **options: Any) -> Kernel:
    from echelon.kernels import _parts

    known = _parts.known()
    if known:
        options["pipeline_class"] = _parts.PartCompiler
    compiled = _compiled(
        kernel,
        nogil=True,
        error_model="numpy",
        **{
            "forceinline": True,
            "no_cpython_wrapper": True,
            "no_cfunc_wrapper": True,
            "_nrt": False,
            **options,
        },
    )
    if known:
        _parts.keep_as_parts(compiled)
    return cast(Kernel, _for_any_number(compiled))


def _compiled(kernel: Kernel, **options: Any) -> Any:
    """Keep machine code on disk where there is a place for it; else compile in each process.

    There is none where neither the library's folder nor a home can be written, as in a container
    that may write its data alone; ``NUMBA_CACHE_DIR`` names another place.
    """
    njit = _compiler().njit
    try:
        return njit(cache=True, **options)(kernel)
    except RuntimeError as error:
        if "no locator" not in str(error):
            raise
        return njit(**options)(kernel)


def _for_any_number(compiled: Any) -> Any:
    """Compile a kernel once for all numbers, and not once more for each that is written in a call.

    What is put in place sees the number all the same.
    """
    unliteral: Any = _compiler().types.unliteral
    own = compiled.get_call_template

    def template(args: Any, kws: Any) -> Any:
        return own([unliteral(kind) for kind in args], {k: unliteral(v) for k, v in kws.items()})

    compiled.get_call_template = template
    return compiled
