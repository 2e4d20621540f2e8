"""The page of a plan: whole, self-contained, and with the plan's own numbers."""

from __future__ import annotations

import builtins
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("matplotlib", reason="the extra `report` is not installed")
pytest.importorskip("jinja2", reason="the extra `report` is not installed")

import matplotlib as mpl

mpl.use("Agg")

import echelon as ec
from echelon.errors import DomainError, FolderError, MissingExtraError
from echelon.reports import plan as page

_VOID = {"meta", "img", "input", "link", "br"}


class Page(HTMLParser):
    """Tags in balance, addresses and cells of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.values: list[str] = []
        self.cells: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in _VOID:
            self.open.append(tag)
        given = dict(attrs)
        self.addresses += [given[name] for name in ("src", "href") if name in given]
        if tag == "td":
            self.cells.append("")
            if "data-value" in given:
                self.values.append(given["data-value"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells[-1] += data


@pytest.fixture(scope="module")
def network() -> ec.Network:
    return ec.read_example("bulldozer")


@pytest.fixture(scope="module")
def plan(network) -> ec.Plan:
    return ec.optimize(network)


def test_page_is_whole_and_loads_nothing_from_elsewhere(network, plan, tmp_path):
    path = ec.report(plan, network, tmp_path / "page.html")
    text = path.read_text(encoding="utf-8")
    read = Page(text)
    assert read.open == []
    assert len(read.addresses) >= 3
    assert all(address.startswith("data:image/svg+xml;base64,") for address in read.addresses)
    assert not re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?https?:", text)
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]  # nothing left aside


def test_page_tells_cost_bound_proof_and_every_stage(network, plan, tmp_path):
    text = ec.report(plan, network, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "632,775" in text
    assert "no gap" in text
    assert plan.components["method"][0] in text
    assert plan.provenance.made_at in text
    read = Page(text)
    for item in plan.stages["item"]:
        assert item in read.cells
    costs = [float(value) for value in read.values[::11][: len(plan.stages)]]
    want = np.sort(plan.stages["holding_cost"])[::-1]
    np.testing.assert_allclose(costs, want)  # as values, for the sorting, the costliest first


def test_what_failed_is_told_first_and_escaped(network, plan, tmp_path):
    row = {"component": 1, "item": "<b>", "location": "", "error": "E", "message": "a < b & c"}
    failed = replace(plan, failures=pd.DataFrame([row]), status="partial", name="x <script>")
    text = ec.report(failed, network, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "a &lt; b &amp; c" in text
    assert "x &lt;script&gt;" in text
    assert text.index("Failures") < text.index("How it is proven")


def test_a_plan_without_stages_has_a_page_too(network, plan, tmp_path):
    nothing = replace(
        plan,
        stages=plan.stages.head(0),
        components=plan.components.assign(status="failed", method=""),
        status="failed",
    )
    text = ec.report(nothing, network, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "every component failed" in text
    assert Page(text).open == []


def test_long_tables_say_what_they_leave_out(network, plan, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "MOST_ROWS", 5)
    text = ec.report(plan, network, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "17 more rows are in plan.stages." in text


def test_errors_name_the_remedy(network, plan, tmp_path, monkeypatch):
    with pytest.raises(FolderError, match="choose another place"):
        ec.report(plan, network, tmp_path / "absent" / "page.html")
    with pytest.raises(DomainError, match="read_plan"):
        ec.report(network, network, tmp_path / "page.html")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "jinja2":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    page._template.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"echelon\[report\]"):
        ec.report(plan, network, tmp_path / "page.html")
