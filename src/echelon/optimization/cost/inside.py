"""Find a kind of stock inside what is wrapped around it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TypeVar

_Kind = TypeVar("_Kind")


def inside(stock: object, kind: type[_Kind] | tuple[type[_Kind], ...]) -> _Kind | None:
    """Give the stock itself, or what is wrapped in it, that is of a kind; None where nothing is."""
    if isinstance(stock, kind):
        return stock
    if is_dataclass(stock):
        for field in fields(stock):
            found = inside(getattr(stock, field.name), kind)
            if found is not None:
                return found
    return None
