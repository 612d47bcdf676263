"""What is answered on edits of datasets: what was done, and how versions differ."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from libs.common.answers.jobs import JobStatus


class BoxChanges(TypedDict):
    """Boxes that came, went, and were changed."""

    added: int
    removed: int
    changed: int


class ImageChanges(TypedDict):
    """Images that differ, by how."""

    added: int
    removed: int
    moved: int
    renamed: int
    pixels: int


class LabelChanges(TypedDict):
    """Label files that differ."""

    changed: int


class RowChanges(TypedDict, total=False):
    """Label rows, the first few of an image."""

    removed: list[str]
    added: list[str]


class Change(TypedDict):
    """What is different about one image."""

    image: str
    kinds: list[Literal["added", "removed", "moved", "renamed", "pixels", "label"]]
    before: NotRequired[str]
    boxes: NotRequired[BoxChanges]
    rows: NotRequired[RowChanges]


class NotMended(TypedDict):
    """Something that a fix left as it is."""

    rule: str
    why: str


class BeforeAndAfterNames(TypedDict):
    """Class names of both sides."""

    before: list[str]
    after: list[str]


class BeforeAndAfterCounts(TypedDict):
    """Images per split of both sides."""

    before: dict[str, int]
    after: dict[str, int]


class DiffNumbers(TypedDict):
    """A diff in numbers; `boxes` is null where there were too many to count."""

    files: int
    images: ImageChanges
    labels: LabelChanges
    boxes: BoxChanges | None
    classes: BeforeAndAfterNames
    counts: BeforeAndAfterCounts
    changed: list[Change]
    changed_total: NotRequired[int]


# `from` is a word that Python keeps for itself.
_From = TypedDict("_From", {"from": str | None})


class VersionsDiff(DiffNumbers, _From):
    """How two versions differ."""

    name: str
    to: str


class Mending(DiffNumbers):
    """What an edit does, with its first files; the rest is of fix, restore, import, and edit."""

    name: str
    to: str | None
    changes: dict[str, int]
    dry_run: NotRequired[bool]
    rules: NotRequired[list[str]]
    unfixed: NotRequired[list[NotMended]]
    unfixed_total: NotRequired[int]
    restored: NotRequired[str]
    format: NotRequired[str]
    lost: NotRequired[dict[str, int]]
    undone: NotRequired[list[str]]


class EditDiff(Mending, _From):
    """The same, with the version that the edit started from."""


class StoredFile(TypedDict):
    """A file in the store."""

    key: str
    sha256: str
    size_bytes: int


class StoredVersion(TypedDict):
    """A version that the same job registered: a folder as it was."""

    version: str
    manifest: StoredFile
    classes: list[str]
    counts: dict[str, int]


class EditDone(TypedDict):
    """A finished edit, or the preview of one (`dry_run`)."""

    id: str
    edit_id: str
    status: JobStatus
    dry_run: bool
    name: NotRequired[str]
    version: NotRequired[str]
    parent: NotRequired[str | None]
    classes: NotRequired[list[str]]
    counts: NotRequired[dict[str, int]]
    changes: NotRequired[dict[str, int]]
    manifest: NotRequired[StoredFile]
    source: NotRequired[str | None]
    before: NotRequired[StoredVersion | None]
    report: NotRequired[StoredFile]
    files: NotRequired[int]
    size_bytes: NotRequired[int]
    diff: NotRequired[EditDiff | None]
    changes_url: NotRequired[str]


class ChangesPage(TypedDict):
    """A page of the images that an edit changes."""

    changed: list[Change]
