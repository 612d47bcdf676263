"""Explanations: what in an image made a model say so.

Made from `libs/client/calls/explanations.py` by `python -m tests.contract.async_client`.
"""

from typing import Any

from libs.client.aio.calls.calls import Calls
from libs.client.calls.calls import OnProgress
from libs.common.answers.drawings import Explanation


class ExplanationCalls(Calls):
    """The routes that explain."""

    async def explain_detection(
        self, validation_id: str, box: str, *, on_progress: OnProgress | None = None, **options: Any
    ) -> Explanation:
        """Explain one box of a validation, and wait for the heat map.

        Args:
            validation_id: of a finished validation of a model.
            box: id of a detection or label, `d12` or `l3`.
            on_progress: told the percentage.
            options: method (`hirescam`, `layercam`, `drise`), class_name, imgsz, masks, seed.

        Raises:
            JobFailed: it cannot be explained.
        """
        body = {"validation_id": validation_id, "box": box, **options}
        return await self.work(Explanation, "/model/explain", body, "explanation_id", on_progress)

    async def explain_image(
        self,
        model_path: str,
        image_path: str,
        *,
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> Explanation:
        """Explain the surest box of a model on an image; as `explain_detection`."""
        body = {"model_path": model_path, "image_path": image_path, **options}
        return await self.work(Explanation, "/model/explain", body, "explanation_id", on_progress)
