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


def image_budget(available_bytes: int, processes: int) -> int:
    """Bytes of decoded images that each of `processes` may keep."""
    return min(MOST_BYTES, int(MEMORY_SHARE * available_bytes)) // max(1, processes)
