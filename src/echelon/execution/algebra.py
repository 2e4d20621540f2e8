"""Linear algebra in one thread, so that its last digits do not depend on the machine's cores."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@contextmanager
def algebra_in_one_thread() -> Iterator[None]:
    """Keep the libraries behind NumPy and SciPy to one thread.

    How many threads share a product or a factorisation decides in which order its terms are added
    up. Workers compute in one thread, and so must the process that does without them. The matrices
    here are small, and quicker that way.

    Examples
    --------
    >>> import numpy as np
    >>> with algebra_in_one_thread():
    ...     total = np.ones(3) @ np.ones(3)
    >>> float(total)
    3.0
    """
    with _libraries(len(sys.modules)).limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _libraries(n_modules: int) -> ThreadpoolController:
    """Look for the libraries that are loaded: anew where a module that may bring one has come."""
    from threadpoolctl import ThreadpoolController

    del n_modules
    return ThreadpoolController()
