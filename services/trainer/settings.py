"""What the trainer reads from its environment."""

from pydantic import Field

from libs.common.settings import Settings


class TrainerSettings(Settings):
    """As `Settings`, and which queue it serves."""

    pool: str = Field(
        default="default",
        pattern=r"^[a-z0-9-]{1,32}$",
        description="trainings are asked for by pool: one per kind of machine",
    )
