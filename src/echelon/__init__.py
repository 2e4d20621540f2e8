"""Multi-echelon inventory optimisation: tables in, certified plans out, checked by simulation.

>>> import echelon as ec
>>> network = ec.read_example("bulldozer")
>>> plan = ec.optimize(network)
>>> round(plan.annual_cost)
632775

Each public name is loaded when it is first used, so that importing the library costs next to
nothing: the solver, the compiled kernels and the statistics arrive with the first call that needs
them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.6.0"

if TYPE_CHECKING:  # what a type checker and an editor see; the table below says the same to Python
    from echelon import datasets, distributions, errors, exact, plots
    from echelon.demand.baseline import baseline_forecasts
    from echelon.demand.fit import fit_demand
    from echelon.demand.forecast import ForecastModels, fit_forecasts
    from echelon.demand.models import DemandModels
    from echelon.demand.revisions import ForecastRevisions, fit_forecast_revisions
    from echelon.demand.segments import CorrelationModels, correlation_table, fit_correlation
    from echelon.errors import DataWarning, EchelonError, TableError
    from echelon.exact.evaluate import Evaluation, evaluate
    from echelon.exact.perishable.levels_result import PerishableLevels
    from echelon.exact.perishable.network_levels import perishable_levels
    from echelon.exact.perishable.projected_policy import ProjectedLevel
    from echelon.exact.single_stage.base_stock import single_stage
    from echelon.execution.ledger import Ledger
    from echelon.io.divided.divide import divide
    from echelon.io.divided.tables import DividedTables, read_divided
    from echelon.io.examples import read_example
    from echelon.io.folder import read_network
    from echelon.io.parts import PartedFrame
    from echelon.io.plan import read_plan
    from echelon.io.publication import read_publication
    from echelon.io.scms import read_scms
    from echelon.io.simulation import read_simulation
    from echelon.io.target_plan import read_target_plan
    from echelon.io.willems import read_willems
    from echelon.jobs.result import Run, read_run
    from echelon.jobs.run import run
    from echelon.lead_time.exposure import exposure_demand
    from echelon.lead_time.fit import fit_lead_time
    from echelon.lead_time.models import LeadTimeModels
    from echelon.lead_time.score import score_lead_time
    from echelon.network.build import assembly, distribution, general, serial
    from echelon.network.network import Network
    from echelon.optimization.calibration.calibrate import calibrate
    from echelon.optimization.calibration.result import Calibration
    from echelon.optimization.model import build_model
    from echelon.optimization.optimize import optimize
    from echelon.optimization.portfolio.limits import (
        AggregateService,
        SharedCapacity,
        SharedStorage,
        StockBudget,
    )
    from echelon.optimization.portfolio.option_choice import OptionChoice, choose_options
    from echelon.optimization.portfolio.option_limits import AtLeast, AtMost
    from echelon.optimization.portfolio.portfolio_plan import Portfolio
    from echelon.optimization.sampled_base_stock.result import SampledBaseStocks
    from echelon.optimization.sensitivity.result import Sensitivity
    from echelon.optimization.sensitivity.sensitivity import sensitivity
    from echelon.optimization.side_constraints import (
        budget,
        no_stock_at,
        opening_cost,
        storage_limit,
    )
    from echelon.optimization.simulated_base_stock.result import SimulatedBaseStocks
    from echelon.optimization.target_inventory.result import TargetPlan
    from echelon.policies.base import StageView
    from echelon.policies.base_stock import BaseStock, EchelonBaseStock
    from echelon.policies.min_max import MinMax
    from echelon.policies.plan import Plan
    from echelon.policies.publication.publication import Publication
    from echelon.policies.publication.publish import publish
    from echelon.policies.reorder_point import ReorderPoint, ReorderPointOnce
    from echelon.policies.rounding import OrderRounding
    from echelon.reports.plan import report
    from echelon.simulation.compare import Comparison, compare_runs
    from echelon.simulation.result import Simulation
    from echelon.simulation.simulate import simulate

__all__ = [
    "AggregateService",
    "AtLeast",
    "AtMost",
    "BaseStock",
    "Calibration",
    "Comparison",
    "CorrelationModels",
    "DataWarning",
    "DemandModels",
    "DividedTables",
    "EchelonBaseStock",
    "EchelonError",
    "Evaluation",
    "ForecastModels",
    "ForecastRevisions",
    "LeadTimeModels",
    "Ledger",
    "MinMax",
    "Network",
    "OptionChoice",
    "OrderRounding",
    "PartedFrame",
    "PerishableLevels",
    "Plan",
    "Portfolio",
    "ProjectedLevel",
    "Publication",
    "ReorderPoint",
    "ReorderPointOnce",
    "Run",
    "SampledBaseStocks",
    "Sensitivity",
    "SharedCapacity",
    "SharedStorage",
    "SimulatedBaseStocks",
    "Simulation",
    "StageView",
    "StockBudget",
    "TableError",
    "TargetPlan",
    "assembly",
    "baseline_forecasts",
    "budget",
    "build_model",
    "calibrate",
    "choose_options",
    "compare_runs",
    "correlation_table",
    "datasets",
    "distribution",
    "distributions",
    "divide",
    "errors",
    "evaluate",
    "exact",
    "exposure_demand",
    "fit_correlation",
    "fit_demand",
    "fit_forecast_revisions",
    "fit_forecasts",
    "fit_lead_time",
    "general",
    "no_stock_at",
    "opening_cost",
    "optimize",
    "perishable_levels",
    "plots",
    "publish",
    "read_divided",
    "read_example",
    "read_network",
    "read_plan",
    "read_publication",
    "read_run",
    "read_scms",
    "read_simulation",
    "read_target_plan",
    "read_willems",
    "report",
    "run",
    "score_lead_time",
    "sensitivity",
    "serial",
    "simulate",
    "single_stage",
    "storage_limit",
]

_HOME = {
    "AggregateService": "optimization.portfolio.limits",
    "AtLeast": "optimization.portfolio.option_limits",
    "AtMost": "optimization.portfolio.option_limits",
    "BaseStock": "policies.base_stock",
    "Calibration": "optimization.calibration.result",
    "Comparison": "simulation.compare",
    "CorrelationModels": "demand.segments",
    "DataWarning": "errors",
    "DemandModels": "demand.models",
    "DividedTables": "io.divided.tables",
    "EchelonBaseStock": "policies.base_stock",
    "EchelonError": "errors",
    "Evaluation": "exact.evaluate",
    "ForecastModels": "demand.forecast",
    "ForecastRevisions": "demand.revisions",
    "LeadTimeModels": "lead_time.models",
    "Ledger": "execution.ledger",
    "MinMax": "policies.min_max",
    "Network": "network.network",
    "OptionChoice": "optimization.portfolio.option_choice",
    "OrderRounding": "policies.rounding",
    "PartedFrame": "io.parts",
    "PerishableLevels": "exact.perishable.levels_result",
    "Plan": "policies.plan",
    "Portfolio": "optimization.portfolio.portfolio_plan",
    "ProjectedLevel": "exact.perishable.projected_policy",
    "Publication": "policies.publication.publication",
    "ReorderPoint": "policies.reorder_point",
    "ReorderPointOnce": "policies.reorder_point",
    "Run": "jobs.result",
    "SampledBaseStocks": "optimization.sampled_base_stock.result",
    "Sensitivity": "optimization.sensitivity.result",
    "SharedCapacity": "optimization.portfolio.limits",
    "SharedStorage": "optimization.portfolio.limits",
    "SimulatedBaseStocks": "optimization.simulated_base_stock.result",
    "Simulation": "simulation.result",
    "StageView": "policies.base",
    "StockBudget": "optimization.portfolio.limits",
    "TableError": "errors",
    "TargetPlan": "optimization.target_inventory.result",
    "assembly": "network.build",
    "baseline_forecasts": "demand.baseline",
    "budget": "optimization.side_constraints",
    "build_model": "optimization.model",
    "calibrate": "optimization.calibration.calibrate",
    "choose_options": "optimization.portfolio.option_choice",
    "compare_runs": "simulation.compare",
    "correlation_table": "demand.segments",
    "distribution": "network.build",
    "divide": "io.divided.divide",
    "evaluate": "exact.evaluate",
    "exposure_demand": "lead_time.exposure",
    "fit_correlation": "demand.segments",
    "fit_demand": "demand.fit",
    "fit_forecast_revisions": "demand.revisions",
    "fit_forecasts": "demand.forecast",
    "fit_lead_time": "lead_time.fit",
    "general": "network.build",
    "no_stock_at": "optimization.side_constraints",
    "opening_cost": "optimization.side_constraints",
    "optimize": "optimization.optimize",
    "perishable_levels": "exact.perishable.network_levels",
    "publish": "policies.publication.publish",
    "read_divided": "io.divided.tables",
    "read_example": "io.examples",
    "read_network": "io.folder",
    "read_plan": "io.plan",
    "read_publication": "io.publication",
    "read_run": "jobs.result",
    "read_scms": "io.scms",
    "read_simulation": "io.simulation",
    "read_target_plan": "io.target_plan",
    "read_willems": "io.willems",
    "report": "reports.plan",
    "run": "jobs.run",
    "score_lead_time": "lead_time.score",
    "sensitivity": "optimization.sensitivity.sensitivity",
    "serial": "network.build",
    "simulate": "simulation.simulate",
    "single_stage": "exact.single_stage.base_stock",
    "storage_limit": "optimization.side_constraints",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"echelon.{_HOME[name]}"), name)
        globals()[name] = value  # the next look-up does not come here
        return value
    if name in __all__:
        return importlib.import_module(f"echelon.{name}")
    raise AttributeError(f"module 'echelon' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
