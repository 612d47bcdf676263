"""Queries of the routes on a stored validation; what is left out is as the validation was made."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PointQuery(BaseModel):
    """The operating point."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    confidence: float | None = Field(default=None, ge=0, le=1)
    iou: float | None = Field(default=None, gt=0, le=1, description="from which a box is right")


class PanelQuery(PointQuery):
    """The operating point, and what all panels are narrowed down to."""

    class_: str | None = Field(default=None, alias="class", max_length=256)
    size: Literal["small", "medium", "large"] | None = Field(
        default=None, description="COCO's: areas up to 32 x 32, 96 x 96 pixels, and more"
    )


class Page(BaseModel):
    """Which part of a long list."""

    limit: int = Field(default=100, ge=1, le=500)
    cursor: int = Field(default=0, ge=0)


class BoxesQuery(PanelQuery, Page):
    """Which boxes."""

    cause: Literal["cls", "loc", "both", "dup", "bkg", "miss"] | None = None
    image: int | None = Field(default=None, ge=0)
    kind: Literal["tp", "fp", "fn"] | None = None


class CellQuery(PanelQuery, Page):
    """One cell of the matrix, by the names of its classes or their places."""

    row: str = Field(max_length=256, description="predicted")
    column: str = Field(max_length=256, description="true")


class ImagesQuery(PointQuery, Page):
    """Which images."""

    class_: str | None = Field(default=None, alias="class", max_length=256)
    cause: Literal["cls", "loc", "both", "dup", "bkg", "miss"] | None = None
    correct: bool | None = None
    sort: Literal["worst", "index"] = "worst"


class PictureQuery(PointQuery):
    """How an image is drawn."""

    overlay: Literal["gt,pred", "pred,gt", "gt", "pred", "none"] = "gt,pred"
    width: int = Field(default=960, ge=64, le=2048)
    format: Literal["jpeg", "webp"] = "jpeg"


class CropQuery(PictureQuery):
    """How the surroundings of a box are drawn."""

    pad: float = Field(default=0.6, ge=0, le=10, description="margin, as a share of the box")
    width: int = Field(default=320, ge=64, le=1024)
