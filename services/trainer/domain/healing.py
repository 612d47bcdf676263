"""What is done about a training that got into trouble, so that it can go on: pure."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_LEFT_OUT = 20
SHARE_LEFT_OUT = 0.01
SHOWN = 5


@dataclass(frozen=True)
class Remedy:
    """How the next attempt differs from this one."""

    message: str
    batch_size: int | None = None
    left_out: tuple[str, ...] = ()


def remedy(
    code: str, images: Sequence[str], *, batch: int, left_out: int, of: int, ranks: int = 1
) -> Remedy | None:
    """What helps against a trouble, or None when nothing is known to.

    Args:
        code: `out_of_memory`, or any code with images to blame.
        images: that were being read when it happened, relative to the dataset.
        batch: images per step of this attempt.
        left_out: images that earlier attempts were told to leave out.
        of: images of the dataset.
        ranks: that share each batch, at least one image each.
    """
    if code == "out_of_memory":
        half = batch // 2
        if half < ranks:
            return None
        return Remedy(
            f"The memory did not suffice for batches of {batch}. It goes on with {half}, and "
            "gathers gradients over more of them, so that a step is as large as before.",
            batch_size=half,
        )
    if images and left_out + len(images) <= max(MOST_LEFT_OUT, SHARE_LEFT_OUT * of):
        names = ", ".join(images[:SHOWN]) + (" …" if len(images) > SHOWN else "")
        return Remedy(
            f"It stopped while {names} was read: left out from here on. Check or replace the file.",
            left_out=tuple(images),
        )
    return None


def gathered(overrides: dict[str, object], batch: int) -> dict[str, object]:
    """The arguments with a smaller batch, and as many images per optimizer step as before.

    ultralytics gathers gradients until `nbs` images were seen; batches above `nbs` are a step each.
    """
    before = overrides["batch"]
    assert isinstance(before, int)
    nominal = overrides.get("nbs", 64)
    assert isinstance(nominal, int)
    return overrides | {"batch": batch, "nbs": max(nominal, before)}
