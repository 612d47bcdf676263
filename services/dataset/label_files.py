"""Open label files: what is no plain file is no label, what is too large is not read to its end."""

import os
import stat

from libs.common.dataset_files import OUTSIDE
from services.dataset.opening import Opener

MAX_LABEL_BYTES = 4 * 1024 * 1024
DANGLING = "it is a link that leads nowhere"
TOO_LARGE = "it is far too large and was not read"

Stamp = tuple[int, int, int]
"""Size, and when content and inode last changed, in ns since 1970."""


def read_label(path: bytes, opener: Opener) -> tuple[bytes | None, Stamp, str | None]:
    """Bytes, stamp, and why they could not be had. No bytes and no reason: no label file."""
    try:
        handle = opener.open(path)
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
