"""The steps that an edit of a dataset is made of: what clients send and the service does."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

ClassName = Annotated[str, Field(min_length=1, max_length=256)]
ClassRef = ClassName | Annotated[int, Field(ge=0)]
"""A class by name, or by its number when the step begins."""
ImageName = Annotated[str, Field(min_length=1, max_length=1024)]
"""`images/train/a.jpg`, `train/a.jpg`, the path in the source folder, or a file name held once."""
Share = Annotated[float, Field(ge=0, le=1)]


class Step(BaseModel):
    """Unknown fields are refused: a misspelt one would be ignored in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DeleteClass(Step):
    """Take a class and its boxes out; images stay, higher classes are renumbered."""

    op: Literal["delete_class"]
    class_: ClassRef = Field(alias="class")


class MergeClasses(Step):
    """Make several classes one of them; the others are gone, their boxes stay."""

    op: Literal["merge_classes"]
    classes: tuple[ClassRef, ...] = Field(min_length=1, max_length=10_000)
    into: ClassRef


class RenameClass(Step):
    """Give a class another name; no label changes."""

    op: Literal["rename_class"]
    class_: ClassRef = Field(alias="class")
    to: ClassName


class ReorderClasses(Step):
    """Give the classes other numbers: all of them, in their new order."""

    op: Literal["reorder_classes"]
    order: tuple[ClassRef, ...] = Field(min_length=1, max_length=10_000)


class MoveImages(Step):
    """Move images with their labels to another split."""

    op: Literal["move"]
    images: tuple[ImageName, ...] = Field(min_length=1, max_length=100_000)
    to: Literal["train", "val", "test"]


class DropImages(Step):
    """Leave images out, with their labels."""

    op: Literal["drop"]
    images: tuple[ImageName, ...] = Field(min_length=1, max_length=100_000)


class LabelBox(Step):
    """A box: class, and centre x, centre y, width, height as shares of the image."""

    class_: ClassRef = Field(alias="class")
    box: tuple[
        Share, Share, Annotated[float, Field(gt=0, le=1)], Annotated[float, Field(gt=0, le=1)]
    ]


class LabelPatch(Step):
    """What becomes of the label of one image."""

    image: ImageName
    set: tuple[LabelBox, ...] | None = Field(
        default=None, max_length=10_000, description="all boxes; [] says background"
    )
    add: tuple[LabelBox, ...] = Field(default=(), max_length=10_000)
    remove: tuple[Annotated[int, Field(ge=1)] | LabelBox, ...] = Field(
        default=(), max_length=10_000, description="label lines, or boxes that are there"
    )

    @model_validator(mode="after")
    def _says_something(self) -> "LabelPatch":
        if self.set is not None and (self.add or self.remove):
            raise ValueError("give set, or add and remove")
        if self.set is None and not self.add and not self.remove:
            raise ValueError("give set, add or remove")
        return self


class PatchLabels(Step):
    """Correct labels: what the analyzer's "label is wrong" feeds."""

    op: Literal["patch_labels"]
    patches: tuple[LabelPatch, ...] = Field(min_length=1, max_length=100_000)


class Deal(Step):
    """Deal all images out to train, val and test anew."""

    op: Literal["split"]
    train_ratio: float = Field(default=0.7, gt=0, le=1)
    val_ratio: Share = 0.2
    test_ratio: Share = 0.1
    seed: int = Field(default=0, ge=0)
    group: bool = Field(
        default=True,
        description="keep together what looks alike or comes from one photo or video",
    )

    @model_validator(mode="after")
    def _whole(self) -> "Deal":
        if abs(self.train_ratio + self.val_ratio + self.test_ratio - 1) > 1e-6:
            raise ValueError("the three ratios must add up to 1")
        return self

    @property
    def ratios(self) -> dict[str, float]:
        """Share per split."""
        return {"train": self.train_ratio, "val": self.val_ratio, "test": self.test_ratio}


EditStep = Annotated[
    DeleteClass
    | MergeClasses
    | RenameClass
    | ReorderClasses
    | MoveImages
    | DropImages
    | PatchLabels
    | Deal,
    Field(discriminator="op"),
]
