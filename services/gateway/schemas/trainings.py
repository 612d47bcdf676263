"""Bodies of the routes on trainings."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from libs.common.events import ENDPOINT, TrainingArguments
from services.gateway.schemas.body import NAME, Body, Reference

MOST_EPOCHS = 1000
OPTIMIZERS = ("SGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSProp", "MuSGD", "auto")


class StartTraining(Body):
    """`POST /training/start`."""

    mode: Literal["full", "transfer", "continue"]
    dataset_path: Reference
    model_architecture: Literal["yolov8n", "yolov8s", "yolov8m", "yolov8l", "yolov8x"] = "yolov8s"
    base_model_path: Reference | None = None
    epochs: int = Field(default=100, ge=1, le=MOST_EPOCHS)
    batch_size: int = Field(default=16, ge=-1, le=128)
    learning_rate: float = Field(default=0.01, gt=0, le=1)
    imgsz: int = Field(default=640, ge=32, le=1280, multiple_of=32)
    optimizer: str = "SGD"
    patience: int = Field(default=50, ge=0, le=1000)
    augmentation_params: dict[str, float | int | str | bool] = Field(default_factory=dict)
    project_name: str = Field(default="ml_training", pattern=NAME)
    experiment_name: str | None = Field(default=None, pattern=NAME)
    save_period: int = Field(default=10, ge=-1, le=1000)
    device: str | None = Field(default=None, pattern=r"^(cpu(,cpu){0,15}|\d+(,\d+){0,15})$")
    nnodes: int = Field(default=1, ge=1, le=16, description="hosts that train together")
    rdzv_endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    gpu_load_rate: float = Field(default=1.0, ge=0.1, le=1)
    priority: Literal["low", "normal", "high"] = "normal"
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    cache: bool | Literal["ram", "disk"] = False
    workers: int = Field(default=0, ge=0, le=64)
    amp: bool = True
    freeze: int | None = Field(default=None, ge=0, le=22)
    sample_period: int = Field(default=-1, ge=-1, le=1000)
    preset: Literal["auto", "stock"] = Field(
        default="auto",
        description="auto: what is not sent is fitted to the data",
    )
    tags: tuple[Annotated[str, Field(max_length=64)], ...] = Field(default=(), max_length=20)
    auto_validate: bool = Field(default=True, description="judge the model when it is done")
    extra: dict[str, float | int | str | bool] = Field(
        default_factory=dict,
        description="further ultralytics arguments, see GET /training/arguments; `compile` needs a "
        "compiler on the trainer's host: without one the training fails with `compiler_missing`",
    )

    @field_validator("mode", mode="before")
    @classmethod
    def _alias(cls, value: object) -> object:
        return "continue" if value == "resume" else value

    @field_validator("batch_size")
    @classmethod
    def _some(cls, value: int) -> int:
        if value == 0:
            raise ValueError("use 1 to 128, or -1 for as many as the memory allows")
        return value

    @field_validator("optimizer")
    @classmethod
    def _known(cls, value: str) -> str:
        for name in OPTIMIZERS:
            if value.lower() == name.lower():
                return name
        raise ValueError(f"use one of {', '.join(OPTIMIZERS)}")

    @model_validator(mode="after")
    def _based(self) -> "StartTraining":
        if self.mode != "full" and not self.base_model_path:
            raise ValueError(f"mode {self.mode} needs base_model_path")
        if self.nnodes > 1 and not self.rdzv_endpoint:
            raise ValueError("several hosts need rdzv_endpoint: address:port of the first")
        return self

    def arguments(self) -> TrainingArguments:
        """The part that the trainer reads."""
        fields = self.model_dump(include=set(TrainingArguments.model_fields))
        given = sorted(self.model_fields_set & set(TrainingArguments.model_fields))
        return TrainingArguments.model_validate(fields | {"given": given})


class ExtendTraining(Body):
    """`POST /training/extend/{id}`."""

    epochs: int = Field(ge=1, le=MOST_EPOCHS, description="more than were done")


class DrainHost(Body):
    """`POST /training/drain/{host}`."""

    running: Literal["hand_over", "finish"] = Field(
        default="hand_over",
        description="those that run there: stored and left to other hosts, or brought to their end",
    )
