"""Bodies of the routes on datasets."""

from typing import Any, Literal

from pydantic import Field

from services.gateway.schemas.body import Body, Reference


class ValidateDataset(Body):
    """`POST /dataset/validate`."""

    dataset_path: Reference
    check_images: bool = True
    check_labels: bool = True
    validate_format: bool = True
    mode: Literal["fast", "standard", "full"] = "full"
    rules: dict[str, dict[str, Any]] = Field(default_factory=dict)
    max_examples: int = Field(default=100, ge=1, le=10_000)


class FindingsQuery(Body):
    """`GET /dataset/validate/{id}/findings`: what is left out lets all pass."""

    rule: list[str] = Field(default_factory=list, max_length=200)
    severity: list[Literal["E", "W", "I"]] = Field(default_factory=list, max_length=3)
    split: list[Literal["train", "val", "test"]] = Field(default_factory=list, max_length=3)
    file: str | None = Field(default=None, max_length=500, description="a part of the path")
    limit: int = Field(default=100, ge=1, le=500)
    cursor: int = Field(default=0, ge=0, le=2**53)
    lang: Literal["en", "ja"] | None = None
