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
