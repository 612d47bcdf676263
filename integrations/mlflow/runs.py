"""Writes what it is told to an MLflow server; telling it again changes nothing."""

import asyncio
import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from integrations.mlflow import naming
from integrations.trainings import scalars
from libs.client.errors import ApiError, ClientError
from libs.common.cloudevents import Recorded
from libs.common.events import (
    AnalysisRequested,
    EpochCompleted,
    Event,
    ModelValidated,
    TrainingCancelled,
    TrainingCompleted,
    TrainingFailed,
    TrainingPlanned,
    TrainingRequested,
)

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
BEST = "weights/best.pt"

Download = Callable[[str, Path, str], None]
"""Key of an artifact, the file to write, its sha256."""


class Runs:
    """One MLflow run for each training.

    Args:
        client: of the tracking server.
        download: from the artifact store; None = runs get no artifacts and no registered model.
        first_wait_s: after the first time that the server did not answer; doubles to a minute.
    """

    def __init__(
        self,
        client: MlflowClient,
        download: Download | None,
        *,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self.client = client
        self.download = download
        self.first_wait_s = first_wait_s
        self._runs: dict[str, str] = {}

    async def take(self, record: Recorded) -> None:
        """One event of the log; returns when MLflow has it, however long it is away."""
        wait_s = self.first_wait_s
        while True:
            try:
                return await asyncio.to_thread(self._take, record.event, _ms(record))
            except (MlflowException, ClientError) as error:
                if _is_refusal(error):
                    log.exception("MLflow refuses an event", extra={"seq": record.seq})
                    return None
                log.warning("not told, trying again", extra={"seq": record.seq, "in_s": wait_s})
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _take(self, event: Event, at_ms: int) -> None:
        if isinstance(event, TrainingRequested):
            self._begin(event, at_ms)
            return
        if isinstance(event, AnalysisRequested):
            if event.operation == "validate" and event.model.training_id and event.dataset:
                run = self._run(event.model.training_id)
                if run:
                    self.client.set_tag(run, naming.EVALUATION + event.job_id, event.dataset.name)
            return
        if isinstance(event, ModelValidated):
            run = self._found(f"tags.`{naming.EVALUATION}{event.job_id}` != ''")
            if run:
                self._tell(run, {f"evaluation/{k}": v for k, v in event.metrics.items()}, at_ms, 0)
            return
        run = self._run(event.job_id)
        if run is None:
            return
        if isinstance(event, EpochCompleted):
            self._tell(run, scalars(event), at_ms, event.epoch)
        elif isinstance(event, TrainingPlanned):
            self._set(run, naming.fitted(event))
        elif event.terminal:
            self._end(event, run, at_ms)

    def _begin(self, event: TrainingRequested, at_ms: int) -> None:
        # found by its tag, which it has from its first moment: no second run after a crash
        run = self._run(event.job_id) or self._new(event, at_ms)
        self._runs[event.job_id] = run
        self._set(run, naming.parameters(event))

    def _new(self, event: TrainingRequested, at_ms: int) -> str:
        experiment = self.client.get_experiment_by_name(event.project_name)
        home = (
            experiment.experiment_id
            if experiment
            else self.client.create_experiment(event.project_name)
        )
        run = self.client.create_run(
            home, start_time=at_ms, tags=naming.tags(event), run_name=event.experiment_name
        )
        return str(run.info.run_id)

    def _end(self, event: Event, run: str, at_ms: int) -> None:
        status = "KILLED" if isinstance(event, TrainingCancelled) else "FAILED"
        if isinstance(event, TrainingCompleted):
            status = "FINISHED"
            best = {f"best/{name}": value for name, value in event.best_metrics.items()}
            self._tell(run, best, at_ms, event.best_epoch)
            self._keep(event, run)
        elif isinstance(event, TrainingFailed):
            self.client.set_tag(
                run, "shirushi.error", f"{event.error_code}: {event.message}"[:5000]
            )
        self.client.set_terminated(run, status, end_time=at_ms)
        self._runs.pop(event.job_id, None)

    def _keep(self, event: TrainingCompleted, run: str) -> None:
        """Artifacts, then the best weights as a version of the project's registered model."""
        if self.download is None:
            return
        for name, artifact in event.artifacts.items():
            with tempfile.TemporaryDirectory(prefix="shirushi-mlflow-") as folder:
                file = Path(folder) / Path(name).name
                try:
                    self.download(artifact.key, file, artifact.sha256)
                except ApiError as error:
                    if error.status != 404:
                        raise
                    log.warning("artifact is gone", extra={"key": artifact.key})
                    continue
                self.client.log_artifact(run, str(file), str(Path(name).parent).strip("."))
        if BEST not in event.artifacts or self.client.search_model_versions(f"run_id='{run}'"):
            return
        found = self.client.get_run(run)
        name = self.client.get_experiment(found.info.experiment_id).name
        if not self.client.search_registered_models(f"name='{name}'"):
            self.client.create_registered_model(name)
        self.client.create_model_version(
            name,
            source=f"{found.info.artifact_uri}/{BEST}",
            run_id=run,
            tags={"sha256": event.artifacts[BEST].sha256, "classes": ", ".join(event.classes)},
        )

    def _run(self, training_id: str) -> str | None:
        """The run of a training; None for one that began before MLflow was told of any."""
        if training_id not in self._runs:
            run = self._found(f"tags.`{naming.TRAINING}` = '{training_id}'")
            if run is None:
                return None
            self._runs[training_id] = run
        return self._runs[training_id]

    def _found(self, query: str) -> str | None:
        homes = [each.experiment_id for each in self.client.search_experiments()]
        runs = self.client.search_runs(homes, query, max_results=1)
        return str(runs[0].info.run_id) if runs else None

    def _set(self, run: str, parameters: Mapping[str, str]) -> None:
        self.client.log_batch(run, params=[Param(*each) for each in parameters.items()])

    def _tell(self, run: str, metrics: Mapping[str, float], at_ms: int, step: int) -> None:
        """The time is the event's, so that the same number told twice is one for MLflow."""
        rows = [Metric(name, value, at_ms, step) for name, value in metrics.items()]
        self.client.log_batch(run, metrics=rows)


def _ms(record: Recorded) -> int:
    return int(record.time.timestamp() * 1000)


def _is_refusal(error: Exception) -> bool:
    """Whether telling it again would end the same way."""
    if not isinstance(error, MlflowException):
        return False
    status: int = error.get_http_status_code()  # type: ignore[no-untyped-call, unused-ignore]
    return 400 <= status < 500 and status not in {401, 403, 408, 429}
