"""Whether findings are bad enough to stop a pipeline."""

from collections.abc import Iterable

from libs.client.calls.calls import Json

WEIGHT = {"I": 1, "W": 2, "E": 3, "never": 4}
"""How heavy a finding is; nothing is as heavy as `never`."""


def worst(findings: Iterable[Json], fail_on: str) -> list[Json]:
    """The findings at or above `fail_on`: E, W, or never."""
    least = WEIGHT[fail_on]
    return [each for each in findings if WEIGHT.get(str(each.get("severity")), 0) >= least]
