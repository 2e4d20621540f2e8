"""What was made of laws once, kept while there is room for its bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")


class KeptWithin(Generic[Made]):
    """What was made of keys, the ones used last, as long as they take so many bytes together.

    Bounded by bytes and not by number: tables of a law take from a hundred bytes to megabytes, and
    a network may have tens of thousands of laws.

    Parameters
    ----------
    most : int
        Bytes. What takes more by itself is not kept.
    make : callable
        Gives what belongs to a key.
    size_of : callable
        Gives its bytes.
    """

    def __init__(
        self, most: int, make: Callable[[Hashable], Made], size_of: Callable[[Made], int]
    ) -> None:
        self._most, self._make, self._size_of = most, make, size_of
        self._kept: OrderedDict[Hashable, Made] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __call__(self, key: Hashable) -> Made:
        """Give what belongs to a key, made if it is not kept.

        Raises
        ------
        TypeError
            If the key has no hash.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._make(key)  # without the lock: two threads may both make it, and it is the same
        size = self._size_of(made)
        with self._lock:
            if size <= self._most and key not in self._kept:
                self._kept[key] = made
                self._bytes += size
                while self._bytes > self._most:
                    _, oldest = self._kept.popitem(last=False)
                    self._bytes -= self._size_of(oldest)
            return self._kept.get(key, made)
