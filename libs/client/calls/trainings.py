"""Trainings: start, look, stop, and what they made."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from libs.client.calls.calls import Calls, Json
from libs.client.errors import ClientError


class TrainingCalls(Calls):
    """The routes on trainings."""

    def start_training(
        self, dataset_path: str | Path, mode: str = "full", *, key: str | None = None, **rest: Any
    ) -> Json:
        """Queue a training; answers at once with `training_id`.

        Args:
            dataset_path: as in `validate_dataset`.
            mode: `full`, `transfer` (needs base_model_path) or `continue`.
            key: idempotency key; the same key and body start nothing twice.
            rest: further fields of the request: model_architecture, epochs, batch_size, ….
        """
        body = {"dataset_path": str(dataset_path), "mode": mode, **rest}
        answer: Json = self.post("/training/start", body, key=key).json()
        return answer

    def training(self, training_id: str) -> Json:
        """The state of one training."""
        return self.get(f"/training/status/{quote(training_id, safe='')}")

    def trainings(self, status: str | None = None) -> list[Json]:
        """Every training, or those in one state."""
        return self.listed("/training/status", status=status)

    def cancel(self, training_id: str, *, keep: bool = False) -> Json:
        """Ask a training to stop; `keep` finishes now and keeps the weights."""
        path = f"/training/cancel/{quote(training_id, safe='')}"
        query = {"keep": "true"} if keep else None
        answer: Json = self._transport.send("POST", path, params=query).json()
        return answer

    def pause(self, training_id: str) -> Json:
        """Ask a training to leave its place; its checkpoint is kept."""
        return self._told(training_id, "pause")

    def resume(self, training_id: str) -> Json:
        """Ask a paused training to go on."""
        return self._told(training_id, "resume")

    def extend(self, training_id: str, epochs: int) -> Json:
        """Go on past the end of a completed training, as a new run: that many epochs more."""
        path = f"/training/extend/{quote(training_id, safe='')}"
        answer: Json = self.post(path, {"epochs": epochs}).json()
        return answer

    def retry(self, training_id: str) -> Json:
        """The same training again, from the start, as a new run."""
        return self._told(training_id, "retry")

    def logs(self, training_id: str, after: int = 0) -> list[Json]:
        """What the training printed past line `after`: `line` and `text` of each."""
        return self.listed(f"/training/{quote(training_id, safe='')}/logs", after=after)

    def _told(self, training_id: str, what: str) -> Json:
        path = f"/training/{what}/{quote(training_id, safe='')}"
        answer: Json = self.post(path, {}).json()
        return answer

    def history(self, training_id: str) -> list[Json]:
        """Losses, metrics, learning rates and seconds of every epoch."""
        return self.listed(f"/training/{quote(training_id, safe='')}/history")

    def samples(self, training_id: str) -> list[Json]:
        """Sheets of validation images with labelled and predicted boxes, by epoch."""
        return self.listed(f"/training/{quote(training_id, safe='')}/samples")

    def artifacts(self, training_id: str) -> list[Json]:
        """Name, size, sha256 and url of everything the training made."""
        return self.listed(f"/training/{quote(training_id, safe='')}/artifacts")

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
