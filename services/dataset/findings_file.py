"""Every finding of a check as rows of a parquet file: written as they come, read a page at a time.

The heaviest come first, each severity in the order of finding. Neither writing nor reading holds
more than a few thousand rows in memory.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.dataset.domain.findings import Finding, Severity

ROWS_PER_GROUP = 10_000
SEVERITIES: tuple[Severity, ...] = ("E", "W", "I")
_SCHEMA = pa.schema(
    [
        ("rule", pa.string()),
        ("severity", pa.string()),
        ("split", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("message", pa.string()),
        ("value", pa.string()),
        ("fix", pa.string()),
    ]
)


class FindingsWriter:
    """Takes findings in any order; `close` puts them into one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: dict[Severity, list[Finding]] = {severity: [] for severity in SEVERITIES}
        self._spills: dict[Severity, pq.ParquetWriter] = {}
        self._abandoned = False

    def add(self, finding: Finding) -> None:
        """Take one more; now and then a group of rows is written out.

        Raises:
            InterruptedError: the check was stopped.
        """
        if self._abandoned:
            raise InterruptedError
        rows = self._rows[finding.severity]
        rows.append(finding)
        if len(rows) >= ROWS_PER_GROUP:
            self._spill(finding.severity)

    def close(self) -> Path:
        """The file with all of them: `findings.parquet` in the folder."""
        path = self.folder / "findings.parquet"
        with ExitStack() as stack:
            writer = stack.enter_context(_writer(path))
            for severity in SEVERITIES:
                if severity not in self._spills:
                    if rows := self._rows[severity]:
                        writer.write_table(_table(rows))
                    continue
                self._spill(severity)
                self._spills[severity].close()
                spilled = self._spill_file(severity)
                with pq.ParquetFile(spilled) as file:
                    for group in range(file.num_row_groups):
                        writer.write_table(file.read_row_group(group))
                spilled.unlink()
        return path

    def abandon(self) -> None:
        """Close what is open; the folder is the caller's to remove."""
        self._abandoned = True
        for writer in self._spills.values():
            writer.close()

    def _spill(self, severity: Severity) -> None:
        rows = self._rows[severity]
        if not rows:
            return
        if severity not in self._spills:
            self._spills[severity] = _writer(self._spill_file(severity))
        self._spills[severity].write_table(_table(rows))
        rows.clear()

    def _spill_file(self, severity: Severity) -> Path:
        return self.folder / f"findings-{severity}.parquet"


def _table(rows: list[Finding]) -> Any:
    columns = {name: [getattr(row, name) for row in rows] for name in _SCHEMA.names}
    return pa.table(columns, schema=_SCHEMA)


def _writer(path: Path) -> Any:
    return pq.ParquetWriter(path, _SCHEMA, compression="zstd", use_dictionary=True)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which findings are wanted; what is empty or None lets all pass."""

    rules: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    file: str | None = None
    """A part of the file's name or path; small and capital letters are the same."""

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return not (self.rules or self.severities or self.splits or self.file)

    def mask(self, rows: Any) -> Any:
        """One boolean per row of a table that holds the columns looked at."""
        mask = pa.array([True] * len(rows))
        wanted = {"rule": self.rules, "severity": self.severities, "split": self.splits}
        for column, values in wanted.items():
            if values:
                mask = pc.and_(mask, pc.is_in(rows[column], value_set=pa.array(values)))
        if self.file:
            found = pc.match_substring(rows["file"], self.file, ignore_case=True)
            mask = pc.and_(mask, pc.fill_null(found, fill_value=False))
        return mask


def read_page(
    path: Path, wanted: Filter, offset: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Findings `offset` to `offset + limit` of those that pass, and how many pass in all."""
    rows: list[dict[str, Any]] = []
    total = 0
    with pq.ParquetFile(path) as file:
        for group, matching in _matching(file, wanted):
            count = file.metadata.row_group(group).num_rows if matching is None else len(matching)
            first, last = max(0, offset - total), min(count, offset + limit - total)
            if first < last:
                table = file.read_row_group(group)
                page = table.slice(first, last - first)
                if matching is not None:
                    page = table.take(matching.slice(first, last - first))
                rows += page.to_pylist()
            total += count
    return rows, total


def _matching(file: Any, wanted: Filter) -> Iterator[tuple[int, Any]]:
    """Of each group of rows, the indices of those that pass; None = all of them."""
    for group in range(file.num_row_groups):
        if wanted.is_open:
            yield group, None
            continue
        rows = file.read_row_group(group, columns=["rule", "severity", "split", "file"])
        yield group, pc.indices_nonzero(pc.fill_null(wanted.mask(rows), fill_value=False))
