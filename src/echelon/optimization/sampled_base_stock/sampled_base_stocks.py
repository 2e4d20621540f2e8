"""Base stocks on sampled paths of demand and lead times: ``model="base_stock_saa"``."""

from __future__ import annotations

import time
import warnings

import numpy as np

from echelon.errors import DataWarning
from echelon.network.network import Network
from echelon.optimization.calibration.problem import level_steps
from echelon.optimization.sampled_base_stock.arguments import (
    ServiceLevel,
    check_arguments,
    read_targets,
)
from echelon.optimization.sampled_base_stock.checked import check, warn_of_missed
from echelon.optimization.sampled_base_stock.columns import CHECKED
from echelon.optimization.sampled_base_stock.described import Described
from echelon.optimization.sampled_base_stock.frames import changed, plan_of
from echelon.optimization.sampled_base_stock.result import SampledBaseStocks
from echelon.optimization.sampled_base_stock.solve import SolveOptions
from echelon.optimization.sampled_base_stock.tasks import Work, run_all
from echelon.progress import Progress
from echelon.simulation.described.cells import Cells


def sampled_base_stocks(
    network: Network,
    *,
    scenarios: int | None = None,
    periods: int | None = None,
    service_level: ServiceLevel = None,
    service_measure: str | None = None,
    cvar_level: float | None = None,
    cvar_weight: float | None = None,
    cvar_limit: float | None = None,
    method: str = "auto",
    replications: int = 0,
    check_replications: int = 256,
    confidence: float = 0.95,
    solver: str = "highs",
    gap: float = 1e-4,
    time_limit: float | None = 60.0,
    seed: int = 0,
    n_jobs: int = 1,
    progress: Progress = None,
) -> SampledBaseStocks:
    r"""Choose base stocks on sampled paths of demand and lead times, at least cost.

    Sample-average approximation: on :math:`W` paths, all with the library's own draws, the base
    stocks minimise

    .. math:: \sum_j h_j \,\overline{\text{on hand}}_j + (1 - \omega)\,\overline{\ell}
              + \omega \operatorname{CVaR}_a(\ell), \qquad
              \ell_w = \sum_j b_j \,\text{late}_{jw},

    subject to targets of cycle service, ready rate or fill rate over the paths. Stages hand on what
    is asked of them, backorder what they are short of, and serve first come. Every distribution
    that can be drawn is used as it is: lead times that vary as mixtures, skewed and lumpy demand,
    correlation, seasons, reviews.

    Where one level decides, it is found by sorting the paths: the same answer as the declared
    model's, in microseconds. Elsewhere a search finds good levels and the declared mixed-integer
    program proves how good they are on these paths. Where customers buy whole units the levels go
    to whole units: where one level decides to the best of them, elsewhere to the best around, and
    the bound stays that of levels of any size. Afterwards the levels are simulated with other
    random numbers: a target that is missed there is told in a ``DataWarning`` and in the summary.

    Parameters
    ----------
    network : Network
        Base stock policy, backorders, fixed lead times in whole periods or any distribution; what
        else the tables say (capacity, lot sizes, lost sales, ...) makes its component a failure.
    scenarios : int, optional
        Paths; 10,000 where one level decides and 200 elsewhere if not given.
    periods : int, optional
        Counted on each path, rounded up to whole turns of reviews and seasons; one turn if not
        given, which is one period under continuous review.
    service_level : float or mapping of (item, location) to float, optional
        Targets of all stages with customers, or of those named; the others, and all if it is left
        out, have those of the tables, and where the cells are blank none.
    service_measure : {"cycle", "ready", "fill"}, optional
        What targets are of (clause 6); by default what ``stages.service_measure`` says.
    cvar_level : float, optional
        :math:`a`: the tail is the mean of the worst :math:`1 - a` of paths.
    cvar_weight : float, optional
        :math:`\omega`, of the tail in the objective; 1 if not given, 0 beside ``cvar_limit``.
    cvar_limit : float, optional
        Most that the tail of a component's shortage cost may be, money per period.
    method : {"auto", "milp"}
        ``"milp"`` hands every component to the solver.
    replications : int, default 0
        Fresh samples, each solved again, that bound the gap to the best levels of the true problem
        (Mak, Morton and Wood). At least 2, or 0 for none.
    check_replications : int, default 256
        Of the simulation out of sample, 104 periods each; 0 leaves it out.
    confidence : float, default 0.95
        Of the intervals out of sample, and of the bound on the true gap (one-sided).
    solver : str, default "highs"
    gap : float, default 1e-4
        Relative gap at which the solver may stop.
    time_limit : float, default 60.0
        Seconds of the solver per component (and per fresh sample).
    seed : int, default 0
        Of the paths, which are the replications of ``simulate`` with this seed; ``seed + 1`` of the
        simulation and those above of fresh samples.
    n_jobs : int, default 1
        Workers; -1 uses every core.
    progress : bool, callable or None

    Returns
    -------
    SampledBaseStocks
        A plan, with its proof on the paths and its check out of sample.

    Raises
    ------
    DomainError
        With everything that is wrong about the arguments, or if fixed times are not whole.

    Warns
    -----
    DataWarning
        If a target is missed out of sample; if a stage with several who ask has another rule than
        first come; if times of stages or lanes inside a chain vary.

    References
    ----------
    .. [1] Luedtke, Ahmed & Nemhauser (2010), An integer programming approach for linear programs
       with probabilistic constraints, *Mathematical Programming* 122.
    .. [2] Mak, Morton & Wood (1999), Monte Carlo bounding techniques for determining solution
       quality in stochastic programs, *Operations Research Letters* 24.
    .. [3] Rockafellar & Uryasev (2000), Optimization of conditional value-at-risk, *Journal of
       Risk* 2.

    Examples
    --------
    A newsvendor: demand N(50, 8) over four periods, one unit short costs nine times one held, so
    the level is the 90 % quantile, 200 + 1.2816 x 16 = 220.5.

    >>> import echelon as ec
    >>> shop = ec.serial(["shop"], lead_time=[4], holding_cost=[1.0], backorder_cost=[9.0],
    ...                  demand_mean=50.0, demand_std=8.0)
    >>> plan = ec.optimize(shop, model="base_stock_saa", seed=7)
    >>> plan.status, bool(abs(plan.stages["base_stock"].iloc[0] - 220.5) < 1.0)
    ('optimal', True)
    """
    arguments = {name: value for name, value in locals().items() if name != "network"}
    tail = check_arguments(network, arguments)
    began = time.perf_counter()
    targets = read_targets(network, service_level, service_measure)
    described = Described.of(network)
    _warn(described)
    work = Work(
        described, targets, tail, scenarios, periods, seed, replications, confidence,
        SolveOptions(method, solver, gap, time_limit), level_steps(network),
    )  # fmt: skip
    done = run_all(work, n_jobs, progress)
    solved = time.perf_counter()
    plan = plan_of(network, work, done, arguments, solved - began)
    if not check_replications or plan.stages.empty:
        return plan
    checked, run = check(
        network, plan, plan.checked[list(CHECKED.names[:5])],
        replications=check_replications, seed=seed + 1, confidence=confidence, n_jobs=n_jobs,
    )  # fmt: skip
    warn_of_missed(checked)
    total = run.total.iloc[0]
    return changed(
        plan,
        checked=checked,
        simulation=run,
        simulated_cost=float(total["holding_cost"] + total["backorder_cost"]),
        simulated_cost_se=float(total["cost_se"]),
    )


def _warn(described: Described) -> None:
    """Say where the sampled problem takes something otherwise than the simulation."""
    layout = described.layout
    structure, features = layout.structure, layout.feature_set.features
    inside = np.diff(structure.lane_ptr) > 0
    varies = inside & ((features.make_row >= 0) | (features.release_row >= 0))
    varies[structure.receiver[features.lane_row >= 0]] = True
    cells = Cells.of(described.network)
    if described.other_allocation.any():
        warnings.warn(
            "the sampled problem serves first come where several ask, and the table's rule is "
            f"another at {cells.named_stages(described.other_allocation)}. Fix: set "
            "stages.allocation to first_come, or look at what the simulation out of sample says.",
            DataWarning,
            stacklevel=4,
        )
    if varies.any():
        warnings.warn(
            f"times inside a chain vary at {cells.named_stages(varies)}: on the sampled paths the "
            "time of every period holds up what comes after it, also where nothing was shipped for "
            "want of stock, so they are a little longer than in a simulation. Fix: look at what "
            "that says out of sample.",
            DataWarning,
            stacklevel=4,
        )
