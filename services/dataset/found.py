"""Where a check found what: its findings by rule, as far as they were stored."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from libs.common.errors import BadInput, NotFound
from libs.common.events import DatasetValidated
from libs.common.service import Deps
from libs.common.work import load


@dataclass(frozen=True, slots=True)
class Place:
    """One finding, without its sentence."""

    split: str | None
    file: str | None
    line: int | None
    value: str | None


@dataclass(slots=True)
class Places:
    """All findings of a check."""

    by_rule: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    """Findings per rule, those that were not kept included."""

    def complete(self, rule: str) -> bool:
        """Whether every finding of a rule is listed."""
        return len(self.by_rule[rule]) >= self.counts[rule]

    def files(self, rules: Iterable[str]) -> set[str] | None:
        """The files that rules fire on; None if they are not all known: look at every file."""
        found: set[str] = set()
        for rule in rules:
            if not self.complete(rule) or any(not place.file for place in self.by_rule[rule]):
                return None
            found |= {place.file for place in self.by_rule[rule] if place.file}
        return found


async def read_places(deps: Deps, validation_id: str, folder: Path) -> Places:
    """The findings of a check by its id: all of them, or the examples that its report lists.

    Args:
        deps: the log that tells where a check keeps its findings, and the store.
        validation_id: of the check.
        folder: of ours, for the file.

    Raises:
        BadInput: there is no report of it.
    """
    job = await load(deps, "dataset", validation_id)
    end = job.outcome if job else None
    if not isinstance(end, DatasetValidated):
        raise BadInput(_no_report(validation_id), code="no_report")
    places = Places(counts=Counter(end.summary))
    rows: Iterable[dict[str, Any]]
    try:
        if end.findings:
            kept = folder / "found"
            await deps.artifacts.get_file(end.findings.key, kept, sha256=end.findings.sha256)
            rows = _rows(kept)
        else:
            report: dict[str, Any] = orjson.loads(await deps.artifacts.get_bytes(end.report.key))
            rows = report.get("findings") or []
    except NotFound as error:
        raise BadInput(_no_report(validation_id), code="no_report") from error
    await asyncio.to_thread(_fill, places, rows)
    return places


def _no_report(validation_id: str) -> str:
    return f"The check {validation_id} has no report: validate the dataset first."


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(columns=["rule", "split", "file", "line", "value", "fix"]):
            yield from batch.to_pylist()


def _fill(places: Places, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        if row.get("fix"):  # nothing else is ever mended
            place = Place(row.get("split"), row.get("file"), row.get("line"), row.get("value"))
            places.by_rule[row["rule"]].append(place)
