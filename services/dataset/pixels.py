"""Measure the picture of an image, for the rules on pixels and on duplicates. Only OpenCV."""

import cv2
import numpy as np
import numpy.typing as npt
import xxhash

from services.dataset.domain.scanned import PIXELS, Table

cv2.setNumThreads(1)  # the scan has its own processes


def measure(thumb: npt.NDArray[np.uint8]) -> Table:
    """Shape (1,) of PIXELS.

    Args:
        thumb: (h, w, 3) BGR, the image at an eighth of its size: a pixel per block of 8×8.
    """
    row = np.zeros(1, PIXELS)
    row["seen"] = True
    row["pixel_digest"] = np.frombuffer(xxhash.xxh3_128_digest(thumb.tobytes()), np.uint64)
    mean, std = cv2.meanStdDev(cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY))
    row["mean"], row["std"] = mean[0, 0], std[0, 0]
    return row
