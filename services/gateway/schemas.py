"""What clients send: field names, defaults and ranges of the REST contract."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from libs.common.events import TrainingArguments

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Reference = Annotated[str, Field(min_length=1, max_length=1024)]
OPTIMIZERS = ("SGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSProp", "MuSGD", "auto")


class Body(BaseModel):
    """Unknown fields are refused: a misspelt one would be ignored in silence."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class ValidateDataset(Body):
    """`POST /dataset/validate`."""

    dataset_path: Reference
    check_images: bool = True
    check_labels: bool = True
    validate_format: bool = True
    mode: Literal["fast", "full"] = "full"
    rules: dict[str, dict[str, Any]] = Field(default_factory=dict)
    max_examples: int = Field(default=100, ge=1, le=10_000)


class SplitDataset(Body):
    """`POST /dataset/split`."""

    dataset_path: Reference
    train_ratio: float = Field(default=0.7, ge=0, le=1)
    val_ratio: float = Field(default=0.2, ge=0, le=1)
    test_ratio: float = Field(default=0.1, ge=0, le=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _whole(self) -> "SplitDataset":
        total = self.train_ratio + self.val_ratio + self.test_ratio
        if abs(total - 1) > 1e-6 or self.train_ratio == 0:
            raise ValueError("the three ratios must add up to 1, and train must be above 0")
        return self


class DeleteClass(Body):
    """`POST /dataset/delete-class`."""

    dataset_path: Reference
    class_name: str | None = Field(default=None, min_length=1, max_length=256)
    class_id: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one(self) -> "DeleteClass":
        if (self.class_name is None) == (self.class_id is None):
            raise ValueError("give class_name or class_id")
        return self


class StartTraining(Body):
    """`POST /training/start`."""

    mode: Literal["full", "transfer", "continue"]
    dataset_path: Reference
    model_architecture: Literal["yolov8n", "yolov8s", "yolov8m", "yolov8l", "yolov8x"] = "yolov8s"
    base_model_path: Reference | None = None
    epochs: int = Field(default=100, ge=1, le=1000)
    batch_size: int = Field(default=16, ge=-1, le=128)
    learning_rate: float = Field(default=0.01, gt=0, le=1)
    imgsz: int = Field(default=640, ge=32, le=1280, multiple_of=32)
    optimizer: str = "SGD"
    patience: int = Field(default=50, ge=0, le=1000)
    augmentation_params: dict[str, float | int | str | bool] = Field(default_factory=dict)
    project_name: str = Field(default="ml_training", pattern=NAME)
    experiment_name: str | None = Field(default=None, pattern=NAME)
    save_period: int = Field(default=10, ge=-1, le=1000)
    device: str | None = Field(default=None, pattern=r"^(cpu|\d+(,\d+)*)$")
    gpu_load_rate: float = Field(default=1.0, ge=0.1, le=1)
    priority: Literal["low", "normal", "high"] = "normal"
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    cache: bool | Literal["ram", "disk"] = False
    workers: int = Field(default=0, ge=0, le=64)
    amp: bool = True
    freeze: int | None = Field(default=None, ge=0, le=22)
    tags: tuple[Annotated[str, Field(max_length=64)], ...] = Field(default=(), max_length=20)
    extra: dict[str, float | int | str | bool] = Field(default_factory=dict)

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
        return self

    def arguments(self) -> TrainingArguments:
        """The part that the trainer reads."""
        return TrainingArguments.model_validate(
            self.model_dump(include=set(TrainingArguments.model_fields))
        )


class ValidateModel(Body):
    """`POST /model/validate`."""

    model_path: Reference
    test_dataset_path: Reference
    confidence_threshold: float = Field(default=0.25, ge=0, le=1)
    iou_threshold: float = Field(default=0.45, gt=0, le=1)
    match_iou: float = Field(default=0.5, gt=0, le=1)
    save_predictions: bool = True
    save_confusion_matrix: bool = True
    analyze_errors: bool = True
    split: Literal["train", "val", "test"] = "test"
    imgsz: int | None = Field(default=None, ge=32, le=1280, multiple_of=32)
    device: str | None = Field(default=None, pattern=r"^(cpu|\d+)$")


class VisualizeModel(Body):
    """`POST /model/visualize`."""

    model_path: Reference
    include_confusion_matrix: bool = True
    include_pr_curve: bool = True
    include_f1_curve: bool = True
    include_training_history: bool = True
    include_class_metrics: bool = True
