"""What the answers of the gateway look like on a terminal."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from libs.client.screen import STEERS

Json = Mapping[str, Any]
"""An answer, to read."""

_FINDINGS_SHOWN = 12
_MARKS = {"E": "[red]error[/]", "W": "[yellow]warning[/]", "I": "[dim]info[/]"}


def print_json(value: object) -> None:
    """One line of JSON, at once, so that a pipe can follow."""
    line = json.dumps(value, ensure_ascii=False)
    print(STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", line), flush=True)


def text(value: object) -> str:
    """A cell: shares with three digits, lists with commas, a dash for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list | tuple):
        return ", ".join(text(entry) for entry in value)
    return str(value)


def rows(console: Console, entries: Iterable[Json], columns: tuple[str, ...], none: str) -> None:
    """A table with one row per entry; the sentence `none` if there are none."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for entry in entries:
        table.add_row(*(escape(text(entry.get(column))) for column in columns))
    console.print(table if table.row_count else none)


def status(console: Console, answer: Json) -> None:
    """Machine, services, queue."""
    gpu = answer.get("gpu_info") or {}
    disk = answer.get("disk_usage") or {}
    queue = answer.get("queue") or {}
    facts = {
        "GPU": gpu.get("device_name") if answer.get("gpu_available") else "none, the CPU is used",
        "CPU": f"{answer.get('cpu_usage', 0):.0f} %",
        "memory": f"{answer.get('memory_usage', 0):.0f} %",
        "disk": f"{disk.get('percent', 0):.0f} % of {disk.get('total', 0):.0f} GiB",
        "queue": f"{queue.get('waiting', 0)} waiting, {queue.get('running', 0)} running",
        "trainings": answer.get("active_trainings") or None,
        "validations": answer.get("active_validations") or None,
    }
    pairs(console, facts)
    hosts = [
        each | {"takes_trainings": f"no, drained ({each['drained']})" if each["drained"] else "yes"}
        for each in answer.get("hosts") or []
        if "drained" in each
    ]
    rows(console, hosts, ("host", "takes_trainings", "pool", "slots", "trainings"), "no trainer")
    rows(
        console,
        answer.get("services") or [],
        ("name", "status", "host", "version", "started_at"),
        "no service answers",
    )


def validation(console: Console, report: Json) -> None:
    """Verdict, splits, classes, the first findings with what to do."""
    verdict = "[green]valid[/]" if report.get("valid") else "[red]not valid[/]"
    console.print(
        f"{escape(text(report.get('dataset_path')))} is {verdict}: "
        f"{report.get('total_images')} images, {report.get('total_labels')} labels, "
        f"{len(report.get('classes') or [])} classes",
        highlight=False,
    )
    splits = [
        {"split": name, "images": info.get("num_images"), "labels": info.get("num_labels")}
        for name in ("train", "val", "test")
        if (info := report.get(f"{name}_info") or {}).get("exists")
    ]
    rows(console, splits, ("split", "images", "labels"), "no split was found")
    findings = report.get("findings") or []
    for finding in findings[:_FINDINGS_SHOWN]:
        console.print(_finding(finding), highlight=False)
    if len(findings) > _FINDINGS_SHOWN:
        console.print(f"… and {len(findings) - _FINDINGS_SHOWN} more; --json shows all")


def _finding(finding: Mapping[str, Any]) -> str:
    severity = str(finding.get("severity", ""))
    where = ":".join(str(finding[part]) for part in ("file", "line") if finding.get(part))
    fix = f" → {finding['fix']}" if finding.get("fix") else ""
    mark = _MARKS.get(severity[:1].upper(), severity)
    return mark + escape(f" {finding.get('rule')} {where} {finding.get('message', '')}{fix}")


def pairs(console: Console, facts: Mapping[str, object]) -> None:
    """Names and values, one a line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), escape(text(value)))
    console.print(table, highlight=False)
