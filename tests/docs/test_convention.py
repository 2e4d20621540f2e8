"""The page of the convention keeps its word: its timelines and numbers, replayed."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Normal

PAGE = (Path(__file__).resolve().parents[2] / "docs/method/convention.md").read_text("utf-8")
SETTINGS = re.compile(r"lead time (\d+), review period (\d+), base stock (\d+)")
LIFE = re.compile(r"shelf life (\d+), lost share ([\d.]+)")


def timelines() -> list[tuple[dict[str, float], pd.DataFrame, str]]:
    """Settings in the heading, the table below it, and the text below that."""
    found = []
    for part in PAGE.split("\n### ")[1:]:
        heading, _, body = part.partition("\n")
        lines = [line for line in body.splitlines() if line.startswith("|")]
        names, _rule, *rows = (
            [cell.strip() for cell in line.strip("|").split("|")] for line in lines
        )
        table = pd.DataFrame(rows, columns=names).astype(float).set_index("period")
        setting = SETTINGS.search(heading)
        assert setting is not None
        lead_time, review_period, base_stock = map(int, setting.groups())
        values = {
            "lead_time": lead_time,
            "review_period": review_period,
            "base_stock": base_stock,
        }
        if life := LIFE.search(heading):
            values |= {"shelf_life": float(life[1]), "lost_sales_share": float(life[2])}
        found.append((values, table, body.split("\n## ")[0]))
    return found


def replay(settings: dict[str, float], demand: pd.Series) -> ec.Simulation:
    network = ec.serial(
        ["shop"],
        lead_time=settings["lead_time"],
        review_period=settings["review_period"],
        base_stock=[settings["base_stock"]],
        holding_cost=1.0,
        demand_mean=1.0,
        demand_std=0.0,
    )
    features = {
        name: settings[name] for name in ("shelf_life", "lost_sales_share") if name in settings
    }
    network = network.replace(stages=network.stages.assign(**features))
    stage = network.stages.iloc[0]
    asked = pd.DataFrame(
        {
            "item": stage["item"],
            "location": stage["location"],
            "period": demand.index.astype(int),
            "quantity": demand.to_numpy(),
        }
    )
    return ec.simulate(network, demand=asked, trace=True)


NAMES = ["continuous", "periodic", "perishable"]


@pytest.mark.parametrize(("settings", "table", "text"), timelines(), ids=NAMES)
def test_timeline_is_what_the_simulation_does(settings, table, text):
    run = replay(settings, table["demand"])
    trace = run.trace.set_index("period")
    for page, column in {
        "received": "received",
        "on hand": "on_hand",
        "backorders": "backorders",
        "order": "order",
        "lost": "lost",
        "expired": "expired",
    }.items():
        if page not in table:
            continue
        assert trace[column].tolist() == table[page].tolist(), page
    owed = table["backorders"].shift(fill_value=0.0)
    # what is served of the period's own demand: shipments less those that went to backorders
    assert (trace["shipped"] - owed).clip(lower=0.0).tolist() == table["served at once"].tolist()
    measured = run.total.iloc[0]
    assert measured["fill_rate"] == pytest.approx(
        table["served at once"].sum() / table["demand"].sum(), rel=1e-12
    )
    for name in ("fill_rate", "ready_rate", "cycle_service_level"):
        shown = f"{measured[name]:.4f}".rstrip("0")
        assert shown in text, name


@pytest.mark.parametrize(("settings", "table", "text"), timelines()[:2], ids=NAMES[:2])
def test_timeline_covers_its_exposure(settings, table, text):
    """Clauses 2.1 and 2.2 by arithmetic: base stock less the demand of the exposed periods."""
    assert text
    exposure = settings["lead_time"] + settings["review_period"]
    exposed = table["demand"].rolling(exposure).sum()
    net = table["on hand"] - table["backorders"]
    review = max(settings["review_period"], 1)
    # the last period before the next order comes in is exposed to all of them
    ends = [
        t
        for t in table.index
        if t >= exposure - 1 and (t + 1 - settings["lead_time"]) % review == 0
    ]
    assert len(ends) >= 3
    assert net[ends].tolist() == (settings["base_stock"] - exposed[ends]).tolist()


def test_base_stock_of_the_example():
    """Clause 2.5, against the distribution and against the optimiser."""
    mean, std, tau, level, factor, safety, base = map(
        float,
        re.search(
            r"mean (\d+), deviation (\d+), \$\\tau = (\d+)\$, \$\\alpha = ([\d.]+)\$: "
            r"\$z = ([\d.]+)\$, safety stock ([\d.]+),\s+base stock ([\d.]+)\. ",
            PAGE,
        ).groups(),
    )
    assert Normal(mean, std).sum_over(tau).ppf(level) == pytest.approx(base, abs=1e-4)
    assert factor * std * tau**0.5 == pytest.approx(safety, abs=1e-4)
    network = ec.serial(
        ["shop"],
        lead_time=int(tau),
        holding_cost=1.0,
        demand_mean=mean,
        demand_std=std,
        service_level=level,
    )
    row = ec.optimize(network).stages.iloc[0]
    assert row["base_stock"] == pytest.approx(base, abs=1e-4)
    assert row["safety_stock"] == pytest.approx(safety, abs=1e-4)


def test_every_clause_that_is_cited_exists(project_root):
    """A number in the code that the page does not have sends its reader nowhere."""
    there = set(re.findall(r"^## (\d+) ", PAGE, re.M)) | set(re.findall(r"\*\*(\d+\.\d+)", PAGE))
    cited = {
        (number, path.name)
        for folder in ("src", "tests")
        for path in (project_root / folder).rglob("*.py")
        for group in re.findall(r"[Cc]lauses? ([\d., and]+)", path.read_text("utf-8"))
        for number in re.findall(r"\d+(?:\.\d+)?", group)
    }
    assert cited
    assert {place for place in cited if place[0] not in there} == set()
