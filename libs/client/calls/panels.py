"""Stored validations: every panel at any operating point, the boxes behind it, and their images."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from libs.client.calls.calls import Calls, Json, T
from libs.common.answers.judgements import JudgementReport
from libs.common.answers.panels import JudgedBox, JudgedImageRow, Panels

_PAGE = 500


class PanelCalls(Calls):
    """The routes on a stored validation.

    What all of them may be told: `confidence` and `iou` (of the matching), by default those of the
    validation.
    """

    def validation(self, validation_id: str) -> JudgementReport:
        """The report, or how far it is."""
        return self.get(JudgementReport, _at(validation_id))

    def panels(
        self,
        validation_id: str,
        *,
        confidence: float | None = None,
        iou: float | None = None,
        class_name: str | None = None,
        size: str | None = None,
    ) -> Panels:
        """Headline, classes, confusion matrix, causes and false alarms, each with its boxes."""
        point = {"confidence": confidence, "iou": iou, "class": class_name, "size": size}
        return self.get(Panels, f"{_at(validation_id)}/panels", **point)

    def matches(
        self,
        validation_id: str,
        *,
        confidence: float | None = None,
        iou: float | None = None,
        class_name: str | None = None,
        cause: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        **further: Any,
    ) -> Iterator[JudgedBox]:
        """The boxes behind a number, the surest first, over all pages or up to `limit`.

        Args:
            validation_id: of the validation.
            confidence: threshold of the operating point.
            iou: from which a box is right.
            class_name: only this class.
            cause: cls, loc, both, dup, bkg or miss.
            kind: tp, fp or fn.
            limit: how many at most; None = all.
            further: size (small, medium or large) and image (counted from 0).
        """
        wanted = {"confidence": confidence, "iou": iou, "class": class_name, "cause": cause}
        wanted |= {"kind": kind, **further}
        return self._paged(JudgedBox, f"{_at(validation_id)}/matches", "boxes", limit, wanted)

    def confusion_cell(
        self,
        validation_id: str,
        row: str,
        column: str,
        *,
        confidence: float | None = None,
        iou: float | None = None,
    ) -> Iterator[JudgedBox]:
        """The boxes of one cell of the confusion matrix: predicted as `row`, truly `column`."""
        wanted = {"row": row, "column": column, "confidence": confidence, "iou": iou}
        return self._paged(JudgedBox, f"{_at(validation_id)}/confusion", "boxes", None, wanted)

    def judged_images(
        self,
        validation_id: str,
        *,
        confidence: float | None = None,
        iou: float | None = None,
        correct: bool | None = None,
        cause: str | None = None,
        limit: int | None = None,
    ) -> Iterator[JudgedImageRow]:
        """The images with their counts, those with the most errors first."""
        wanted = {"confidence": confidence, "iou": iou, "cause": cause}
        wanted |= {"correct": None if correct is None else str(correct).lower()}
        return self._paged(JudgedImageRow, f"{_at(validation_id)}/images", "images", limit, wanted)

    def crop(self, validation_id: str, box_id: str, **how: Any) -> bytes:
        """A JPEG of one box and what lies around it.

        Args:
            validation_id: of the validation.
            box_id: as in `matches`, e.g. d12.
            how: confidence, iou, overlay, pad, width, format.
        """
        return self._bytes(f"{_at(validation_id)}/boxes/{quote(box_id, safe='')}/crop", how)

    def picture(self, validation_id: str, image: int, **how: Any) -> bytes:
        """A JPEG of one image with labels and detections.

        Args:
            validation_id: of the validation.
            image: counted from 0.
            how: confidence, iou, overlay, width, format.
        """
        return self._bytes(f"{_at(validation_id)}/images/{image}/picture", how)

    def _bytes(self, path: str, query: dict[str, Any]) -> bytes:
        return bytes(self._transport.send("GET", path, params=query or None).content)

    def _paged(
        self, _kind: type[T], path: str, rows: str, limit: int | None, wanted: Json
    ) -> Iterator[T]:
        """The rows of all pages, as they are asked for."""
        cursor, left = 0, limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            page = self.get(dict[str, Any], path, **wanted, limit=size, cursor=cursor)
            yield from page[rows]
            if page["next_cursor"] is None:
                return
            cursor = page["next_cursor"]
            left = None if left is None else left - size


def _at(validation_id: str) -> str:
    return f"/model/validate/{quote(validation_id, safe='')}"
