"""What can have become of a target."""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "same": "as before",
    "accepted": "moved within the bands",
    "added": "published for the first time",
    "approved": "moved by decision",
    "rejected": "kept by decision",
    "review": "waiting for a decision",
}
"""Each status, and how a summary counts targets of it."""

STATUSES: Final = tuple(WORDS)

NEW_STANDS: Final = ("same", "accepted", "added", "approved")
"""Statuses of targets that are published as the new plan has them."""

REVIEWED: Final = ("review", "approved", "rejected")
"""Statuses of targets that a person may decide on, and decide again."""
