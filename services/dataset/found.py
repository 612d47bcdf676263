"""Where a check found what: its findings by rule, as far as they were stored."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from libs.common.artifacts import ArtifactStore
from libs.common.errors import BadInput, NotFound
from services.dataset.domain.report import findings_key, report_key


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


async def read_places(artifacts: ArtifactStore, validation_id: str, folder: Path) -> Places:
    """The findings of a check by its id: all of them, or the examples that its report lists.

    Args:
        artifacts: where reports are.
        validation_id: of the check.
        folder: of ours, for the file.

    Raises:
        BadInput: there is no report of it.
    """
    try:
        report: dict[str, Any] = orjson.loads(await artifacts.get_bytes(report_key(validation_id)))
    except NotFound as error:
        raise BadInput(
            f"The check {validation_id} has no report: validate the dataset first.",
            code="no_report",
        ) from error
    places = Places(counts=Counter(report.get("summary") or {}))
    rows: Iterable[dict[str, Any]]
    try:
        rows = _rows(await artifacts.get_file(findings_key(validation_id), folder / "found"))
    except NotFound:
        rows = report.get("findings") or []
    await asyncio.to_thread(_fill, places, rows)
    return places


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(columns=["rule", "split", "file", "line", "value", "fix"]):
            yield from batch.to_pylist()


def _fill(places: Places, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        if row.get("fix"):  # nothing else is ever mended
            place = Place(row.get("split"), row.get("file"), row.get("line"), row.get("value"))
            places.by_rule[row["rule"]].append(place)
