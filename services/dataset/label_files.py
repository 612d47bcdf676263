"""Open label files: what is no plain file is no label, what is too large is not read to its end."""

import os
import stat
from functools import lru_cache
from pathlib import Path

from libs.common.dataset_files import Fence
from services.dataset.images import OPEN_FLAGS

MAX_LABEL_BYTES = 4 * 1024 * 1024
DANGLING = "it is a link that leads nowhere"
TOO_LARGE = "it is far too large and was not read"
OUTSIDE = "it is a link out of the folders that may be read"

Stamp = tuple[int, int, int]
"""Size, and when content and inode last changed, in ns since 1970."""


class LabelReader:
    """Reads label files under the roots that hold for a scan."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        self.fence = _fence(roots) if roots else None
        self._allowed = b""
        self._real = b""

    def read(self, path: bytes) -> tuple[bytes | None, Stamp, str | None]:
        """Bytes, stamp, and why they could not be had. No bytes and no reason: no label file."""
        try:
            handle = self._open(path)
        except FileNotFoundError:
            return None, (0, 0, 0), DANGLING if os.path.islink(path) else None  # noqa: PTH114
        except PermissionError as error:
            return None, (0, 0, 0), error.strerror or OUTSIDE
        except OSError as error:
            dangling = os.path.islink(path) and not os.path.exists(path)  # noqa: PTH110, PTH114
            reason = DANGLING if dangling else f"it cannot be read ({error.strerror})"
            return None, (0, 0, 0), reason
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode):
                return None, (0, 0, 0), None
            size = info.st_size
            stamp = (size, info.st_mtime_ns, info.st_ctime_ns)
            raw = os.pread(handle, min(size, MAX_LABEL_BYTES) + 1, 0)
        except OSError as error:
            return None, (0, 0, 0), f"it cannot be read ({error.strerror})"
        finally:
            os.close(handle)
        return raw, stamp, TOO_LARGE if len(raw) > MAX_LABEL_BYTES else None

    def _open(self, path: bytes) -> int:
        if self.fence is None:
            return os.open(path, OPEN_FLAGS)
        folder = path[: path.rfind(b"/")]
        if folder != self._allowed:
            if not self.fence.allows_folder(folder):
                raise PermissionError(1, OUTSIDE)
            self._allowed = folder
        try:
            return self._inside(os.open(path, OPEN_FLAGS | os.O_NOFOLLOW))
        except PermissionError:
            raise
        except OSError:
            if not os.path.islink(path):  # noqa: PTH114
                raise
        if not self.fence.allows(os.fsdecode(path)):
            raise PermissionError(1, OUTSIDE)
        return self._inside(os.open(path, OPEN_FLAGS))

    def _inside(self, handle: int) -> int:
        """`handle`, if what was opened lies inside: links may have changed since we looked.

        Where there is no /proc (not Linux) the earlier look has to do.
        """
        try:
            folder = os.readlink(b"/proc/self/fd/%d" % handle).rpartition(b"/")[0]  # noqa: PTH115
        except OSError:
            return handle
        if folder != self._real and not (self.fence and self.fence.contains(folder)):
            os.close(handle)
            raise PermissionError(1, OUTSIDE)
        self._real = folder
        return handle


class _FolderFence(Fence):
    """Asks only once about each folder."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        super().__init__([Path(root) for root in roots])
        self._known: dict[bytes, bool] = {}

    def contains(self, real: bytes) -> bool:
        """Whether a path without links lies under the roots."""
        return self._contains(os.fsdecode(real))

    def allows_folder(self, folder: bytes) -> bool:
        """Whether what lies in this folder may be read, links aside."""
        if folder not in self._known:
            self._known[folder] = self.allows(os.fsdecode(folder) + "/")
        return self._known[folder]


@lru_cache(maxsize=8)
def _fence(roots: tuple[str, ...]) -> _FolderFence:
    return _FolderFence(roots)
