"""How much GPU memory a judging process may take: pure.

An estimate that no card has confirmed: the CUDA context and the weights of the largest model in
single precision (1 GiB), and what a forward pass of YOLOv8x at 640 pixels keeps at a time (160 MiB
an image; it grows with the square of the size).
"""

MIB, GIB = 2**20, 2**30
FIXED_BYTES = GIB
PER_IMAGE_BYTES = 160 * MIB
USUAL_IMGSZ = 640


def room_bytes(imgsz: int | None, batch: int) -> int:
    """Bytes on the card, at most.

    Args:
        imgsz: longest side in pixels; None = unknown, taken for 640.
        batch: images at a time, >= 1.
    """
    share = ((imgsz or USUAL_IMGSZ) / USUAL_IMGSZ) ** 2
    return int(FIXED_BYTES + PER_IMAGE_BYTES * share * batch)
