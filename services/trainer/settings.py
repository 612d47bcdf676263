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
    slots: int = Field(
        default=1,
        ge=1,
        le=16,
        description="trainings at a time; on a GPU each also waits until its memory is free",
    )
    checkpoint_s: float = Field(
        default=45.0, gt=0, description="work that a crash may cost, about; see Pace"
    )
    stall_s: float = Field(
        default=60.0,
        gt=0,
        description="silence that is taken for a stall; 10 × the median batch, if that is more",
    )
