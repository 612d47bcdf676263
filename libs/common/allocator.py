"""glibc told to keep what is freed: batches of images take and free hundreds of megabytes."""

import os
from contextlib import suppress

KEEP_BYTES = 2**32
KEEP_BYTES_BEFORE_2_35 = 2**25
"""Older glibc takes no larger threshold than this, and would fall back to a very small one."""


def keeping_memory() -> dict[str, str]:
    """Environment variables for the libc of this machine; see `allocator_environment`."""
    glibc = None
    with suppress(ValueError):  # another libc does not know the name
        glibc = os.confstr("CS_GNU_LIBC_VERSION")
    return allocator_environment(glibc)


def allocator_environment(glibc: str | None) -> dict[str, str]:
    """Variables that make glibc keep freed memory in the process.

    By default it gives what is freed back to the kernel, and takes it anew, page by page.

    Args:
        glibc: as `os.confstr("CS_GNU_LIBC_VERSION")` tells it, `glibc 2.36`; None = another libc.
    """
    if glibc is None or not glibc.startswith("glibc "):
        return {}
    major, minor = (int(part) for part in glibc.removeprefix("glibc ").split(".")[:2])
    keep = KEEP_BYTES if (major, minor) >= (2, 35) else KEEP_BYTES_BEFORE_2_35
    return {"MALLOC_MMAP_THRESHOLD_": str(keep), "MALLOC_TRIM_THRESHOLD_": str(2 * keep)}
