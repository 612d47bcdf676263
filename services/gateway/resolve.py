"""Names and paths from clients -> references that workers can trust; nothing outside the roots."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from libs.common.artifacts import checked_key
from libs.common.dataset_files import Fence, is_image_name
from libs.common.dataset_log import name_and_version
from libs.common.errors import BadInput, NotFound
from libs.common.events import (
    AnalysisRequested,
    DatasetRef,
    FileRef,
    ModelRef,
    ModelValidated,
    TrainingCompleted,
    TrainingRequested,
)
from libs.common.s3_datasets import split_url
from libs.common.weights import SUFFIXES
from services.gateway.ledger import Ledger, finished_runs
from services.gateway.settings import GatewaySettings

YAML = {".yaml", ".yml"}
PREDICTIONS = {".json", ".txt"}
RESULTS = "validations/"
BOXES = "matches.parquet"
OUTSIDE = (
    "{what} {path!r} was not found under the allowed folders (SHIRUSHI_ROOTS); "
    "give a registered name, or a path inside them"
)


class Resolver:
    """Knows the registered names (ledger) and the allowed folders (settings)."""

    def __init__(self, ledger: Ledger, settings: GatewaySettings) -> None:
        self.ledger = ledger
        self.settings = settings
        self.roots = tuple(
            root.resolve() for root in (*settings.roots, settings.datasets_dir) if root
        )
        self.fence = Fence(self.roots)

    def dataset(self, text: str) -> DatasetRef:
        """A registered name, `name@v3` for one of its versions, a folder, a data.yaml, or s3://….

        Raises:
            NotFound: no such name, and no such path under the roots.
            BadInput: it is something else, or the bucket is not one that may be read.
        """
        if text.startswith("s3://"):
            return self._bucket(text)
        if registered := self.ledger.dataset(text):
            return DatasetRef(
                name=registered.name, version=registered.version, manifest=registered.manifest
            )
        name, version = name_and_version(text)
        if version and (newest := self.ledger.dataset(name)):
            raise NotFound(
                f"dataset {name} has no version {version}; its newest is {newest.version}",
                code="no_such_version",
            )
        path = self._inside(text, "dataset")
        if path.is_dir() or path.suffix.lower() in YAML:
            return DatasetRef(name=text, path=str(path))
        raise BadInput(f"{text!r} is neither a folder nor a data.yaml", code="no_dataset")

    def model(self, text: str, *, weights: str = "best.pt") -> ModelRef:
        """A run (id or project/experiment), an upload, base weights, an output path or a file.

        Raises:
            NotFound: no such name, and no such path under the roots.
            BadInput: the run has no weights, or the path is no .pt file.
        """
        job = self.ledger.jobs.get(text) or self.ledger.run_of(text)
        if job and isinstance(job.request, TrainingRequested):
            name = f"{job.request.project_name}/{job.request.experiment_name}"
            outcome = job.outcome
            if not isinstance(outcome, TrainingCompleted):
                raise BadInput(f"training {name} has no weights yet", code="no_weights")
            if job.id in self.ledger.without_weights:
                raise BadInput(
                    f"the weights of training {name} were deleted: choose another model, or train "
                    "again with the same settings by /training/retry",
                    code="weights_deleted",
                )
            found = outcome.artifacts[f"weights/{weights}"]
            return ModelRef(name=name, key=found.key, sha256=found.sha256, training_id=job.id)
        if upload := self.ledger.uploads.get(text):
            return ModelRef(name=text, key=upload.weights.key, sha256=upload.weights.sha256)
        if text in self.base_models():
            return self._file(text, self.base_models()[text])
        return self._output(text) or self._model_file(text)

    def predictions(self, text: str) -> FileRef:
        """A COCO json or YOLO txt, a folder of these, or the key of one in the store.

        Raises:
            NotFound: no such path under the roots.
            BadInput: it is something else.
        """
        key, outputs = text, self.settings.outputs_dir
        if outputs and (shown := Path(text).absolute()).is_relative_to(outputs):
            key = shown.relative_to(outputs).as_posix()
        if key.startswith(RESULTS) and Path(key).suffix.lower() in PREDICTIONS:
            return FileRef(name=text, key=checked_key(key))
        path = self._inside(text, "predictions")
        if path.is_dir():
            return FileRef(name=text, path=str(path))
        if path.suffix.lower() not in PREDICTIONS or not path.is_file():
            raise BadInput(
                f"{text!r} is no predictions: give a COCO .json, a .txt, or a folder of .txt files",
                code="no_predictions",
            )
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileRef(name=text, path=str(path), sha256=digest)

    def judged_boxes(self, text: str) -> FileRef:
        """The stored boxes of a completed model validation, by its id.

        Raises:
            NotFound: there is no such validation.
            BadInput: it did not complete.
        """
        job = self.ledger.jobs.get(text)
        request = job.request if job else None
        if not job or not isinstance(request, AnalysisRequested) or request.operation != "validate":
            raise NotFound(
                f"there is no model validation with the id {text[:64]!r}: predictions from a file "
                "become one by POST /model/validate with predictions_path",
                code="no_such_validation",
            )
        if not isinstance(job.outcome, ModelValidated):
            raise BadInput(
                f"the model validation {job.id} has no predictions: it is {job.status}",
                code="no_predictions",
            )
        boxes = job.outcome.artifacts[BOXES]
        return FileRef(name=job.id, key=boxes.key, sha256=boxes.sha256)

    def image(self, text: str) -> Path:
        """An image under the roots; NotFound, or BadInput where it is none by its name."""
        path = self._inside(text, "image")
        if not is_image_name(path.name) or not path.is_file():
            raise BadInput(f"{text!r} is no image file", code="no_image")
        return path

    def base_models(self) -> dict[str, Path]:
        """Weights that the project ships, by name."""
        return {path.stem: path for path in sorted(self.settings.models_dir.glob("*.pt"))}

    def datasets_on_disk(self) -> dict[str, Path]:
        """Folders with a data.yaml directly under the roots, by name; the first root wins."""
        found: dict[str, Path] = {}
        for root in self.roots:
            for file in sorted(_yamls(root)):
                name = file.parent.name
                if file.parent != root and self.fence.allows(file):
                    found.setdefault(name, file.parent)
        return found

    def _bucket(self, text: str) -> DatasetRef:
        bucket, prefix = split_url(text)
        if bucket not in self.settings.s3_datasets:
            raise BadInput(
                f"the bucket {bucket} is not among those that datasets may be read from: ask the "
                "operator to add it to SHIRUSHI_S3_DATASETS, or upload the dataset as a ZIP",
                code="bucket_not_allowed",
            )
        return DatasetRef(name=text[:256], url=f"s3://{bucket}/{prefix}")

    def _output(self, text: str) -> ModelRef | None:
        """A path in ml_outputs/, or an artifact key, that a completed run announced."""
        outputs = self.settings.outputs_dir
        key = text
        if outputs and (path := Path(text).absolute()).is_relative_to(outputs):
            key = path.relative_to(outputs).as_posix()
        for name, job, outcome in finished_runs(self.ledger):
            for artifact in outcome.artifacts.values():
                if artifact.key == key and key.endswith(SUFFIXES):
                    return ModelRef(name=name, key=key, sha256=artifact.sha256, training_id=job.id)
        return None

    def _model_file(self, text: str) -> ModelRef:
        path = self._inside(text, "model")
        if path.suffix not in SUFFIXES or not path.is_file():
            raise BadInput(f"{text!r} is no .pt or .safetensors file", code="no_model")
        return self._file(path.stem, path)

    def _file(self, name: str, path: Path) -> ModelRef:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return ModelRef(name=name, path=str(path.resolve()), sha256=digest)

    def _inside(self, text: str, what: str) -> Path:
        """The resolved path of `text` under one of the roots; links are followed first."""
        missing = NotFound(OUTSIDE.format(what=what, path=text[:200]), code=f"{what}_not_found")
        if not text.isprintable():
            raise missing
        given = Path(text)
        tries = [given] if given.is_absolute() else [root / given for root in self.roots]
        if not given.is_absolute():
            tries.insert(0, Path.cwd() / given)
        for each in tries:
            try:
                path = each.resolve(strict=True)
            except (OSError, RuntimeError):
                continue
            if self.fence.allows(f"{path}/"):  # of a folder, what is in it
                return path
        raise missing


def _yamls(root: Path) -> Iterable[Path]:
    for name in ("data.yaml", "dataset.yaml", "data.yml"):
        yield from root.glob(f"*/{name}")
