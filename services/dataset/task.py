"""One attempt at one request, and what it works with."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from libs.common.dataset_versions import materialise, sanitised
from libs.common.events import DatasetRequested
from libs.common.work import Attempt
from services.dataset.contents import Contents, fence_of_drafts
from services.dataset.registry import Registry
from services.dataset.scan import Progress, StageProgress
from services.dataset.workers import Workers


@dataclass(frozen=True, slots=True)
class Task:
    """Made anew for each attempt."""

    attempt: Attempt
    request: DatasetRequested
    workers: Workers
    scratch: Path
    """Of this attempt, removed after it."""

    @property
    def cache(self) -> Path:
        """Of this service: blobs and versions, by hash."""
        return self.attempt.deps.scratch / "cache"

    @property
    def registry(self) -> Registry:
        """The versions of all datasets."""
        deps = self.attempt.deps
        return Registry(deps.bus, deps.artifacts, self.attempt.job.id, fence_of_drafts(deps))

    def contents(self) -> Contents:
        """Reads what drafts hold."""
        deps = self.attempt.deps
        return Contents(deps.artifacts, self.cache, fence_of_drafts(deps))

    async def folder(self) -> tuple[Path, tuple[Path, ...]]:
        """The dataset's folder on this disk, and the roots that hold for it."""
        deps, ref = self.attempt.deps, self.request.dataset
        path = await materialise(ref, deps.artifacts, self.cache)
        settings = deps.settings
        return path, (*settings.roots, settings.datasets_dir) if ref.path else (path,)

    @property
    def name(self) -> str:
        """The name that a new version of the request's dataset gets if it has none yet."""
        ref = self.request.dataset
        if ref.url:
            return sanitised(PurePosixPath(ref.url).name)
        if not ref.path:
            return ref.name
        path = Path(ref.path)
        return sanitised(path.parent.name if path.suffix in (".yaml", ".yml") else path.name)

    @property
    def source(self) -> str | None:
        """Where the dataset is, if it is no registered version."""
        return self.request.dataset.url or self.request.dataset.path

    def stages(self) -> StageProgress:
        """Tells how far the work is, and in which stage."""

        async def tell(done: int, of: int, stage: str) -> None:
            await self.attempt.progress(done=done, of=of, stage=stage)

        return tell

    def progress(self, stage: str) -> Progress:
        """Tells how far a stage of the work is."""

        async def tell(done: int, of: int) -> None:
            await self.attempt.progress(done=done, of=of, stage=stage)

        return tell
