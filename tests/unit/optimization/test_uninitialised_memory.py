"""No cost is computed from memory that nothing was written to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import echelon as ec

_SIGNALLING = np.uint64(0x7FF4000000000001)
"""Bits of a number that raises the flag of an invalid operation wherever it is computed with."""


@pytest.mark.parametrize("service_times", ["whole", "any"])
def test_placing_computes_with_nothing_that_was_not_written(
    service_times: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def filled(made: Any) -> Any:
        if made.dtype == np.float64 and made.size:
            made.view(np.uint64)[...] = _SIGNALLING
        return made

    portfolio = ec.datasets.make_portfolio(40)
    network = ec.Network.from_tables(**portfolio.tables, **portfolio.settings)
    expected = ec.optimize(network, service_times=service_times, progress=False)
    empty, empty_like = np.empty, np.empty_like
    monkeypatch.setattr(np, "empty", lambda *a, **options: filled(empty(*a, **options)))
    monkeypatch.setattr(np, "empty_like", lambda *a, **options: filled(empty_like(*a, **options)))
    with np.errstate(invalid="raise"):
        with pytest.raises(FloatingPointError):
            np.empty(3) * 2.0
        found = ec.optimize(network, service_times=service_times, progress=False)
    assert found.objective == expected.objective
    assert found.stages.drop(columns="seconds", errors="ignore").equals(
        expected.stages.drop(columns="seconds", errors="ignore")
    )
