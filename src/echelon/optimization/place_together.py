"""Place stock under side constraints, which may tie components together.

They may put the optimum between the times that are vertices, so the candidates take in a grid, and
the certificate is over those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from echelon.errors import DomainError
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.network.last_stages import last_stages
from echelon.network.network import Network
from echelon.optimization.constrained import ConstrainedSearch, PlacedTogether
from echelon.optimization.model import ModelledComponents, declare, tabulated_alone
from echelon.optimization.place_all import placed_or_failed
from echelon.optimization.placement import ComponentTask, Failure, Placement
from echelon.optimization.proof import Limits
from echelon.optimization.side_rows import SideConstraint, add_side_constraints


def place_together(
    network: Network,
    tasks: Sequence[ComponentTask],
    side_constraints: SideConstraint | Sequence[SideConstraint],
    limits: Limits,
    step: float,
) -> PlacedTogether:
    """Place the stock of all components at least cost so that side constraints hold.

    Components that no side constraint touches are solved each by itself, and if the plans so found
    keep all side constraints and their costs are not touched, nothing else is solved. Components
    that have no plan even without side constraints fail, and are not in the model that these are
    called on.

    Raises
    ------
    DomainError
        If a side constraint is not one, or asks for what is not in the model; if the method does
        not serve.
    SolverError
        If there are too many candidates to list.
    """
    if tasks[0].method not in ("auto", "milp"):
        raise DomainError(
            f"method is {tasks[0].method!r}, which knows no side constraints. Fix: use 'auto' or "
            "'milp'."
        )
    placed, problems = _each_alone(tasks, step)
    if not problems:
        return PlacedTogether(placed, float("nan"), float("nan"))
    modelled = [tasks[c] for c in problems]
    model = declare(ModelledComponents.of(network, modelled, list(problems.values())))
    try:
        terms = add_side_constraints(model, side_constraints)
    except Exception as error:
        failed = [(c, one) for c, one in enumerate(placed) if isinstance(one, Failure)]
        if failed:
            raise _with_failures(error, network, failed) from error
        raise
    alone = [one for one in placed if isinstance(one, Placement)]
    search = ConstrainedSearch(model, terms, limits, alone)
    search.run()
    together = search.result()
    for c, one in zip(problems, together.placed, strict=True):
        placed[c] = one
    return replace(together, placed=placed)


def _each_alone(
    tasks: Sequence[ComponentTask], step: float
) -> tuple[list[Placement | Failure], dict[int, ServiceTimeProblem]]:
    """Place components without side constraints; list the candidates of those that have a plan."""
    placed = [placed_or_failed(replace(task, method="auto")) for task in tasks]
    there = [c for c, one in enumerate(placed) if isinstance(one, Placement)]
    return placed, {c: tabulated_alone(tasks[c], step) for c in there}


def _with_failures(
    error: Exception, network: Network, failed: Sequence[tuple[int, Failure]]
) -> DomainError:
    """Say with what a side constraint ended which components it could not find."""
    labels = last_stages(network, [c for c, _ in failed])
    named = [f"{item} @ {location}" for item, location in labels[:5]]
    more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
    said = str(error).rstrip(".")
    return DomainError(
        f"a side constraint ended with {type(error).__name__}: {said}. Not in the model are the "
        f"components of {', '.join(named)}{more}, which have no plan without side constraints "
        f"either; the first: {failed[0][1].message} Fix: mend these, or let side constraints go by "
        "model.LABEL."
    )
