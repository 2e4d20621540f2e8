"""Plan target inventories of a network: orders and stock, period by period, at least cost."""

from __future__ import annotations

import pandas as pd

from echelon.errors import DomainError, UnknownNameError
from echelon.execution.workers import check_n_jobs
from echelon.network.features import PLANNING
from echelon.network.network import Network
from echelon.optimization.arguments import limit_faults
from echelon.optimization.target_inventory.arguments import TargetOptions, check_options
from echelon.optimization.target_inventory.result import TargetPlan
from echelon.optimization.target_inventory.solve import METHODS, TargetLimits
from echelon.optimization.target_inventory.solve_targets import solve_targets
from echelon.optimization.target_inventory.target_plan import target_plan
from echelon.policies.plan import Plan
from echelon.progress import Progress, check_progress

RECKONED = (
    *(
        f"stages.{name}"
        for name in (
            "order_multiple",
            "minimum_order",
            "maximum_order",
            "order_cost",
            "overtaking",
            "capacity",
            "yield_mean",
            "lot_failure",
            "shelf_life",
            "lost_sales_share",
            "waste_cost",
            "service_measure",
        )
    ),
    "lanes.expedite_rule",
    "lanes.overtaking",
    "demand.minimum_remaining_life",
    *(f"{name}.rows" for name in ("calendar", *PLANNING)),
)
"""Features that the model reckons with, as ``Network.warn_of_unreckoned`` names them."""


def optimize_targets(
    network: Network,
    *,
    horizon: int,
    lookahead: int | None = None,
    opening: str = "given",
    forecast: pd.DataFrame | None = None,
    floors: Plan | pd.DataFrame | None = None,
    floor_price: float | None = None,
    frozen: int = 0,
    frozen_orders: TargetPlan | pd.DataFrame | None = None,
    prices: pd.DataFrame | None = None,
    charge_pipeline: bool = True,
    method: str = "auto",
    gap: float = 1e-6,
    time_limit: float | None = None,
    solver: str = "highs",
    n_jobs: int = 1,
    progress: Progress = None,
) -> TargetPlan:
    r"""Plan what to hold, order and when, period by period, at least cost under a planner's limits.

    Demand is taken as known: its mean in each period, or a forecast. What the tables say holds:
    whole batches, least and largest orders, capacities, calendars, resources that items share,
    shelf lives with least remaining lives, yields at their mean, opening stock by age and open
    orders, suppliers of one part by their shares, and the fast way of a lane where its price pays.
    Times that vary enter at their mean, and times are rounded up to whole periods;
    ``rounded_times`` lists them. Customers may be served from the period in which they ask. What
    shortage costs decides whether it may be: where ``backorder_cost`` and ``lost_sale_cost`` give
    it no price all demand is met on time, and a component that cannot is a failure that says so;
    where it has one, a plan may keep stock from customers where that costs less, for a floor or for
    others, and where some of what is short is lost it may serve new demand before what is owed.
    Uncertainty is covered by ``floors``: safety stock that another model has worked out, whose
    violation has a price.

    Each component of the network, or several that share a resource, is a mixed-integer program in
    Pyomo, solved by HiGHS; :func:`~.model.build_target_model` declares it.

    Parameters
    ----------
    network : Network
    horizon : int
        Periods to plan, from period 0.
    lookahead : int, optional
        Further periods that are planned, so that the last ones of the horizon know what comes. By
        default the longest time from an order to customers in the component, reviews in; 0 plans
        the horizon and nothing after it. Orders that arrive after the last period planned are not
        placed, unless frozen; what comes to a stage that may hold nothing when none of its
        receivers orders any more is left there.
    opening : {"given", "empty"}
        What is on hand where neither ``initial_stock`` nor the table ``stock`` says it: a fault, or
        nothing. Where the table ``stock`` has rows, stages that are not in it have nothing.
    forecast : DataFrame, optional
        Demand in place of the means of the table: item, location, [segment columns,] period, mean.
        Rows of demand that are in it are in it for every period planned; later periods in it, and
        in the frames below, are passed over.
    floors : Plan or DataFrame, optional
        Least stock on hand at the end of a period: the safety stock of a plan, or a frame with
        item, location, [period,] floor and [price]. A floor may be violated at a price, and every
        violation is a row of the result.
    floor_price : float, optional
        Money per unit and period below the floor, where the frame gives none.
    frozen : int, default 0
        First periods whose orders are given: those of ``frozen_orders``, and none besides. They are
        not held to batches and order sizes, and are to everything else.
    frozen_orders : DataFrame or TargetPlan, optional
        item, location, period, order (units), or the plan made before, its periods as they are;
        later periods in it are passed over.
    prices : DataFrame, optional
        What is paid for a unit ordered: item, location, [period,] price. Without it stock is
        charged for being held and not for being bought.
    charge_pipeline : bool, default True
        Charge units on the way as well: in transit at the supplier's holding cost, in make and in
        release at the stage's own. Without, a plan may send on what nobody asks for, to save its
        holding while it travels.
    method : {"auto", "milp"}
        ``"auto"`` takes the recursion of Wagner and Whitin where a component is lot sizing and no
        more; ``"milp"`` the model everywhere.
    gap : float, default 1e-6
        Relative gap at which a component counts as solved.
    time_limit : float, optional
        Seconds per component; what has been found by then is kept, with its gap.
    solver : str, default "highs"
        Or any Pyomo solver by name, which gives no prices of what binds.
    n_jobs : int, default 1
        Worker processes; -1 for one per core.
    progress : bool or callable, optional
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    TargetPlan
        Targets by stage and period with their components, the orders, what binds and its price. A
        component without a plan is a row of ``failures``, which says what cannot be met.

    Warns
    -----
    DataWarning
        If the tables say what the model does not reckon with: disruptions, levels, backup lanes,
        a policy by which a stage orders.

    Raises
    ------
    TableError
        With every fault of the frames given, and of stages whose opening stock is not known.
    DomainError, UnknownNameError, SolverError
        If an argument is outside what it may be, the network has no customers, or the solver is
        unknown or not installed.

    Examples
    --------
    Four weeks of demand, 500 for an order, 2 a week for holding a unit:

    >>> import pandas as pd
    >>> import echelon as ec
    >>> stages = pd.DataFrame({"item": ["pill"], "location": "depot", "holding_cost": 2.0,
    ...                        "order_cost": 500.0, "initial_stock": 0.0})
    >>> demand = pd.DataFrame({"item": "pill", "location": "depot", "period": range(4),
    ...                        "family": "deterministic", "mean": [90, 120, 80, 70]})
    >>> network = ec.Network.from_tables(stages, None, demand)
    >>> plan = ec.optimize(network, model="target_inventory", horizon=4)
    >>> plan.objective, plan.status
    (1380.0, 'optimal')
    >>> plan.orders[["period", "quantity", "available"]]
       period  quantity  available
    0       0     210.0          0
    1       2     150.0          2
    """
    arguments = {
        name: value
        for name, value in locals().items()
        if name not in ("network", "n_jobs", "progress")
    }
    options = TargetOptions(
        horizon,
        lookahead,
        opening,
        forecast,
        floors,
        floor_price,
        frozen,
        frozen_orders,
        prices,
        charge_pipeline,
    )
    _check(network, options, method, gap, time_limit, solver)
    check_n_jobs(n_jobs)
    check_progress(progress)
    network.warn_of_unreckoned("the target-inventory model", RECKONED)
    limits = TargetLimits(method, gap, time_limit, solver)
    solved = solve_targets(
        network, options, limits, arguments=arguments, n_jobs=n_jobs, progress=progress
    )
    return target_plan(network, solved)


def _check(
    network: Network,
    options: TargetOptions,
    method: str,
    gap: float,
    time_limit: float | None,
    solver: str,
) -> None:
    if not isinstance(network, Network):
        raise DomainError(
            f"network is a {type(network).__name__}. Fix: make one with Network.from_tables, or "
            "read a folder with read_network."
        )
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    check_options(options)
    faults = limit_faults(gap, time_limit)
    if faults:
        raise DomainError("\n".join(faults))
    if solver != "highs":
        from echelon.optimization.solvers import find_solver  # Pyomo: not before it is needed

        find_solver(solver)
    if not len(network.compiled.demand_row):
        raise DomainError(
            "no stage of this network has customers, so there is nothing to plan for. "
            "Fix: give the demand table."
        )
