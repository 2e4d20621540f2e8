"""The log of a run: one line per event, for people and for machines."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_logger = logging.getLogger(__name__)
_logger.addHandler(logging.NullHandler())  # else Python prints what nobody listens to

LEVELS = {"INFO": logging.INFO, "WARNING": logging.WARNING, "ERROR": logging.ERROR}


class RunLog:
    """Appends lines: ``2026-11-22T02:00:07+00:00 INFO event=shard_done shard=12 stages=2004``.

    Each line is flushed when it is written, so that a killed run leaves what it knew. The same
    lines go to the logger ``echelon.jobs.log`` for a scheduler that collects those.

    Parameters
    ----------
    path : Path
        Made where absent, appended to where not.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # a line that a full disk had no room for
            self._file.close()

    def info(self, event: str, **facts: Any) -> None:
        """Tell that something happened."""
        self._tell("INFO", event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        """Tell of something that a person may want to look at."""
        self._tell("WARNING", event, facts)

    def error(self, event: str, **facts: Any) -> None:
        """Tell of something that went wrong."""
        self._tell("ERROR", event, facts)

    def _tell(self, level: str, event: str, facts: dict[str, Any]) -> None:
        line = f"event={event}" + "".join(f" {name}={_word(v)}" for name, v in facts.items())
        when = datetime.now(UTC).isoformat(timespec="seconds")
        self._file.write(f"{when} {level} {line}\n")
        self._file.flush()
        _logger.log(LEVELS[level], line)


def _word(value: object) -> str:
    """Write a value without a space or a line break outside quotation marks.

    Examples
    --------
    >>> _word(0.25), _word("dask"), _word("two words")
    ('0.25', 'dask', '"two words"')
    """
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    plain = text and not any(c.isspace() or c in '"=\\' for c in text)
    return text if plain else json.dumps(text, ensure_ascii=False)
