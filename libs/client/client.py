"""The Python client: the REST contract as methods, the live socket as an iterator."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urljoin

import httpx

from libs.client.address import api_url, find_url
from libs.client.errors import JobFailed
from libs.client.stream import Frame, follow
from libs.client.transport import IDEMPOTENCY_KEY, Transport

Json = dict[str, Any]
OnProgress = Callable[[float], None]

_POLL_FIRST_S, _POLL_MOST_S = 0.2, 2.0
_ENDED_BADLY = ("failed", "cancelled")
_UNDER_WAY = ("queued", "initializing", "running", "paused", "stopping")


class Client:
    """Talks to one gateway. Use it as a context manager, or call `close`.

    Args:
        base_url: e.g. http://localhost:8000; None finds it (see `address.find_url`).
        patience_s: how long a gateway that is away is asked again.
        transport: replaces the network, for tests.

    Every method raises `Unreachable` if nobody answers and `ApiError` if the gateway refuses.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        patience_s: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = api_url(base_url or find_url())
        self._transport = Transport(self.url, patience_s, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    # system and datasets

    def status(self) -> Json:
        """The machine, the services, the queue, and what is available."""
        return self._get("/status")

    def datasets(self) -> list[Json]:
        """Every dataset the system knows."""
        return self._list("/datasets")

    def dataset(self, name: str) -> Json:
        """One dataset."""
        return self._get(f"/datasets/{quote(name, safe='')}")

    def validate_dataset(
        self, dataset_path: str | Path, *, on_progress: OnProgress | None = None, **options: Any
    ) -> Json:
        """Check a dataset and wait for the findings.

        Args:
            dataset_path: a folder or data.yaml on the server, a registered name, or s3://….
            on_progress: told the percentage done, 0 to 100, while it runs.
            options: check_images, check_labels, validate_format, mode, rules, max_examples.

        Raises:
            JobFailed: the dataset could not be checked.
        """
        body = {"dataset_path": str(dataset_path), **options}
        return self._work("/dataset/validate", body, "validation_id", on_progress)

    # trainings

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
        answer: Json = self._post("/training/start", body, key=key).json()
        return answer

    def training(self, training_id: str) -> Json:
        """The state of one training."""
        return self._get(f"/training/status/{quote(training_id, safe='')}")

    def trainings(self, status: str | None = None) -> list[Json]:
        """Every training, or those in one state."""
        return self._list("/training/status", status=status)

    def cancel(self, training_id: str, *, keep: bool = False) -> Json:
        """Ask a training to stop; `keep` finishes now and keeps the weights."""
        path = f"/training/cancel/{quote(training_id, safe='')}"
        query = {"keep": "true"} if keep else None
        answer: Json = self._transport.send("POST", path, params=query).json()
        return answer

    def history(self, training_id: str) -> list[Json]:
        """Losses, metrics, learning rates and seconds of every epoch."""
        return self._list(f"/training/{quote(training_id, safe='')}/history")

    def artifacts(self, training_id: str) -> list[Json]:
        """Name, size, sha256 and url of everything the training made."""
        return self._list(f"/training/{quote(training_id, safe='')}/artifacts")

    def download(self, key: str, to: Path) -> Path:
        """Write the artifact `key` to the file `to`; a broken download leaves no file."""
        part = to.with_name(f".{to.name}.part")
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                self._transport.stream_to(f"/artifacts/{quote(key)}", file.write)
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)
        return to

    # models

    def models(self) -> list[Json]:
        """Every model that can be used."""
        return self._list("/models")

    def validate_model(
        self,
        model_path: str,
        test_dataset_path: str | Path,
        *,
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> Json:
        """Judge a model on labelled images and wait for the numbers.

        Raises:
            JobFailed: the model could not be judged.
        """
        body = {
            "model_path": model_path,
            "test_dataset_path": str(test_dataset_path),
            **options,
        }
        return self._work("/model/validate", body, "validation_id", on_progress)

    def visualize_model(
        self, model_path: str, *, on_progress: OnProgress | None = None, **options: Any
    ) -> Json:
        """Draw a model's curves and matrices and wait for them.

        Raises:
            JobFailed: the pictures could not be drawn.
        """
        body = {"model_path": model_path, **options}
        return self._work("/model/visualize", body, "visualization_id", on_progress)

    # live

    def events(
        self, after: int = 0, topics: Sequence[str] = (), *, patience_s: float = 60.0
    ) -> Iterator[Frame]:
        """Every event past `after`, then the live ones, over any number of reconnects."""
        return follow(self.url, after, topics, patience_s=patience_s)

    def recorded_events(
        self, after: int = 0, topics: Sequence[str] = (), limit: int = 500
    ) -> list[Json]:
        """Up to `limit` events past `after` that are in the log now."""
        return self._list("/events", after=after, topics=",".join(topics) or None, limit=limit)

    # how it is asked

    def _get(self, path: str, **query: Any) -> Json:
        answer: Json = self._ask(path, query)
        return answer

    def _list(self, path: str, **query: Any) -> list[Json]:
        answer: list[Json] = self._ask(path, query)
        return answer

    def _ask(self, path: str, query: Json) -> Any:
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._transport.send("GET", path, params=wanted or None).json()

    def _post(
        self, path: str, body: Json, *, key: str | None = None, prefer: str | None = None
    ) -> httpx.Response:
        headers = {IDEMPOTENCY_KEY: key or uuid.uuid4().hex}
        if prefer:
            headers["Prefer"] = prefer
        return self._transport.send("POST", path, json=body, headers=headers)

    def _work(self, path: str, body: Json, id_field: str, on_progress: OnProgress | None) -> Json:
        """POST work and wait until it is done, however long it takes."""
        prefer = "respond-async" if on_progress else "wait=60"
        response = self._post(path, body, prefer=prefer)
        answer: Json = response.json()
        status_url = urljoin(f"{self.url}/", response.headers.get("Location", ""))
        delay_s = _POLL_FIRST_S
        while response.status_code == httpx.codes.ACCEPTED or answer.get("status") in _UNDER_WAY:
            if on_progress:
                on_progress(float(answer.get("progress") or 0))
            time.sleep(delay_s)
            delay_s = min(1.3 * delay_s, _POLL_MOST_S)
            response = self._transport.send("GET", status_url)
            answer = response.json()
        if answer.get("status") in _ENDED_BADLY:
            job_id = str(answer.get(id_field) or answer.get("id") or "the job")
            raise JobFailed(job_id, str(answer["status"]), _reason(answer))
        return answer


def _reason(answer: Json) -> str:
    """The sentence in a failed job's status."""
    errors = answer.get("errors") or []
    return str(answer.get("detail") or answer.get("message") or (errors[0] if errors else ""))
