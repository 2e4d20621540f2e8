"""The columns of a time that may be random, and what bounds all times."""

from __future__ import annotations

from echelon.tables.column import Column

LONGEST = 1e6
"""Periods: beyond that a time is a typing error, and sums of times lose digits."""


def time_columns(
    text: str, taker: str, *, prefix: str = "lead_time", feature: bool = False
) -> tuple[Column, ...]:
    """Columns of a time, alike for stages and lanes; ``taker`` is what takes it."""
    noun = prefix.replace("_", " ")
    beside = () if feature else (f"{prefix}_family", f"{prefix}_distribution")
    otherwise = "0, and " if feature else ""
    return (
        Column(
            prefix,
            "period",
            text,
            minimum=0.0,
            maximum=LONGEST,
            default=0.0,
            blank=f"{otherwise}where the parameters or the `{prefix}_distribution` fix it",
            blank_beside=beside,
            feature=feature,
            fix=f"give the time in periods of the network, 0 where {taker} takes no time",
        ),
        Column(
            f"{prefix}_std",
            "period",
            f"Standard deviation of the time that {taker} takes",
            minimum=0.0,
            maximum=LONGEST,
            default=0.0,
            blank=f"{otherwise}where the family, the parameters or the `{prefix}_distribution` "
            "fix it",
            blank_beside=beside,
            feature=feature,
            fix=f"give the standard deviation in periods, 0 where the {noun} is known",
        ),
        Column(
            f"{prefix}_family",
            "",
            f"Name of the distribution of the {noun}, a family of demand whose values are not "
            "negative",
            dtype="text",
            default="",
            blank="only the mean and the standard deviation are known",
            feature=feature,
            fix="use the name of a family, or leave it blank",
        ),
        Column(
            f"{prefix}_parameters",
            "",
            'What the family needs besides, {"values": [2, 9], "probabilities": [0.9, 0.1]} of '
            "empirical for example",
            dtype="json",
            default="",
            blank="the family needs none",
            feature=feature,
            fix='write a JSON object, for example {"values": [2, 9]}',
        ),
        Column(
            f"{prefix}_distribution",
            "period",
            "A distribution of echelon or a frozen one of scipy.stats, in Python only, instead of "
            f"`{prefix}`, `{prefix}_std`, `{prefix}_family` and `{prefix}_parameters`",
            dtype="object",
            blank="the other columns say it",
            feature=feature,
            fix="give a distribution of echelon.distributions or a frozen one of scipy.stats",
        ),
    )
