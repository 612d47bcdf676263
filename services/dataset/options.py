"""The options of each operation, as they come in a request."""

from pathlib import PurePosixPath
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from libs.common.dataset_edits import EditStep
from libs.common.dataset_versions import NAME_PATTERN
from libs.common.errors import BadInput
from libs.common.events import FileRef
from services.dataset.domain.catalogue import CATALOGUE
from services.dataset.domain.overrides import complaints


class Options(BaseModel):
    """Unknown options are ignored: the gateway may be newer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ValidateOptions(Options):
    """Of `validate`."""

    check_images: bool = True
    check_labels: bool = True
    validate_format: bool = True
    mode: Literal["fast", "standard", "full"] = "full"
    rules: dict[str, dict[str, Any]] = Field(default_factory=dict)
    imgsz: int = Field(default=640, ge=32, le=4096, description="training size, in pixels")
    max_examples: int = Field(default=100, ge=1, le=10_000)
    predictions: FileRef | None = None
    """The stored boxes of a model validation, by key."""

    @field_validator("rules")
    @classmethod
    def _are_known(cls, wishes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if wrong := complaints(CATALOGUE, wishes):
            raise ValueError(" ".join(wrong[:20]))
        return wishes


class ChangeOptions(Options):
    """Of every operation that makes a version."""

    dry_run: bool = False
    """Only tell what would change."""


class EditingOptions(ChangeOptions):
    """Of every edit."""

    name: str | None = Field(default=None, pattern=NAME_PATTERN)
    """The dataset that the version belongs to; default: the request's own."""


class ImportOptions(ChangeOptions):
    """Of `import`: of an upload, or else of the request's dataset."""

    name: str = Field(pattern=NAME_PATTERN)
    upload_key: str | None = None
    format: Literal["auto", "yolo", "yolo_polygons", "coco", "voc", "darknet"] = "auto"

    @field_validator("upload_key")
    @classmethod
    def _is_an_upload(cls, key: str | None) -> str | None:
        if key and (not key.startswith("uploads/") or ".." in PurePosixPath(key).parts):
            raise ValueError("it must be a key under uploads/")
        return key


class EditOptions(EditingOptions):
    """Of `edit`: what is done, one after the other."""

    steps: tuple[EditStep, ...] = Field(min_length=1, max_length=1000)


class SplitOptions(EditingOptions):
    """Of `split`: the shares of the three splits."""

    train_ratio: float = Field(default=0.7, gt=0, le=1)
    val_ratio: float = Field(default=0.2, ge=0, le=1)
    test_ratio: float = Field(default=0.1, ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    group: bool = True

    @model_validator(mode="after")
    def _is_whole(self) -> "SplitOptions":
        if abs(self.train_ratio + self.val_ratio + self.test_ratio - 1) > 1e-6:
            raise ValueError("the three ratios must add up to 1")
        return self


class DeleteClassOptions(EditingOptions):
    """Of `delete_class`: by name or by number."""

    class_name: str | None = None
    class_id: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _names_one(self) -> "DeleteClassOptions":
        if (self.class_name is None) == (self.class_id is None):
            raise ValueError("give class_name or class_id")
        return self


class RestoreOptions(ChangeOptions):
    """Of `restore`."""

    version: str = Field(pattern=r"^v[1-9][0-9]{0,8}$")


class FixOptions(EditingOptions):
    """Of `fix`: which check, which rules of it, under which settings."""

    validation_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    rules: tuple[str, ...] = Field(default=(), max_length=200)
    """Rules to mend; empty: all whose fix is `auto`."""
    overrides: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Severities and thresholds of the check."""


Model = TypeVar("Model", bound=Options)


def read_options(model: type[Model], options: dict[str, Any]) -> Model:
    """The options as `model`.

    Raises:
        BadInput: one of them has a value that it cannot have.
    """
    try:
        return model.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "options"
        raise BadInput(f"{place}: {first['msg']}.", code="bad_options") from error
