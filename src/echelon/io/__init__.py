"""Networks from files."""

from __future__ import annotations

from echelon.io.folder import read_network

__all__ = ["read_network"]
