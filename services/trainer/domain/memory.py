"""How much GPU memory a training needs, and whether it may begin: pure.

need = 20 B × parameters + 1.42 × (bytes that autograd saves per image) × batch + 0.5 GiB.
Several cards that train together hold the gradients a second time (4 B × parameters: the buckets
that are exchanged), and buffers of NCCL, taken as 0.25 GiB.
20 B = weights, gradients, two moments and the EMA in single precision. The bytes saved per image
were counted by running the forward pass on fake tensors; they grow with the square of the size.
The factor 1.42 (what the allocator reserves over what is saved) was fitted to five public
figures, so the prediction is checked against nothing else: it carries a margin, and a measured
peak of the same card and arguments replaces it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.trainer.domain.devices import Gpu

MIB, GIB = 2**20, 2**30
PARAMETERS = {
    "yolov8n": 3_157_200,
    "yolov8s": 11_166_560,
    "yolov8m": 25_902_640,
    "yolov8l": 43_691_520,
    "yolov8x": 68_229_648,
}
SAVED_MIB = {"yolov8n": 92, "yolov8s": 173, "yolov8m": 310, "yolov8l": 481, "yolov8x": 600}
"""Per image of 640 × 640, in half precision; twice as much in single."""
BYTES_PER_PARAMETER = 20
RESERVED_OVER_SAVED = 1.42
CONTEXT_BYTES = GIB // 2
BUCKET_BYTES_PER_PARAMETER = 4
NCCL_BYTES = GIB // 4
MARGIN = 1.15
RESERVE_BYTES = GIB // 4
"""Left free on every card, for the screen and for others' peaks."""


@dataclass(frozen=True)
class Shape:
    """What decides about the memory of a training."""

    architecture: str
    imgsz: int
    batch: int
    """Images per step on one card."""
    amp: bool
    ranks: int = 1
    """Cards that train together."""

    def key(self, gpu: str) -> str:
        """Under which a measured peak of that kind of card is kept."""
        name = devices_named(gpu, self.ranks)
        return f"{name}|{self.architecture}|{self.imgsz}|{self.batch}|{self.amp}"


def devices_named(device: str, ranks: int) -> str:
    """What is measured on several devices together is known by another name."""
    return f"{device} x{ranks}" if ranks > 1 else device


def predicted_bytes(shape: Shape) -> int:
    """The memory of a training step, as the allocator will reserve it; see the head of this file.

    Raises:
        KeyError: the architecture is none of yolov8 n, s, m, l, x.
    """
    saved = SAVED_MIB[shape.architecture] * MIB * (1 if shape.amp else 2)
    saved_bytes = saved * (shape.imgsz / 640) ** 2 * shape.batch
    parameters = PARAMETERS[shape.architecture]
    fixed = BYTES_PER_PARAMETER * parameters + CONTEXT_BYTES
    if shape.ranks > 1:
        fixed += BUCKET_BYTES_PER_PARAMETER * parameters + NCCL_BYTES
    return int(fixed + RESERVED_OVER_SAVED * saved_bytes)


def needed_bytes(shape: Shape, measured: int | None) -> int:
    """What must be free: a measured peak plus the context, or the prediction; with the margin."""
    known = measured + CONTEXT_BYTES if measured else predicted_bytes(shape)
    return int(known * MARGIN)


@dataclass(frozen=True)
class Fit:
    """Whether a training may begin now, and if not, why."""

    gpu: Gpu | None
    reason: str = ""
    hopeless: bool = False
    """No card of this host has that much, even when it is empty."""


def admit(need_bytes: int, gpus: Sequence[Gpu], *, share: float = 1.0) -> Fit:
    """The card with the most free memory that fits, or why none does.

    Args:
        need_bytes: of `needed_bytes`.
        gpus: the cards that the training may use, as they are now.
        share: of a card's memory that the training may take, (0, 1].
    """
    fits = [gpu for gpu in gpus if gpu.free_bytes - RESERVE_BYTES >= need_bytes]
    allowed = [gpu for gpu in gpus if gpu.memory_total_bytes * share >= need_bytes]
    if not allowed:
        largest = max(gpus, key=lambda gpu: gpu.memory_total_bytes)
        return Fit(
            None,
            f"it needs about {need_bytes / GIB:.1f} GiB of GPU memory; the largest card here has "
            f"{largest.memory_total_bytes / GIB:.1f} GiB, of which it may take {share:.0%}: lower "
            "batch_size or imgsz, or choose a smaller model",
            hopeless=True,
        )
    if not fits:
        best = max(allowed, key=lambda gpu: gpu.free_bytes)
        others = f", used by processes {_who(best)}" if best.processes else ""
        return Fit(
            None,
            f"needs about {need_bytes / GIB:.1f} GiB of GPU memory; {best.name} has "
            f"{best.free_bytes / GIB:.1f} GiB free{others}",
        )
    return Fit(max(fits, key=lambda gpu: (not gpu.processes, gpu.free_bytes)))


def admit_together(need_bytes: int, gpus: Sequence[Gpu], *, share: float = 1.0) -> Fit:
    """All the cards or none: the first of them, or why one does not do.

    Args:
        need_bytes: on each card.
        gpus: the cards that train together, as they are now.
        share: of each card's memory that the training may take, (0, 1].
    """
    found = [admit(need_bytes, [gpu], share=share) for gpu in gpus]
    lacking = [pair for pair in zip(gpus, found, strict=True) if pair[1].gpu is None]
    if not lacking:
        return found[0]
    gpu, fit = next((pair for pair in lacking if pair[1].hopeless), lacking[0])
    return Fit(None, f"on GPU {gpu.index} {fit.reason}", fit.hopeless)


def largest_batch(shape: Shape, total_bytes: int, share: float) -> int:
    """The most images per step that an empty card of that size allows; 0 = none."""
    batch = 128
    while batch:
        tried = replace(shape, batch=batch)
        if needed_bytes(tried, None) <= total_bytes * share - RESERVE_BYTES:
            return batch
        batch //= 2
    return 0


def _who(gpu: Gpu) -> str:
    return ", ".join(f"{each.pid} ({each.used_bytes / GIB:.1f} GiB)" for each in gpu.processes[:4])
