"""Progress of long work: silent, a bar, or the caller's own function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from echelon.errors import DomainError

Progress: TypeAlias = bool | Callable[[int, int, str], None] | None
"""What ``progress=`` accepts.

``None`` shows a bar on a terminal or in a notebook once the work has taken two seconds, ``True``
shows it at once, ``False`` never does; a function is called as ``progress(done, total, label)``.
"""

PATIENCE_SECONDS = 2.0
"""How long work goes on without a word."""


def check_progress(progress: object) -> None:
    """Refuse what is no way of showing progress.

    Raises
    ------
    DomainError
    """
    if progress is not None and not isinstance(progress, bool) and not callable(progress):
        raise DomainError(
            f"progress is {progress!r}. Fix: give True for a bar, False for none, or a function "
            "of units done, units in all and a label."
        )


@contextmanager
def track(progress: Progress, total: int, label: str) -> Iterator[Callable[[int], None]]:
    """Give a function that reports ``n`` more units of ``total`` done.

    Examples
    --------
    >>> seen = []
    >>> with track(lambda done, total, label: seen.append(done), 3, "stages") as advance:
    ...     advance(1)
    ...     advance(2)
    >>> seen
    [1, 3]
    """
    check_progress(progress)
    if callable(progress):
        done = 0

        def report(n: int) -> None:
            nonlocal done
            done += n
            progress(done, total, label)

        yield report
        return
    if progress is False or (progress is None and not _someone_is_watching()):
        yield lambda _n: None
        return
    from tqdm.auto import tqdm  # imported here: 40 ms that `import echelon` need not pay

    delay = 0.0 if progress else PATIENCE_SECONDS
    with tqdm(total=total, desc=label, delay=delay, leave=False) as bar:
        yield lambda n: (bar.update(n), None)[1]


def announce(message: str) -> None:
    """Write a line where someone is watching, above the bars that are shown."""
    if _someone_is_watching():
        from tqdm.auto import tqdm

        tqdm.write(message, file=sys.stderr)


def _someone_is_watching() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules
