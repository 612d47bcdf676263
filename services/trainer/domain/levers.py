"""What makes a training quicker and leaves its result: each can be switched off. Pure."""

from collections.abc import Iterable, Mapping

from libs.common.errors import BadInput

LEVERS: Mapping[str, str] = {
    "threads": "all cores compute on the CPU; ultralytics leaves one thread on two cores",
    "channels_last": "on the CPU, too, the channels of a pixel lie side by side",
    "allocator": "memory that was freed is kept for the next batch",
    "images_in_memory": "decoded and resized images are kept, as far as the memory allows",
    "small_writes": "the history in a checkpoint comes from our own table, without polars",
}
"""Name and what it does; measured in docs/performance.md."""

KEEP_BYTES = 2**32
KEEP_BYTES_BEFORE_2_35 = 2**25
"""Older glibc takes no larger threshold than this, and would fall back to a very small one."""
MEMORY_SHARE = 0.1
MOST_BYTES = 8 * 2**30


def pulled(without: Iterable[str]) -> tuple[str, ...]:
    """All levers but those of `without`.

    Raises:
        BadInput: there is no lever of that name.
    """
    off = set(without)
    if unknown := sorted(off - set(LEVERS)):
        raise BadInput(
            f"there is no lever '{unknown[0]}'. Levers: {', '.join(LEVERS)}.", code="unknown_lever"
        )
    return tuple(name for name in LEVERS if name not in off)


def allocator_environment(glibc: str | None) -> dict[str, str]:
    """Variables that make glibc keep freed memory in the process.

    A training frees and takes hundreds of megabytes per batch. By default glibc gives them back to
    the kernel and takes them anew, page by page.

    Args:
        glibc: as `os.confstr("CS_GNU_LIBC_VERSION")` tells it, `glibc 2.36`; None = another libc.
    """
    if glibc is None or not glibc.startswith("glibc "):
        return {}
    major, minor = (int(part) for part in glibc.removeprefix("glibc ").split(".")[:2])
    keep = KEEP_BYTES if (major, minor) >= (2, 35) else KEEP_BYTES_BEFORE_2_35
    return {"MALLOC_MMAP_THRESHOLD_": str(keep), "MALLOC_TRIM_THRESHOLD_": str(2 * keep)}


def image_budget(available_bytes: int, processes: int) -> int:
    """Bytes of decoded images that each of `processes` may keep."""
    return min(MOST_BYTES, int(MEMORY_SHARE * available_bytes)) // max(1, processes)
