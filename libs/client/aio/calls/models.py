"""Models: list, upload, delete, judge, draw.

Made from `libs/client/calls/models.py` by `python -m tests.contract.async_client`.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from libs.client.aio.calls.calls import Calls
from libs.client.calls.calls import OnProgress
from libs.common.answers.drawings import Visualization
from libs.common.answers.judgements import JudgementReport
from libs.common.answers.models import DeletedModel, ModelEntry, UploadedModel


class ModelCalls(Calls):
    """The routes on models."""

    async def models(self) -> list[ModelEntry]:
        """Every model that can be used."""
        return await self.listed(ModelEntry, "/models")

    async def upload_model(self, weights: Path, model_name: str) -> UploadedModel:
        """Register a .pt or .safetensors file of this machine."""
        with weights.open("rb") as stream:
            response = await self._transport.send(
                "POST",
                "/upload/model",
                params={"model_name": model_name},
                files={"file": (weights.name, stream, "application/octet-stream")},
            )
        answer: UploadedModel = response.json()
        return answer

    async def delete_model(self, name: str) -> DeletedModel:
        """Take an upload, or the weights of a training, away for good."""
        response = await self._transport.send(
            "DELETE", f"/models/{quote(name)}", params={"confirm": "true"}
        )
        answer: DeletedModel = response.json()
        return answer

    async def validate_model(
        self,
        model_path: str | None,
        test_dataset_path: str | Path,
        *,
        predictions_path: str | Path | None = None,
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> JudgementReport:
        """Judge a model, or predictions from elsewhere, on labelled images; wait for the numbers.

        Raises:
            JobFailed: the model could not be judged.
        """
        judged = (
            {"predictions_path": str(predictions_path)}
            if predictions_path is not None
            else {"model_path": model_path}
        )
        body = {**judged, "test_dataset_path": str(test_dataset_path), **options}
        return await self.work(
            JudgementReport, "/model/validate", body, "validation_id", on_progress
        )

    async def visualize_model(
        self, model_path: str, *, on_progress: OnProgress | None = None, **options: Any
    ) -> Visualization:
        """Draw a model's curves and matrices and wait for them.

        Raises:
            JobFailed: the pictures could not be drawn.
        """
        body = {"model_path": model_path, **options}
        return await self.work(
            Visualization, "/model/visualize", body, "visualization_id", on_progress
        )
