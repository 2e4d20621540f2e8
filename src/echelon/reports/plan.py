"""The page of a plan: what it costs, how that is proven, where stock sits, stage by stage."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from echelon.display import amount, counted, money, unit_in_words, with_units
from echelon.errors import DomainError, FolderError, MissingExtraError
from echelon.folder import write_aside
from echelon.plots.canvas import as_svg
from echelon.policies.columns import COMPONENTS, STAGES
from echelon.policies.plan import Plan, gap_in_words
from echelon.results import failure_in_words
from echelon.tables.column import Table

if TYPE_CHECKING:
    from jinja2 import Template

    from echelon.network.network import Network

MOST_ROWS: Final = 5_000
"""Rows of a table on a page; a browser sorts and searches so many at once."""

_STAGE_COLUMNS = (
    "item",
    "location",
    "holding_cost",
    "safety_stock",
    "base_stock",
    "service_time",
    "inbound_service_time",
    "net_replenishment_time",
    "pipeline_stock",
    "demand_mean",
    "demand_std",
    "target_service_level",
    "service_level",
)


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table as the page writes it: headers with what they mean, cells as text and as values."""

    headers: list[dict[str, str]]
    rows: list[list[dict[str, str]]]
    left_out: str


def report(plan: Plan, network: Network, path: str | Path) -> Path:
    """Write a plan as one HTML page with its pictures, to open in any browser or to send.

    The page tells the cost and its proven bound, by which route each component was proven, where
    the stock sits and what it costs by echelon; a table of all stages, the costliest first, can be
    sorted and searched. What failed and where the numbers come from stand at the end. Nothing is
    loaded from elsewhere.

    Parameters
    ----------
    plan : Plan
    network : Network
        The one the plan is for.
    path : str or Path
        File to write, written aside and then renamed; one that is there is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DomainError
        If ``plan`` is something else, or has a stage that the network does not.
    FolderError
        If the file cannot be written.
    MissingExtraError
        If jinja2 or matplotlib is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import echelon as ec
    >>> network = ec.read_example("bulldozer")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = ec.report(ec.optimize(network), network, Path(folder) / "bulldozer.html")
    ...     page.name, "632,775" in page.read_text(encoding="utf-8")
    ('bulldozer.html', True)
    """
    if not isinstance(plan, Plan):
        raise DomainError(
            f"plan is a {type(plan).__name__}. Fix: give what optimize or read_plan returns."
        )
    text = _template().render(
        plan=plan,
        title=f"Safety stock of {plan.name}" if plan.name else "Safety-stock plan",
        facts=_facts(plan),
        proofs=_proofs(plan),
        pictures=_pictures(plan, network) if len(plan.stages) else [],
        stages=_stage_table(plan),
        components=_component_table(plan),
        failures=[failure_in_words(row) for row in plan.failures.to_dict("records")],
        provenance=_provenance(plan),
    )
    target = Path(path)
    try:
        write_aside(target, lambda aside: aside.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise FolderError(f"cannot write {target}: {error}. Fix: choose another place.") from error
    return target


@cache
def _template() -> Template:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise MissingExtraError(
            "pages need jinja2. Fix: pip install 'echelon[report]', or pip install jinja2."
        ) from error
    source = resources.files("echelon.reports").joinpath("plan.html.jinja")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source.read_text(encoding="utf-8"))


def _facts(plan: Plan) -> list[dict[str, str]]:
    """The headline: a number, its unit, and what it is."""
    if plan.stages.empty:
        return [{"value": "no plan", "unit": "", "name": "every component failed"}]
    a_year = f"{money(plan.currency)} a year"
    held = plan.stocking_stages()
    one_item = plan.stages["item"].nunique() == 1
    return [
        {"value": amount(plan.annual_cost), "unit": a_year, "name": "cost of safety stock"},
        {
            "value": amount(plan.annual_bound),
            "unit": a_year,
            "name": f"proven lower bound, {gap_in_words(plan.gap)}",
        },
        {
            "value": f"{len(held):,} of {len(plan.stages):,}",
            "unit": "stages",
            "name": "hold safety stock",
        },
        {
            "value": f"{float(plan.stages['pipeline_stock'].sum()):,.0f}",
            "unit": "units" if one_item else "units of all items",
            "name": "in process and in transit",
        },
    ]


def _proofs(plan: Plan) -> list[str]:
    """Say by which route how many components were proven, and how far."""
    lines = []
    groups = plan.components.groupby(["status", "method"], sort=True)
    for (status, method), rows in groups:
        if status == "failed":
            lines.append(f"{counted(len(rows), 'component')} without a plan; see Failures.")
            continue
        gap = gap_in_words(float(rows["gap"].max()))
        worst = "no gap" if gap == "no gap" else f"{gap} at most"
        stages = counted(int(rows["stages"].sum()), "stage")
        lines.append(
            f"{counted(len(rows), 'component')} ({stages}) {status} by {method}: {worst}, "
            f"{float(rows['seconds'].sum()):.3g} seconds."
        )
    return lines


def _pictures(plan: Plan, network: Network) -> list[dict[str, str]]:
    drawn = [
        ("Where the stock sits", plan.plot.network(network)),
        ("Cost by echelon", plan.plot.echelons(network)),
        ("Costliest stages", plan.plot.cost()),
    ]
    if len(plan.trace) > 1:
        drawn.append(("Search and proof", plan.plot.trace()))
    return [{"title": title, "data": b64encode(as_svg(ax)).decode("ascii")} for title, ax in drawn]


def _stage_table(plan: Plan) -> PageTable:
    order = plan.stages["holding_cost"].sort_values(ascending=False, kind="stable").index
    rows = plan.stages.loc[order, list(_STAGE_COLUMNS)]
    return _page_table(rows, STAGES, plan, "plan.stages")


def _component_table(plan: Plan) -> PageTable:
    rows = plan.components.sort_values(["gap", "objective"], ascending=False, kind="stable")
    return _page_table(rows, COMPONENTS, plan, "plan.components")


def _page_table(frame: pd.DataFrame, table: Table, plan: Plan, where: str) -> PageTable:
    means = {column.name: column.text for column in table.columns}
    units = {column.name: column.unit for column in table.columns}
    shown = frame.head(MOST_ROWS)
    text = with_units(shown, units, period=plan.period, currency=plan.currency)
    headers = [
        {
            "name": name.replace("_", " "),
            "unit": unit_in_words(units.get(name, ""), period=plan.period, currency=plan.currency),
            "means": means.get(name, ""),
            "kind": "number" if pd.api.types.is_numeric_dtype(frame[name]) else "text",
        }
        for name in frame.columns
    ]
    values = shown.astype(object).where(shown.notna(), "").to_numpy()
    rows = [
        [
            {"text": "" if raw == "" else str(cell), "value": str(raw)}
            for cell, raw in zip(written, raws, strict=True)
        ]
        for written, raws in zip(text.to_numpy(), values, strict=True)
    ]
    rest = len(frame) - len(shown)
    left_out = f"{rest:,} more rows are in {where}." if rest else ""
    return PageTable(headers, rows, left_out)


def _provenance(plan: Plan) -> list[tuple[str, str]]:
    told = plan.provenance.to_dict()
    lines = [("echelon", str(told.pop("version"))), ("made at", str(told.pop("made_at")))]
    for name, value in told.items():
        if isinstance(value, dict):
            value = ", ".join(
                f"{key}: {part:.4g}" if isinstance(part, float) else f"{key}: {part}"
                for key, part in value.items()
            )
        if value not in (None, ""):
            lines.append((name, str(value)))
    return lines
