"""Tables larger than memory: divided into shards of whole components, read one by one."""

from __future__ import annotations

from echelon.io.divided.divide import divide
from echelon.io.divided.shard import Shard
from echelon.io.divided.tables import DividedTables, read_divided

__all__ = ["DividedTables", "Shard", "divide", "read_divided"]
