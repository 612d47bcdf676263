"""Trainings: start, look, stop, and what they made."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from libs.client.calls.calls import Calls
from libs.client.errors import ClientError
from libs.common.answers.histories import ConsoleLine, CurveColumn, TrainingCurve
from libs.common.answers.trainings import ArtifactEntry, SampleSheet, TrainingStatus, TrainingTold


class TrainingCalls(Calls):
    """The routes on trainings."""

    def start_training(
        self, dataset_path: str | Path, mode: str = "full", *, key: str | None = None, **rest: Any
    ) -> TrainingTold:
        """Queue a training; answers at once with `training_id`.

        Args:
            dataset_path: as in `validate_dataset`.
            mode: `full`, `transfer` (needs base_model_path) or `continue`.
            key: idempotency key; the same key and body start nothing twice.
            rest: further fields of the request: model_architecture, epochs, batch_size, ….
        """
        body = {"dataset_path": str(dataset_path), "mode": mode, **rest}
        return self.told(TrainingTold, "/training/start", body, key=key)

    def training(self, training_id: str) -> TrainingStatus:
        """The state of one training."""
        return self.get(TrainingStatus, f"/training/status/{quote(training_id, safe='')}")

    def trainings(self, status: str | None = None) -> list[TrainingStatus]:
        """Every training, or those in one state."""
        return self.listed(TrainingStatus, "/training/status", status=status)

    def cancel(self, training_id: str, *, keep: bool = False) -> TrainingTold:
        """Ask a training to stop; `keep` finishes now and keeps the weights."""
        path = f"/training/cancel/{quote(training_id, safe='')}"
        query = {"keep": "true"} if keep else None
        answer: TrainingTold = self._transport.send("POST", path, params=query).json()
        return answer

    def pause(self, training_id: str) -> TrainingTold:
        """Ask a training to leave its place; its checkpoint is kept."""
        return self._told(training_id, "pause")

    def resume(self, training_id: str) -> TrainingTold:
        """Ask a paused training to go on."""
        return self._told(training_id, "resume")

    def extend(self, training_id: str, epochs: int) -> TrainingTold:
        """Go on past the end of a completed training, as a new run: that many epochs more."""
        path = f"/training/extend/{quote(training_id, safe='')}"
        return self.told(TrainingTold, path, {"epochs": epochs})

    def retry(self, training_id: str) -> TrainingTold:
        """The same training again, from the start, as a new run."""
        return self._told(training_id, "retry")

    def logs(self, training_id: str, after: int = 0) -> list[ConsoleLine]:
        """What the training printed past line `after`: `line` and `text` of each."""
        return self.listed(
            ConsoleLine, f"/training/{quote(training_id, safe='')}/logs", after=after
        )

    def _told(self, training_id: str, what: str) -> TrainingTold:
        path = f"/training/{what}/{quote(training_id, safe='')}"
        return self.told(TrainingTold, path, {})

    def history(self, training_id: str) -> list[dict[str, float]]:
        """Losses, metrics, learning rates and seconds of every epoch."""
        return self.listed(dict[str, float], f"/training/{quote(training_id, safe='')}/history")

    def training_curves(
        self,
        column: CurveColumn = "metrics/mAP50-95(B)",
        *,
        status: str | None = None,
        name: str | None = None,
        limit: int = 500,
    ) -> list[TrainingCurve]:
        """One column of the newest trainings' histories, each at 200 epochs or fewer.

        Args:
            column: of results.csv.
            status: only trainings in this state.
            name: only trainings with this in `project/experiment`.
            limit: trainings at the most.
        """
        return self.listed(
            TrainingCurve, "/training/curves", column=column, status=status, name=name, limit=limit
        )

    def samples(self, training_id: str) -> list[SampleSheet]:
        """Sheets of validation images with labelled and predicted boxes, by epoch."""
        return self.listed(SampleSheet, f"/training/{quote(training_id, safe='')}/samples")

    def artifacts(self, training_id: str) -> list[ArtifactEntry]:
        """Name, size, sha256 and url of everything the training made."""
        return self.listed(ArtifactEntry, f"/training/{quote(training_id, safe='')}/artifacts")

    def download(self, key: str, to: Path, *, sha256: str | None = None) -> Path:
        """Write the artifact `key` to the file `to`; a broken download leaves no file.

        Raises:
            ClientError: its bytes do not have the hash `sha256`.
        """
        part = to.with_name(f".{to.name}.part")
        to.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()

        def write(chunk: bytes) -> None:
            digest.update(chunk)
            file.write(chunk)

        try:
            with part.open("wb") as file:
                self._transport.stream_to(f"/artifacts/{quote(key)}", write)
            if sha256 and digest.hexdigest() != sha256:
                raise ClientError(f"{to.name} arrived changed: download it again")
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)
        return to
