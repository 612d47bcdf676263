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
        return self.fence.open(path)

    def close(self) -> None:
        """Let go of the folder that is held."""
        if self._handle >= 0:
            os.close(self._handle)
        self._folder, self._handle = b"", -1

    def _enter(self, folder: bytes) -> None:
        """Hold the folder, if it lies under the roots now that it is open, or is one."""
        self.close()
        handle = os.open(folder, _FOLDER_FLAGS)
        try:
            real = os.readlink(f"/proc/self/fd/{handle}")  # noqa: PTH115
        except OSError:  # no /proc (not Linux): a second look has to do
            real = os.path.realpath(os.fsdecode(folder))
        if self.fence and not self.fence.contains(real):
            os.close(handle)
            raise OutsideError(errno.EPERM, OUTSIDE)
        self._folder, self._handle = folder, handle


@lru_cache(maxsize=8)
def _fence(roots: tuple[str, ...]) -> Fence:
    return Fence([Path(root) for root in roots])
