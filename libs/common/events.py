"""Every request and every fact of the system, one frozen class each: the contract in one sitting.

A *request* asks a service for work and opens a job; a *fact* says what happened to it, in the
past tense. `job_id` ties them together, `attempt` fences: 0 is told by whoever asks (gateway,
page, command line), 1 and up by the worker's n-th try. Readers ignore fields they do not know.
The envelope around an event is in `cloudevents.py`, its NATS subject in `subjects.py`.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

JobId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Value(BaseModel):
    """A frozen value inside an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Artifact(Value):
    """Something that can be read in the store now."""

    key: str = Field(description="key in the artifact store")
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class ModelRef(Value):
    """A model, resolved at the edge: an artifact by key, or a file under the allowed roots."""

    name: str = Field(description="as the user sees it")
    key: str | None = Field(default=None, description="key in the artifact store")
    path: str | None = Field(default=None, description="file on the workers' disk")
    sha256: str | None = Field(default=None, description="checked before it is loaded")
    training_id: str | None = Field(default=None, description="the run that made it, if known")


class FileRef(Value):
    """A file or folder, resolved at the edge: an artifact by key, or a path under the roots."""

    name: str = Field(description="as the user sees it")
    key: str | None = Field(default=None, description="key in the artifact store")
    path: str | None = Field(default=None, description="file or folder on the workers' disk")
    sha256: str | None = Field(default=None, description="checked before it is read")


class DatasetRef(Value):
    """A dataset, resolved at the edge: a registered version, or a folder under the roots."""

    name: str = Field(description="as the user sees it")
    path: str | None = Field(default=None, description="folder or data.yaml on the workers' disk")
    url: str | None = Field(default=None, description="s3://bucket/prefix, the bucket is allowed")
    version: str | None = Field(default=None, description="registered version, e.g. v3")
    manifest: Artifact | None = Field(default=None, description="of the registered version")


class Event(Value):
    """What all events carry."""

    request: ClassVar[bool] = False
    terminal: ClassVar[bool] = False

    kind: str = Field(description="<area>.<fact>.v<n>")
    job_id: JobId
    attempt: int = Field(default=0, ge=0, description="0 = told by the asker, n = by the n-th try")

    @property
    def area(self) -> str:
        """`training`, `dataset`, `analysis`, `host`, `model` or `audit`."""
        return self.kind.split(".", 1)[0]

    @property
    def dedupe_key(self) -> str:
        """The same fact of the same attempt is stored once, however often it is told."""
        return f"{self.kind}:{self.job_id}:{self.attempt}"


class Request(Event):
    """Asks for work and opens a job."""

    request: ClassVar[bool] = True

    body_sha256: str | None = Field(
        default=None, description="of the request's body, where an idempotency key was given"
    )


class Started(Event):
    """A worker took the job up."""

    worker: str = Field(description="service instance, host:pid")


class Failed(Event):
    """The job cannot be done; nothing follows."""

    terminal: ClassVar[bool] = True

    error_code: str = Field(description="stable, for programs")
    message: str = Field(description="what happened and what to do, for people")
    console: tuple[str, ...] = Field(default=(), description="the last lines of the worker")


class CancelRequested(Event):
    """Somebody asked to stop the job."""

    keep: bool = Field(default=False, description="finish now and keep what there is")
    nonce: str = Field(default="", description="tells two cancels of one job apart")

    @property
    def dedupe_key(self) -> str:
        """Asking twice with the same nonce is asking once."""
        return f"{self.kind}:{self.job_id}:{self.keep}:{self.nonce}"


class Cancelled(Event):
    """The job was stopped: its process is gone and its memory is free."""

    terminal: ClassVar[bool] = True


# datasets -----------------------------------------------------------------------------------


class DatasetRequested(Request):
    """Validate, import, edit, restore or delete a dataset, or free what no version holds."""

    kind: Literal["dataset.requested.v1"] = "dataset.requested.v1"
    operation: Literal[
        "validate", "import", "split", "delete_class", "fix", "edit", "restore", "delete", "collect"
    ]
    dataset: DatasetRef
    options: dict[str, Any] = Field(
        default_factory=dict, description="of the operation, as checked by the gateway's model"
    )


class DatasetStarted(Started):
    """The dataset service took the job up."""

    kind: Literal["dataset.started.v1"] = "dataset.started.v1"


class DatasetFindingsFound(Event):
    """A batch of what a check found, told while it runs; the report at its end has them all."""

    kind: Literal["dataset.findings_found.v1"] = "dataset.findings_found.v1"
    batch: int = Field(ge=1, description="1-based, in the order of finding")
    findings: tuple[dict[str, Any], ...] = Field(
        max_length=500, description="rule, severity, split, file, line, message, value, fix"
    )
    images_done: int = Field(ge=0)

    @property
    def dedupe_key(self) -> str:
        """One batch of an attempt is one fact."""
        return f"{self.kind}:{self.job_id}:{self.attempt}:{self.batch}"


class DatasetValidated(Event):
    """A dataset was checked; the full report is an artifact."""

    terminal: ClassVar[bool] = True

    kind: Literal["dataset.validated.v1"] = "dataset.validated.v1"
    valid: bool
    total_images: int = Field(ge=0)
    total_labels: int = Field(ge=0)
    classes: tuple[str, ...] = ()
    errors: int = Field(ge=0, description="findings of severity E")
    warnings: int = Field(ge=0, description="findings of severity W")
    summary: dict[str, int] = Field(default_factory=dict, description="findings per rule")
    seconds: float = Field(ge=0)
    report: Artifact
    findings: Artifact | None = Field(
        default=None, description="every finding, a row each; the report has the first of each rule"
    )
    reports: dict[str, Artifact] = Field(
        default_factory=dict, description="the same report in other languages, by language: ja"
    )


class DatasetVersion(Value):
    """A version of a registered dataset that can be read."""

    version: str
    manifest: Artifact
    classes: tuple[str, ...]
    counts: dict[str, int] = Field(description="images per split")


class DatasetRegistered(Event):
    """A new version of a registered dataset can be read."""

    terminal: ClassVar[bool] = True

    kind: Literal["dataset.registered.v1"] = "dataset.registered.v1"
    name: str
    version: str
    parent: str | None = Field(default=None, description="the version this one was made from")
    manifest: Artifact
    classes: tuple[str, ...]
    counts: dict[str, int] = Field(description="images per split")
    changes: dict[str, int] = Field(default_factory=dict, description="what the edit did")
    diff: Artifact | None = Field(default=None, description="against the parent, file by file")
    source: str | None = Field(default=None, description="the folder or address it came from")
    before: DatasetVersion | None = Field(
        default=None,
        description="the parent, where the same job registered it: a folder as it was",
    )


class DatasetPreviewed(Event):
    """What an edit would change; nothing was changed."""

    terminal: ClassVar[bool] = True

    kind: Literal["dataset.previewed.v1"] = "dataset.previewed.v1"
    name: str
    parent: str | None = Field(default=None, description="the version that it would be made from")
    changes: dict[str, int] = Field(default_factory=dict, description="what the edit would do")
    report: Artifact = Field(description="the diff, file by file")


class DatasetCollected(Event):
    """Bytes that no version of a dataset holds any more were removed from the store."""

    terminal: ClassVar[bool] = True

    kind: Literal["dataset.collected.v1"] = "dataset.collected.v1"
    name: str
    files: int = Field(ge=0)
    size_bytes: int = Field(ge=0)


class DatasetDeleted(Event):
    """A registered dataset got a tombstone; its blobs stay until garbage collection."""

    terminal: ClassVar[bool] = True

    kind: Literal["dataset.deleted.v1"] = "dataset.deleted.v1"
    name: str


class DatasetFailed(Failed):
    """The dataset job cannot be done."""

    kind: Literal["dataset.failed.v1"] = "dataset.failed.v1"


class DatasetCancelRequested(CancelRequested):
    """Somebody asked to stop a dataset job."""

    kind: Literal["dataset.cancel_requested.v1"] = "dataset.cancel_requested.v1"


class DatasetCancelled(Cancelled):
    """The dataset job was stopped."""

    kind: Literal["dataset.cancelled.v1"] = "dataset.cancelled.v1"


# trainings ----------------------------------------------------------------------------------


ENDPOINT = r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}:[0-9]{2,5}$"


class TrainingArguments(Value):
    """What reaches the trainer, named as in the REST contract; every field is explicit."""

    mode: Literal["full", "transfer", "continue"]
    model_architecture: Literal["yolov8n", "yolov8s", "yolov8m", "yolov8l", "yolov8x"] = "yolov8s"
    epochs: int = Field(default=100, ge=1, le=1000)
    batch_size: int = Field(default=16, ge=-1, le=128, description="-1 = as the memory allows")
    learning_rate: float = Field(default=0.01, gt=0, le=1)
    imgsz: int = Field(default=640, ge=32, le=1280, multiple_of=32)
    optimizer: str = "SGD"
    patience: int = Field(default=50, ge=0)
    augmentation_params: dict[str, float | int | str | bool] = Field(default_factory=dict)
    save_period: int = Field(default=10, ge=-1)
    device: str | None = None
    nnodes: int = Field(default=1, ge=1, le=16, description="hosts that train together")
    rdzv_endpoint: str | None = Field(
        default=None,
        pattern=ENDPOINT,
        description="several hosts: address:port of the first, at which the others find it",
    )
    gpu_load_rate: float = Field(default=1.0, ge=0.1, le=1)
    seed: int = Field(default=0, ge=0)
    cache: bool | Literal["ram", "disk"] = False
    workers: int = Field(default=0, ge=0, le=64)
    amp: bool = True
    freeze: int | None = Field(default=None, ge=0, le=22, description="first n layers stay as is")
    sample_period: int = Field(
        default=-1,
        ge=-1,
        le=1000,
        description="a sheet of predictions every n epochs; -1 = about 20 in all, 0 = none",
    )
    extra: dict[str, float | int | str | bool] = Field(
        default_factory=dict,
        description="further ultralytics arguments, from a list; `compile` needs a compiler for "
        "C++ (on the CPU) or C (GPU) on the trainer's host, else it fails with compiler_missing",
    )
    preset: Literal["auto", "stock"] = Field(
        default="auto",
        description="auto: what was not chosen is fitted to the data",
    )
    given: tuple[str, ...] | None = Field(
        default=None, description="fields that the user chose; null = all of them"
    )


class TrainingRequested(Request):
    """Train a detector."""

    kind: Literal["training.requested.v1"] = "training.requested.v1"
    dataset: DatasetRef
    base_model: ModelRef | None = Field(
        default=None, description="transfer: start weights; continue: the checkpoint"
    )
    arguments: TrainingArguments
    project_name: str = Field(default="ml_training", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    experiment_name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")
    pool: str = Field(default="default", pattern=r"^[a-z0-9-]{1,32}$")
    priority: Literal["low", "normal", "high"] = "normal"
    tags: tuple[str, ...] = ()
    auto_validate: bool = Field(default=True, description="judge the model when it is done")
    extends: str | None = Field(default=None, description="the finished run that this one goes on")
    checkpoint: dict[str, Artifact] = Field(
        default_factory=dict, description="of that run's end: state.pt, last.pt, best.pt"
    )

    @property
    def prefix(self) -> str:
        """Where the run's artifacts live."""
        return f"trainings/{self.project_name}/{self.experiment_name}"


class TrainingStarted(Started):
    """A trainer took the job up, from scratch or from a checkpoint."""

    kind: Literal["training.started.v1"] = "training.started.v1"
    device: str
    from_epoch: int = Field(ge=0, description="epochs already done, from the checkpoint")


class Fitted(Value):
    """One argument that the preset set, because nobody had chosen it."""

    argument: str = Field(description="a field of the request, or an argument of ultralytics")
    value: float | int | str | bool
    instead_of: float | int | str | bool | None = Field(
        default=None, description="the default that does not suit"
    )
    reason: str = Field(description="for people")


class TrainingPlanned(Event):
    """What the preset set for this training, and why; not told where it set nothing."""

    kind: Literal["training.planned.v1"] = "training.planned.v1"
    preset: Literal["auto", "stock"]
    fitted: tuple[Fitted, ...]


class EpochCompleted(Event):
    """The trainer finished one epoch. Losses are means over the epoch's batches."""

    kind: Literal["training.epoch_completed.v1"] = "training.epoch_completed.v1"
    epoch: int = Field(ge=1, description="1-based")
    epochs: int = Field(ge=1, description="planned in total")
    train_losses: dict[str, float] = Field(description="box_loss, cls_loss, dfl_loss")
    val_losses: dict[str, float] = Field(default_factory=dict, description="same, validation split")
    precision: Share = Field(description="at the confidence of max F1, validation split")
    recall: Share = Field(description="at the confidence of max F1, validation split")
    map50: Share = Field(description="mAP at IoU 0.50, validation split, ultralytics' AP")
    map50_95: Share = Field(description="mAP at IoU 0.50:0.95, validation split, ultralytics' AP")
    learning_rates: dict[str, float] = Field(default_factory=dict, description="per group")
    seconds: float = Field(ge=0, description="wall time of this epoch")
    best: bool = Field(default=False, description="best fitness so far")
    gpu_peak_bytes: int | None = Field(
        default=None, ge=0, description="the most GPU memory that was reserved so far"
    )
    ranks: int | None = Field(
        default=None, ge=2, description="processes that trained together, where several did"
    )
    weights_sha256: str | None = Field(
        default=None, description="of the parameters, which all ranks were found to share"
    )

    @property
    def dedupe_key(self) -> str:
        """One epoch of an attempt is one fact, however often it is told."""
        return f"{self.kind}:{self.job_id}:{self.attempt}:{self.epoch}"


class CheckpointSaved(Event):
    """A checkpoint from which any trainer can go on can be read in the store."""

    kind: Literal["training.checkpoint_saved.v1"] = "training.checkpoint_saved.v1"
    epoch: int = Field(ge=0, description="whole epochs inside")
    batches: int = Field(default=0, ge=0, description="done of the epoch after those")
    files: dict[str, Artifact] = Field(description="by name: state.pt, last.pt, best.pt, …")

    @property
    def dedupe_key(self) -> str:
        """One checkpoint per place of an attempt."""
        return f"{self.kind}:{self.job_id}:{self.attempt}:{self.epoch}:{self.batches}"


class SamplesDrawn(Event):
    """A sheet of validation images with labelled and predicted boxes, after an epoch."""

    kind: Literal["training.samples_drawn.v1"] = "training.samples_drawn.v1"
    epoch: int = Field(ge=1, description="1-based")
    picture: Artifact = Field(description="JPEG: a head of head_px, then square cells, row by row")
    images: tuple[str, ...] = Field(description="file names, in the order of the cells")
    labels: int = Field(ge=0, description="labelled boxes on the sheet")
    predictions: int = Field(ge=0, description="predicted boxes on the sheet, score 0.25 or more")
    columns: int = Field(ge=1)
    cell_px: int = Field(ge=1)
    head_px: int = Field(ge=0)

    @property
    def name(self) -> str:
        """The sheet among the run's artifacts."""
        return f"samples/epoch_{self.epoch:04d}.jpg"

    @property
    def dedupe_key(self) -> str:
        """One sheet per epoch of an attempt."""
        return f"{self.kind}:{self.job_id}:{self.attempt}:{self.epoch}"


class TrainingAdjusted(Event):
    """The training met trouble, and goes on from good weights: if need be in another way."""

    kind: Literal["training.adjusted.v1"] = "training.adjusted.v1"
    error_code: str = Field(description="what happened: out_of_memory, poison_image, …")
    message: str = Field(description="what happened and what is done about it, for people")
    batch_size: int | None = Field(
        default=None, ge=1, description="from now on, with as many more steps gathered"
    )
    left_out: tuple[str, ...] = Field(
        default=(), description="images, relative to the dataset, that are not read any more"
    )
    epoch: int | None = Field(
        default=None, ge=1, description="that is trained again; null = the attempt is over"
    )

    @property
    def dedupe_key(self) -> str:
        """An attempt may train an epoch again, and meet other trouble later."""
        return f"{self.kind}:{self.job_id}:{self.attempt}:{self.error_code}:{self.epoch or ''}"


class TrainingPauseRequested(Event):
    """Somebody asked the training to leave its place, and to wait."""

    kind: Literal["training.pause_requested.v1"] = "training.pause_requested.v1"
    nonce: str = Field(default="", description="tells two pauses of one job apart")

    @property
    def dedupe_key(self) -> str:
        """Asking twice with the same nonce is asking once."""
        return f"{self.kind}:{self.job_id}:{self.nonce}"


class TrainingResumeRequested(Event):
    """Somebody asked a paused training to go on."""

    kind: Literal["training.resume_requested.v1"] = "training.resume_requested.v1"
    nonce: str = Field(default="", description="tells two of one job apart")

    @property
    def dedupe_key(self) -> str:
        """Asking twice with the same nonce is asking once."""
        return f"{self.kind}:{self.job_id}:{self.nonce}"


class TrainingPaused(Event):
    """The training left its place; its checkpoint can be read, its memory is free."""

    kind: Literal["training.paused.v1"] = "training.paused.v1"
    reason: Literal["asked", "preempted", "drained"] = Field(
        default="asked",
        description="asked: a resume lets it go on; preempted, drained: it goes on by itself",
    )
    by: str | None = Field(
        default=None, description="preempted: the training that took the place; drained: the host"
    )


class TrainingCompleted(Event):
    """The run ended with usable weights; all its artifacts can be read."""

    terminal: ClassVar[bool] = True

    kind: Literal["training.completed.v1"] = "training.completed.v1"
    epochs_done: int = Field(ge=0)
    stopped_early: bool = False
    best_epoch: int = Field(ge=0)
    best_metrics: dict[str, float] = Field(description="precision, recall, map50, map50_95")
    classes: tuple[str, ...]
    seconds: float = Field(ge=0, description="wall time of all attempts that counted")
    artifacts: dict[str, Artifact] = Field(description="by name under the run's prefix")


class TrainingFailed(Failed):
    """The training cannot go on; its last good checkpoint stays readable."""

    kind: Literal["training.failed.v1"] = "training.failed.v1"


class TrainingCancelRequested(CancelRequested):
    """Somebody asked to stop the training."""

    kind: Literal["training.cancel_requested.v1"] = "training.cancel_requested.v1"


class TrainingCancelled(Cancelled):
    """The training was stopped: its process is gone and its memory is free."""

    kind: Literal["training.cancelled.v1"] = "training.cancelled.v1"


# analyses -----------------------------------------------------------------------------------


class AnalysisRequested(Request):
    """Judge, draw or explain a model, or compare judgements."""

    kind: Literal["analysis.requested.v1"] = "analysis.requested.v1"
    operation: Literal["validate", "visualize", "compare", "explain", "thresholds"]
    model: ModelRef
    dataset: DatasetRef | None = Field(default=None, description="visualize finds the run's own")
    predictions: FileRef | None = Field(
        default=None,
        description="validate: judged in the place of a model, then only a name",
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="of the operation, as checked by the gateway's model"
    )


class AnalysisStarted(Started):
    """The analyzer took the job up."""

    kind: Literal["analysis.started.v1"] = "analysis.started.v1"


class ModelValidated(Event):
    """A model was judged on a dataset; report and pictures are artifacts."""

    terminal: ClassVar[bool] = True

    kind: Literal["analysis.validated.v1"] = "analysis.validated.v1"
    prefix: str = Field(description="validations/{model_name}_{timestamp}")
    metrics: dict[str, float] = Field(description="precision, recall, f1_score, map50, …")
    total_images: int = Field(ge=0)
    seconds: float = Field(ge=0)
    report: Artifact
    artifacts: dict[str, Artifact]


class ModelVisualized(Event):
    """A model's pictures were drawn."""

    terminal: ClassVar[bool] = True

    kind: Literal["analysis.visualized.v1"] = "analysis.visualized.v1"
    prefix: str = Field(description="visualizations/{model_name}_{timestamp}")
    seconds: float = Field(ge=0)
    report: Artifact
    artifacts: dict[str, Artifact]


class ModelsCompared(Event):
    """Two or more judgements of the same images were compared, the first against each other one."""

    terminal: ClassVar[bool] = True

    kind: Literal["analysis.compared.v1"] = "analysis.compared.v1"
    prefix: str = Field(description="comparisons/{name}_{timestamp}")
    validations: tuple[str, ...] = Field(description="job ids; the first is the base")
    verdicts: dict[str, Literal["better", "worse", "cannot_tell"]] = Field(
        description="of each other validation against the base, by job id"
    )
    seconds: float = Field(ge=0)
    report: Artifact
    artifacts: dict[str, Artifact]


class ThresholdsChosen(Event):
    """Confidence thresholds per class, chosen on one validation and measured on another."""

    terminal: ClassVar[bool] = True

    kind: Literal["analysis.thresholds_chosen.v1"] = "analysis.thresholds_chosen.v1"
    prefix: str = Field(description="thresholds/{model_name}_{timestamp}")
    thresholds: dict[str, float] = Field(description="by class")
    model_sha256: str = Field(description="of the weights that they belong to")
    seconds: float = Field(ge=0)
    report: Artifact
    artifacts: dict[str, Artifact]


class DetectionExplained(Event):
    """It was drawn what in the image made the model say so."""

    terminal: ClassVar[bool] = True

    kind: Literal["analysis.explained.v1"] = "analysis.explained.v1"
    prefix: str = Field(description="explanations/{model_name}_{timestamp}")
    seconds: float = Field(ge=0)
    report: Artifact
    artifacts: dict[str, Artifact]


class AnalysisFailed(Failed):
    """The analysis cannot be done."""

    kind: Literal["analysis.failed.v1"] = "analysis.failed.v1"


class AnalysisCancelRequested(CancelRequested):
    """Somebody asked to stop an analysis."""

    kind: Literal["analysis.cancel_requested.v1"] = "analysis.cancel_requested.v1"


class AnalysisCancelled(Cancelled):
    """The analysis was stopped."""

    kind: Literal["analysis.cancelled.v1"] = "analysis.cancelled.v1"


# hosts --------------------------------------------------------------------------------------

HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]


class HostDrainRequested(Event):
    """Somebody asked a host to take no trainings up any more; `job_id` stands for the host."""

    kind: Literal["host.drain_requested.v1"] = "host.drain_requested.v1"
    host: HostName
    running: Literal["hand_over", "finish"] = Field(
        default="hand_over",
        description="those that run there: stored and left to other hosts, or brought to their end",
    )
    nonce: str = Field(default="", description="tells two requests of one host apart")

    @property
    def dedupe_key(self) -> str:
        """Asking twice with the same nonce is asking once."""
        return f"{self.kind}:{self.job_id}:{self.nonce}"


class HostUndrainRequested(Event):
    """Somebody asked a host to take trainings up again."""

    kind: Literal["host.undrain_requested.v1"] = "host.undrain_requested.v1"
    host: HostName
    nonce: str = Field(default="", description="tells two requests of one host apart")

    @property
    def dedupe_key(self) -> str:
        """Asking twice with the same nonce is asking once."""
        return f"{self.kind}:{self.job_id}:{self.nonce}"


class HostDrained(Event):
    """A trainer of a drained host has no training any more: the host can be switched off."""

    kind: Literal["host.drained.v1"] = "host.drained.v1"
    host: HostName
    worker: str = Field(description="service instance, host:pid")
    request_seq: int = Field(ge=0, description="of the request that began it, in the log")

    @property
    def dedupe_key(self) -> str:
        """One answer per trainer and request."""
        return f"{self.kind}:{self.job_id}:{self.worker}:{self.request_seq}"


# models -------------------------------------------------------------------------------------


class ModelUploaded(Event):
    """Weights from outside can be read in the store."""

    terminal: ClassVar[bool] = True

    kind: Literal["model.uploaded.v1"] = "model.uploaded.v1"
    name: str
    weights: Artifact


class ModelDeleted(Event):
    """Nobody can use a model any more, and its weights leave the store; `job_id` is the fact's own.

    Of a training only the weights are gone: what it did and how good it was stays.
    """

    terminal: ClassVar[bool] = True

    kind: Literal["model.deleted.v1"] = "model.deleted.v1"
    name: str
    training_id: JobId | None = Field(default=None, description="of a training's weights")


# audit --------------------------------------------------------------------------------------


class AuditChanged(Event):
    """A known caller asked for a change through REST; `job_id` is the fact's own."""

    kind: Literal["audit.changed.v1"] = "audit.changed.v1"
    who: str = Field(description="a token's name, or an OIDC subject")
    token_id: str | None = None
    way: Literal["open", "token", "session", "oidc"]
    scope: Literal["read", "run", "admin"] = Field(description="what the caller may do")
    method: str
    path: str
    status: int = Field(description="HTTP status of the answer")
    address: str = Field(description="IP address of the caller")


class AuditRefused(Event):
    """Somebody showed credentials that open nothing; `job_id` is the fact's own."""

    kind: Literal["audit.refused.v1"] = "audit.refused.v1"
    path: str
    status: int = Field(description="HTTP status of the answer")
    address: str = Field(description="IP address of the caller")
    reason: str


def _kinds(cls: type[Event]) -> dict[str, type[Event]]:
    kind = cls.model_fields["kind"].default
    found = {kind: cls} if isinstance(kind, str) else {}
    for sub in cls.__subclasses__():
        found |= _kinds(sub)
    return found


KINDS: dict[str, type[Event]] = _kinds(Event)
"""Every kind that is ever told, and its class."""
