"""What the trainer reads from its environment."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from libs.common.settings import Settings
from services.trainer.domain.levers import LEVERS, pulled
from services.trainer.domain.plan import MEET_S


class TrainerSettings(Settings):
    """As `Settings`, and which queue it serves."""

    pool: str = Field(
        default="default",
        pattern=r"^[a-z0-9-]{1,32}$",
        description="trainings are asked for by pool: one per kind of machine",
    )
    slots: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="trainings at a time, one for each GPU of this host if not said; on a GPU each "
        "also waits until its memory is free",
    )
    checkpoint_s: float = Field(
        default=45.0, gt=0, description="work that a crash may cost, about; see Pace"
    )
    stall_s: float = Field(
        default=60.0,
        gt=0,
        description="silence that is taken for a stall; 10 × the median batch, if that is more",
    )
    meet_s: float = Field(
        default=MEET_S,
        gt=0,
        description="how long the hosts of one training may take to find each other",
    )
    levers_off: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description=f"what is not done for speed: {', '.join(LEVERS)}"
    )

    @field_validator("levers_off", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """`a,b`, each a lever."""
        if isinstance(value, str):
            value = tuple(name.strip() for name in value.split(",") if name.strip())
            pulled(value)
        return value

    @property
    def levers(self) -> tuple[str, ...]:
        """What is done for speed."""
        return pulled(self.levers_off)
