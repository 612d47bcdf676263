"""Whether what was found is bad enough to stop a pipeline."""

from libs.client.show import Json

WEIGHT = {"I": 1, "W": 2, "E": 3, "never": 4}
"""How heavy a finding is; nothing is as heavy as `never`."""


def is_bad(finding: Json, fail_on: str) -> bool:
    """Whether a finding is at or above `fail_on`: E, W, or never."""
    return WEIGHT.get(str(finding.get("severity")), 0) >= WEIGHT[fail_on]


def too_bad(report: Json, fail_on: str) -> bool:
    """The same of a whole report, which has at least one sentence of each severity found."""
    found = [
        severity for severity, name in (("E", "errors"), ("W", "warnings")) if report.get(name)
    ]
    if not report.get("valid", True):
        found.append("E")
    return any(is_bad({"severity": severity}, fail_on) for severity in found)
