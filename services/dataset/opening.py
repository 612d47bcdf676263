"""Open files under the roots that hold for a scan; links may change while we look.

A folder is opened, looked at, and held: what is opened in it by name lies in it. So neither the
name of a folder nor that of a file can be made to lead elsewhere between look and open.
"""

import errno
import os
from functools import lru_cache
from pathlib import Path

from libs.common.dataset_files import OPEN_FLAGS, OUTSIDE, Fence, OutsideError

_FOLDER_FLAGS = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)


class Opener:
    """Opens files one by one, quickest where many lie in one folder; not for several threads."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        """`roots` are folders that nothing may lie outside of; none = anything may be opened."""
        self.fence = _fence(roots) if roots else None
        self._folder = b""
        self._handle = -1

    def open(self, path: bytes) -> int:
        """A descriptor of the file, which the caller closes.

        Raises:
            PermissionError: it lies outside of the roots, or must not be read.
            OSError: as `os.open`.
        """
        if self.fence is None:
            return os.open(path, OPEN_FLAGS)
        at = path.rfind(b"/") + 1
        if path[:at] != self._folder:
            self._enter(path[:at])
        try:
            return os.open(path[at:], OPEN_FLAGS | os.O_NOFOLLOW, dir_fd=self._handle)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        if not self.fence.allows(os.fsdecode(path)):
            raise OutsideError(errno.EPERM, OUTSIDE)
        return self._inside(os.open(path, OPEN_FLAGS))

    def close(self) -> None:
        """Let go of the folder that is held."""
        if self._handle >= 0:
            os.close(self._handle)
        self._folder, self._handle = b"", -1

    def _enter(self, folder: bytes) -> None:
        self.close()
        self._handle = self._inside(os.open(folder, _FOLDER_FLAGS), folder)
        self._folder = folder

    def _inside(self, handle: int, folder: bytes | None = None) -> int:
        """`handle`, if what was opened lies inside, or is the folder of a root."""
        try:
            real = os.readlink(b"/proc/self/fd/%d" % handle)  # noqa: PTH115
        except OSError:  # no /proc (not Linux): a second look has to do
            real = os.path.realpath(folder) if folder else b""
        if self.fence and real and not self.fence.contains(os.fsdecode(real)):
            os.close(handle)
            raise OutsideError(errno.EPERM, OUTSIDE)
        return handle


@lru_cache(maxsize=8)
def _fence(roots: tuple[str, ...]) -> Fence:
    return Fence([Path(root) for root in roots])
