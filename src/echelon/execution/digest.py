"""Digests of values: the same for equal values in any process, another for any other."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import struct
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date, datetime
from fractions import Fraction
from functools import cache, partial
from operator import attrgetter
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType
from typing import Any, Final

import numpy as np

from echelon.errors import DomainError
from echelon.execution.made_with import made_with

_BYTES: Final = 16


def digest_of(*objects: object) -> str:
    """Give 32 hexadecimal digits that say whether the same was given, to the bit.

    Types, lengths and values count; where an object lies in memory, the order in which a
    dictionary was filled and whether two parts are one object do not. The source of the library
    and the versions of those it computes with are part of it, so that what others made is not taken
    for what these would.

    Parameters
    ----------
    *objects : object
        None, numbers, texts, bytes, dates, paths, enumerations, arrays, frames, sequences,
        mappings and sets of these, dataclasses (fields that are compared), and functions and
        classes, which count by their names.

    Returns
    -------
    str

    Raises
    ------
    DomainError
        If a part is of another type, or a function without a name that finds it again.

    Examples
    --------
    >>> digest_of({"a": 1, "b": 2.0}) == digest_of({"b": 2.0, "a": 1})
    True
    >>> digest_of([1, 2]) == digest_of([12])
    False
    """
    hashed = hashlib.blake2b(made_with().encode(), digest_size=_BYTES)
    for one in objects:
        _feed(hashed.update, one)
    return hashed.hexdigest()


Update = Callable[[bytes], object]


def _feed(update: Update, value: Any) -> None:
    feed = _FEEDS.get(type(value))
    if feed is None:
        feed = _feed_for(type(value), value)
    feed(update, value)


def _feed_for(kind: type, value: Any) -> Callable[[Update, Any], None]:
    if dataclasses.is_dataclass(kind):
        return _dataclass
    for base, feed in _BASES:
        if isinstance(value, base):
            return feed
    if kind.__module__.partition(".")[0] == "pandas":
        return _pandas
    raise DomainError(
        f"a {kind.__module__}.{kind.__qualname__} has no digest. Fix: give numbers, texts, arrays, "
        "frames, dataclasses, or lists and dictionaries of these."
    )


def _sized(update: Update, tag: bytes, content: bytes) -> None:
    update(tag + struct.pack("<q", len(content)))
    update(content)


def _none(update: Update, _value: None) -> None:
    update(b"n")


def _bool(update: Update, value: Any) -> None:
    update(b"t" if value else b"f")


def _int(update: Update, value: Any) -> None:
    _sized(update, b"i", str(int(value)).encode())


def _float(update: Update, value: Any) -> None:
    update(b"d" + struct.pack("<d", value))


def _text(update: Update, value: str) -> None:
    _sized(update, b"s", str(value).encode("utf-8", "surrogatepass"))


def _bytes(update: Update, value: Any) -> None:
    _sized(update, b"b", bytes(value))


def _printed(update: Update, value: Any) -> None:
    _sized(update, b"p", f"{_name_of(type(value))} {value!r}".encode())


def _path(update: Update, value: PurePath) -> None:
    _sized(update, b"/", str(value).encode())


def _array(update: Update, value: Any) -> None:
    if value.dtype.kind in "OV":
        _sized(update, b"O", repr((value.dtype.str, value.shape)).encode())
        for one in value.ravel().tolist():
            _feed(update, one)
        return
    update(b"a%b|%d|" % (value.dtype.str.encode(), value.ndim))
    update(struct.pack(f"<{value.ndim}q", *value.shape))
    update(value.tobytes())


def _sequence(update: Update, value: Any) -> None:
    name = b"" if type(value) in (list, tuple) else _name_of(type(value)).encode()
    _sized(update, b"l" if isinstance(value, list) else b"u", name)
    update(struct.pack("<q", len(value)))
    for one in value:
        _feed(update, one)


def _mapping(update: Update, value: Mapping[Any, Any]) -> None:
    _unordered(update, b"m", value.items())


def _set(update: Update, value: Set[Any]) -> None:
    _unordered(update, b"e", value)


def _unordered(update: Update, tag: bytes, parts: Iterable[Any]) -> None:
    digests = sorted(_own(part) for part in parts)
    _sized(update, tag, b"".join(digests))


def _own(value: object) -> bytes:
    hashed = hashlib.blake2b(digest_size=_BYTES)
    _feed(hashed.update, value)
    return hashed.digest()


@cache
def _fields_of(kind: Any) -> tuple[bytes, attrgetter[Any] | None, bool]:
    names = [part.name for part in dataclasses.fields(kind) if part.compare]
    head = f"{_name_of(kind)}({','.join(names)})".encode()
    return head, attrgetter(*names) if names else None, len(names) == 1


def _dataclass(update: Update, value: Any) -> None:
    kind: Any = type(value)
    head, get, single = _fields_of(kind)
    _sized(update, b"c", head)
    if get is None:
        return
    got = get(value)
    for one in (got,) if single else got:
        _feed(update, one)


def _function(update: Update, value: Any) -> None:
    name = _name_of(value)
    if "<lambda>" in name or "<locals>" in name:
        raise DomainError(
            f"the function {name} has no digest: its name does not say what it does. Fix: define "
            "it with def at the top of a module."
        )
    _sized(update, b"F", name.encode())


def _partial(update: Update, value: partial[Any]) -> None:
    update(b"P")
    for one in (value.func, value.args, value.keywords):
        _feed(update, one)


def _enum(update: Update, value: enum.Enum) -> None:
    _sized(update, b"E", f"{_name_of(type(value))}.{value.name}".encode())


def _pandas(update: Update, value: Any) -> None:
    """Frames, series and indexes by name, labels and columns."""
    import pandas as pd  # not before a frame is given

    if isinstance(value, pd.DataFrame):
        update(b"D")
        _feed(update, [str(name) for name in value.columns])
        _pandas(update, value.index)
        for _, column in value.items():
            _column(update, column)
    elif isinstance(value, pd.Series):
        update(b"S")
        _feed(update, str(value.name))
        _pandas(update, value.index)
        _column(update, value)
    elif isinstance(value, pd.RangeIndex):
        _feed(update, (value.start, value.stop, value.step))
    elif isinstance(value, pd.Index):
        update(b"I")
        _column(update, value.to_series())
    else:  # a time stamp, a missing value
        _printed(update, value)


def _column(update: Update, column: Any) -> None:
    import pandas as pd

    _feed(update, str(column.dtype))
    _array(update, pd.util.hash_pandas_object(column, index=False).to_numpy())


def _name_of(what: Any) -> str:
    return f"{what.__module__}.{what.__qualname__}"


_FEEDS: Final[dict[type, Callable[[Update, Any], None]]] = {
    type(None): _none,
    bool: _bool,
    int: _int,
    float: _float,
    str: _text,
    bytes: _bytes,
    bytearray: _bytes,
    np.ndarray: _array,
    list: _sequence,
    tuple: _sequence,
    dict: _mapping,
}
_BASES: Final[tuple[tuple[Any, Callable[[Update, Any], None]], ...]] = (
    (enum.Enum, _enum),
    (np.bool_, _bool),
    ((int, np.integer), _int),
    ((float, np.floating), _float),
    (str, _text),
    (np.ndarray, _array),
    (partial, _partial),
    ((FunctionType, BuiltinFunctionType, type), _function),
    ((datetime, date, np.datetime64, np.timedelta64, complex, Fraction), _printed),
    (PurePath, _path),
    ((list, tuple), _sequence),
    (Mapping, _mapping),
    (Set, _set),
)
"""In the order in which they are tried: an enumeration of integers is an enumeration."""
