"""The guaranteed-service model of a network as a Pyomo model that people can read and extend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from echelon.errors import DomainError, InfeasibleError
from echelon.exact.guaranteed_service.problem import ServiceTimeChoice, ServiceTimeProblem
from echelon.network.compiled import Floats
from echelon.network.network import Network
from echelon.optimization import guaranteed_service
from echelon.optimization.arguments import check_base_stocks, check_service_times, check_step
from echelon.optimization.candidates import tabulate
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.placement import ComponentTask, check_random_lead_times
from echelon.optimization.proof import Limits
from echelon.optimization.side_rows import SideConstraint, add_side_constraints
from echelon.optimization.tasks import component_tasks

Stage = tuple[str, str]

QUANTITIES = {
    "service_time": "periods, quoted to customers",
    "inbound_service_time": "periods until supplies are complete",
    "net_replenishment_time": "periods of demand covered from stock",
    "safety_stock": "units",
    "base_stock": "units",
    "holding_cost": "money per period",
    "holds_stock": "1 where the stage covers any time or uncertainty from stock, else 0",
}
"""What the model says of every stage: indexed expressions, linear in ``pair``."""


@dataclass(frozen=True, slots=True)
class ModelledComponents:
    """What a model was made from, kept with it as ``model.source``.

    Attributes
    ----------
    network : Network
    tasks : list of ComponentTask
    problems : list of ServiceTimeProblem
        One per task.
    labels : list of (item, location)
        Of the stages, in the order in which the model numbers them.
    """

    network: Network
    tasks: Sequence[ComponentTask]
    problems: Sequence[ServiceTimeProblem]
    labels: Sequence[Stage]

    @classmethod
    def of(
        cls,
        network: Network,
        tasks: Sequence[ComponentTask],
        problems: Sequence[ServiceTimeProblem],
    ) -> ModelledComponents:
        """Name the stages of components."""
        labels = [label for task in tasks for label in _labels(network, task)]
        return cls(network, tasks, problems, labels)

    @property
    def first_stage(self) -> list[int]:
        """Number of the first stage of each component, and the number of all stages."""
        sizes = [problem.n_stages for problem in self.problems]
        return [0, *np.cumsum(sizes, dtype=np.int64).tolist()]


def build_model(
    network: Network,
    *,
    component: int | Stage | None = None,
    service_level: float | None = None,
    base_stocks: str = "constant",
    service_times: str = "any",
    side_constraints: SideConstraint | Sequence[SideConstraint] | None = None,
    step: float | None = None,
    integer: bool = True,
) -> Any:
    """Declare the guaranteed-service model of a network in Pyomo.

    The model is the specification of what :func:`echelon.optimize` solves, whatever route it takes:
    a choice of one pair of candidate service times per stage, so that every lane is kept, at least
    cost (see :mod:`echelon.optimization.guaranteed_service`). Write it with
    ``model.write("model.lp")`` or ``".mps"``, add constraints of your own, or hand it to any solver
    of Pyomo's.

    A lane lets a stage hear its supplies later than they are complete. Only where the cost of some
    stock falls as time passes can that seem to save: the model's optimum is then a lower bound on
    that of :func:`echelon.optimize`, whose plans use every supply at once.

    Parameters
    ----------
    network : Network
    component : int or (item, location), optional
        One component only, by its number or one of its stages. Default: all, in one model.
    service_level : float, optional
        Cycle service level for all customers, as in :func:`echelon.optimize`.
    base_stocks : {"constant", "by_period"}
        As in :func:`echelon.optimize`.
    service_times : {"any", "whole"}
        As in :func:`echelon.optimize`; with whole ones, all of them are candidates.
    side_constraints : callable or sequence of callables, optional
        Called on the model when it is declared, as in :func:`echelon.optimize`.
    step : float, optional
        Also allow service times at multiples of so many periods. Left out, the candidates are the
        ones that suffice without further constraints: the closure of zero, limits and outside
        quotes along the lanes, with whole periods where a cost is not concave.
    integer : bool, default True
        Whether ``pair`` is binary; False gives the relaxation, which is exact on trees.

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``pair[j, a, b]`` says that stage ``j`` hears its candidate ``a`` and quotes its candidate
        ``b``; ``cost`` is the objective, money per period. By label, ``(item, location)``, the
        expressions ``service_time``, ``inbound_service_time``, ``net_replenishment_time``
        (periods), ``safety_stock``, ``base_stock`` (units), ``holding_cost`` (money per period) and
        ``holds_stock`` (0 or 1). ``LABEL`` lists the labels and ``source`` holds what it was made
        of.

    Raises
    ------
    TableError
        If stages with customers have no service target.
    DomainError, UnknownNameError
        If there is no such component, ``step`` is not positive, or another argument is not what it
        may be.
    InfeasibleError
        If a stage can keep no service time that it may quote.
    SolverError
        If there are too many candidates to list.

    Examples
    --------
    >>> import echelon as ec
    >>> import pyomo.environ as pyo
    >>> model = ec.build_model(ec.read_example("bulldozer"))
    >>> _ = pyo.SolverFactory("appsi_highs").solve(model)
    >>> round(365 * pyo.value(model.cost))
    632775
    >>> round(pyo.value(model.safety_stock["Case", "plant"]), 2)
    19.11
    """
    if step is not None:
        check_step(step)
    check_base_stocks(base_stocks)
    check_service_times(service_times)
    tasks = component_tasks(
        network,
        service_level,
        "milp",
        Limits(0.0, None, "highs"),
        by_period=base_stocks == "by_period",
        whole=service_times == "whole",
    )
    source = tabulated(network, _chosen(network, tasks, component), step)
    model = declare(source, integer=integer)
    if side_constraints is not None:
        add_side_constraints(model, side_constraints)
    return model


def tabulated(
    network: Network, tasks: Sequence[ComponentTask], step: float | None
) -> ModelledComponents:
    """List the candidates of components and their costs.

    Raises
    ------
    InfeasibleError
        If a stage can keep no service time that it may quote; names it.
    """
    problems = []
    for task in tasks:
        try:
            problems.append(tabulated_alone(task, step))
        except InfeasibleError as error:
            item, location = _labels(network, task)[error.stage or 0]
            raise InfeasibleError(f"{item} @ {location}: {error}", error.stage) from error
    return ModelledComponents.of(network, tasks, problems)


def tabulated_alone(task: ComponentTask, step: float | None) -> ServiceTimeProblem:
    """List the candidates of one component and their costs.

    Raises
    ------
    InfeasibleError
        If a stage can keep no service time that it may quote.
    SolverError
        If there are too many candidates to list.
    """
    check_random_lead_times(task.cost.component)
    return tabulate(task.times, task.cost, step)


def _labels(network: Network, task: ComponentTask) -> list[Stage]:
    rows = network.stages[["item", "location"]].iloc[task.cost.component.stage_row]
    return list(rows.itertuples(index=False, name=None))


def declare(source: ModelledComponents, *, integer: bool = True) -> Any:
    """Declare the model of components, costs loaded, with what it says of each stage by label."""
    m = guaranteed_service.build_together(source.problems, integer=integer)
    m.source = source
    m.LABEL = pyo.Set(initialize=list(source.labels), dimen=2, doc="item and location of a stage")
    terms: dict[str, dict[Stage, Any]] = {name: {} for name in QUANTITIES}
    for first, task, problem in zip(
        source.first_stage, source.tasks, source.problems, strict=False
    ):
        guaranteed_service.load(m, problem, first)
        for j in range(problem.n_stages):
            pairs = np.argwhere(np.isfinite(problem.cost[j]))
            variables = [m.pair[first + j, a, b] for a, b in pairs.tolist()]
            said = quantities_of(task, problem, j)
            for name, table in said.items():
                values = table[pairs[:, 0], pairs[:, 1]].tolist()
                terms[name][source.labels[first + j]] = LinearExpression(
                    constant=0.0, linear_coefs=values, linear_vars=variables
                )
    for name, doc in QUANTITIES.items():
        m.add_component(name, pyo.Expression(m.LABEL, initialize=terms[name], doc=doc))
    return m


def quantities_of(
    task: ComponentTask, problem: ServiceTimeProblem, stage: int
) -> dict[str, Floats]:
    """Tables over the candidates of a stage, (inbound, outbound) float64, by the name of each."""
    times, ticks = problem.times, problem.times.ticks_per_period
    inbound, outbound = problem.inbound[stage][:, None], problem.outbound[stage][None, :]
    shape = (inbound.size, outbound.size)
    asked = StageTimes(
        np.broadcast_to(inbound / ticks, shape),
        np.broadcast_to(outbound / ticks, shape),
        np.maximum(inbound + times.process[stage] - outbound, 0) / ticks,
    )
    stock = task.cost.stock(stage)
    safety = np.broadcast_to(stock.safety_stock(asked), shape)
    return {
        "service_time": asked.outbound,
        "inbound_service_time": asked.inbound,
        "net_replenishment_time": asked.covered,
        "safety_stock": safety,
        "base_stock": np.broadcast_to(stock.base_stock(asked), shape),
        "holding_cost": problem.cost[stage],
        "holds_stock": ((asked.covered > 0.0) | (safety != 0.0)).astype(np.float64),
    }


def variables_of(model: Any, component: int) -> Iterator[Any]:
    """Every variable of one component, by its position in ``model.source``."""
    source = model.source
    problem, first = source.problems[component], source.first_stage[component]
    for j in range(problem.n_stages):
        pairs = np.argwhere(np.isfinite(problem.cost[j])).tolist()
        yield from (model.pair[first + j, a, b] for a, b in pairs)
        yield from (model.inbound_by[first + j, a] for a in range(len(problem.inbound[j])))
        yield from (model.outbound_by[first + j, b] for b in range(len(problem.outbound[j])))


def choose(model: Any, choices: Sequence[ServiceTimeChoice]) -> None:
    """Set the model's own variables to one choice per component."""
    source = model.source
    for variables in (model.pair, model.inbound_by, model.outbound_by):
        for variable in variables.values():
            variable.set_value(0.0, skip_validation=True)
    for first, problem, choice in zip(source.first_stage, source.problems, choices, strict=False):
        for j in range(problem.n_stages):
            a, b = int(choice.inbound[j]), int(choice.outbound[j])
            model.pair[first + j, a, b].set_value(1.0)
            for later in range(a, len(problem.inbound[j])):
                model.inbound_by[first + j, later].set_value(1.0)
            for later in range(b, len(problem.outbound[j])):
                model.outbound_by[first + j, later].set_value(1.0)


def chosen(model: Any) -> list[ServiceTimeChoice]:
    """Read one choice per component from the values of a model's binaries."""
    source = model.source
    choices = []
    for first, problem in zip(source.first_stage, source.problems, strict=False):
        n = problem.n_stages
        at = np.zeros((n, 2), dtype=np.int64)
        for j in range(n):
            pairs = np.argwhere(np.isfinite(problem.cost[j])).tolist()
            values = [model.pair[first + j, a, b].value for a, b in pairs]
            at[j] = pairs[int(np.argmax(values))]
        choices.append(ServiceTimeChoice(at[:, 0].copy(), at[:, 1].copy()))
    return choices


def _chosen(
    network: Network, tasks: list[ComponentTask], component: int | Stage | None
) -> list[ComponentTask]:
    if component is None:
        return tasks
    number = component
    if isinstance(component, tuple):
        item, location = component
        keys = network.stages
        here = (keys["item"] == item) & (keys["location"] == location)
        rows = np.flatnonzero(here.to_numpy())
        if not len(rows):
            raise DomainError(
                f"component is {component!r}, which is no stage of the network. Fix: give (item, "
                "location) as in network.stages."
            )
        number = next(
            c for c, task in enumerate(tasks) if int(rows[0]) in task.cost.component.stage_row
        )
    else:
        known = network.compiled.component_id.tolist()
        if component not in known:
            raise DomainError(
                f"component is {component!r}, must be one of {known[0]} to {known[-1]}, or the "
                "(item, location) of a stage. Fix: plan.components lists them."
            )
        number = known.index(component)
    return [tasks[number]]
