"""The table of figures, the dashboard and the alerts speak of what is really shown."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from libs.common import metrics
from services.gateway.ledger import Ledger
from services.gateway.metrics import Heard, Log
from services.gateway.readings import Readings
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/shirushi.json").read_text("utf-8"))
ALERTS = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text("utf-8"))["groups"]
FROM_PROMETHEUS = {"instance", "job", "le"}
SUFFIXES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "gauge": ("",),
    "info": ("_info",),
}


def shown() -> dict[str, Metric]:
    """All that a gateway shows, by name."""
    registry = CollectorRegistry()
    ledger, readings = Ledger(), Readings()
    registry.register(Log(ledger))
    registry.register(Heard(ledger, readings))
    families = [*registry.collect(), *metrics.REGISTRY.collect()]
    return {each.name: each for each in families}


def samples() -> dict[str, Metric]:
    return {
        f"{name}{suffix}": each
        for name, each in shown().items()
        for suffix in SUFFIXES.get(each.type, ("",))
    }


def told() -> dict[str, tuple[str, set[str]]]:
    """The table of docs/observability.md: kind and labels by name."""
    text = (ROOT / "docs/observability.md").read_text("utf-8")
    row = re.compile(r"^\| (`shirushi[^|]+) \| (\w+) \| ([^|]*)\|", re.MULTILINE)
    found = {}
    for names, kind, labels in row.findall(text):
        for name in re.findall(r"`(\w+)`", names):
            found[name] = (kind, {each.strip() for each in labels.split(",") if each.strip()})
    return found


def test_the_table_names_every_figure_and_no_other() -> None:
    ours = {
        f"{name}_total" if each.type == "counter" else name: each.type
        for name, each in shown().items()
        if name.startswith("shirushi_")
    }
    assert {name: kind for name, (kind, _) in told().items()} == ours


def queries() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield f"panel {panel['title']}", target["expr"]
    for group in ALERTS:
        for rule in group["rules"]:
            yield f"alert {rule['alert']}", rule["expr"]


QUERIES = list(queries())
OF_THE_LOG = re.compile("shirushi_(jobs|queue|training|log)_")


def selectors(node: Any) -> Iterator[Any]:
    """What a query reads."""
    if isinstance(node, promql.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "vs", "param"):
        inner = getattr(node, name, None)
        if inner is not None and not isinstance(inner, str):
            yield from selectors(inner)
    for inner in getattr(node, "args", None) or ():
        yield from selectors(inner)


@pytest.mark.parametrize(("where", "query"), QUERIES, ids=[name for name, _ in QUERIES])
def test_a_query_can_be_parsed_and_reads_what_is_shown(where: str, query: str) -> None:
    read = list(selectors(promql.parse(query)))
    assert read, where
    known, table = samples(), told()
    for each in read:
        assert each.name in known, f"{where} reads {each.name}, which nobody shows"
        name = next((n for n in table if each.name.startswith(n)), None)
        labels = table[name][1] if name else set()
        asked = {matcher.name for matcher in each.matchers.matchers}
        assert asked <= labels | FROM_PROMETHEUS, f"{where}: {each.name} has no {asked - labels}"


@pytest.mark.parametrize(("where", "query"), QUERIES, ids=[name for name, _ in QUERIES])
def test_a_query_groups_by_labels_that_are_there(where: str, query: str) -> None:
    table = told()
    names = {n for each in selectors(promql.parse(query)) for n in table if each.name.startswith(n)}
    have = FROM_PROMETHEUS.union(*(table[name][1] for name in names))
    groups = re.findall(r"by \(([^)]*)\)", query)
    grouped = {label.strip() for labels in groups for label in labels.split(",")}
    assert grouped <= have, where


def test_no_query_sums_figures_that_every_gateway_shows() -> None:
    summed = re.compile(r"\bsum(?: by \([^)]*\))? *\((?:rate\(|increase\()?(\w+)")
    assert summed.findall("sum by (a) (rate(b[5m]))") == ["b"]
    for where, query in QUERIES:
        for name in summed.findall(query):
            assert not OF_THE_LOG.match(name), f"{where} sums {name} over gateways"


def test_every_alert_says_what_happened_and_what_to_do() -> None:
    rules = [rule for group in ALERTS for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 8
    for rule in rules:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in {"page", "ticket"}
        told_of = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
        assert all(f"{label}" in rule["expr"] for label in told_of)


def test_the_dashboard_has_a_place_for_each_panel() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)
    assert all(panel["targets"] for panel in DASHBOARD["panels"])


def test_prometheus_reads_the_rules_that_are_there() -> None:
    configured = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))
    assert configured["rule_files"] == ["/etc/prometheus/alerts.yml"]
    jobs = {each["job_name"]: each for each in configured["scrape_configs"]}
    assert jobs["shirushi-gateway"]["authorization"]
