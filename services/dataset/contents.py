"""Read what a draft holds: files of this disk, bytes, and blobs that are fetched when needed."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from libs.common.artifacts import ArtifactStore
from libs.common.dataset_files import Fence
from libs.common.dataset_versions import Member, fetch_blobs
from libs.common.errors import BadInput
from libs.common.service import Deps
from services.dataset.domain.draft import Blob, Content

MAX_LABEL_BYTES = 8 * 1024 * 1024
ANYWHERE = Fence(())


def fence_of_drafts(deps: Deps) -> Fence:
    """Where the files of a draft may lie: what the settings allow, and what was unpacked here."""
    return Fence((*deps.settings.roots, deps.settings.datasets_dir, deps.scratch))


class Contents:
    """Blobs are fetched many at a time (`fetch`), then read like files; files inside the fence."""

    def __init__(self, artifacts: ArtifactStore, cache: Path, fence: Fence = ANYWHERE) -> None:
        self._artifacts = artifacts
        self._fence = fence
        self._cache = cache
        self._here: dict[str, Path] = {}

    async def fetch(self, contents: Iterable[Content | None]) -> None:
        """Bring the blobs among `contents` here, verified.

        Raises:
            NotFound: one of them was collected.
        """
        missing: dict[str, dict[str, Member]] = defaultdict(dict)
        for content in contents:
            if isinstance(content, Blob) and content.sha256 not in self._here:
                member = Member(
                    path="images/x", size_bytes=content.size_bytes, sha256=content.sha256
                )
                missing[content.dataset][content.sha256] = member
        for name, members in missing.items():
            folder = self._cache / "blobs"
            self._here |= await fetch_blobs(name, members.values(), self._artifacts, folder)

    def path(self, content: Path | Blob) -> Path:
        """The file that holds it; a blob must have been fetched."""
        return content if isinstance(content, Path) else self._here[content.sha256]

    def read(self, content: Content, limit: int | None = None) -> bytes:
        """The bytes.

        Raises:
            BadInput: there are more than `limit`, or the file cannot be read.
        """
        if isinstance(content, bytes):
            return content
        try:
            with os.fdopen(self._fence.open(self.path(content)), "rb") as stream:
                data = stream.read(-1 if limit is None else limit + 1)
        except OSError as error:
            raise BadInput(
                f"A file cannot be read ({error.strerror}).", code="unreadable"
            ) from error
        if limit is not None and len(data) > limit:
            raise BadInput(f"A file is larger than {limit:,} bytes.", code="too_large")
        return data

    def text(self, content: Content) -> str:
        """A label as text; what is not UTF-8 comes out as �, what is far too large as nothing."""
        try:
            return self.read(content, MAX_LABEL_BYTES).decode("utf-8-sig", errors="replace")
        except BadInput:
            return ""
