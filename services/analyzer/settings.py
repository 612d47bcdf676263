"""What the analyzer reads from its environment, beside what every service reads."""

from pydantic import Field

from libs.common.settings import Settings


class AnalyzerSettings(Settings):
    """Names in the environment are these, in capitals, after `SHIRUSHI_`."""

    auto_validate: bool = Field(default=True, description="judge each completed training unasked")
    part_s: float = Field(
        default=5.0, ge=0, description="seconds of a pass after which it is stored as far as it is"
    )
