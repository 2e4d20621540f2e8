"""Answers computed exactly, without sampling and without a solver.

The public models, by name and loaded on first use: ``echelon.exact.newsvendor(...)``.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME: dict[str, str] = {
    "single_stage": "single_stage.base_stock",
}
"""Each public model and the module it lives in."""

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"echelon.exact.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'echelon.exact' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
