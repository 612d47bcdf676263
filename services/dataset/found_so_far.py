"""What a running check has found so far: kept on disk, counted, and waiting to be told."""

from dataclasses import dataclass, field

from services.dataset.domain.findings import Finding, Findings
from services.dataset.findings_file import FindingsWriter

MOST_TOLD = 10_000
"""Findings told while a check runs; the rest is in its report."""


@dataclass(slots=True)
class Found:
    """Everything found so far: rows on disk, true counts with examples, and what is to be told."""

    writer: FindingsWriter
    findings: Findings
    untold: list[Finding] = field(default_factory=list)
    _left: int = MOST_TOLD

    def add(self, finding: Finding | None) -> None:
        """Take one more; None is a rule that is switched off."""
        if finding is None:
            return
        self.findings.add(finding)
        self.writer.add(finding)
        if self._left > 0:
            self._left -= 1
            self.untold.append(finding)
