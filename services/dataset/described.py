"""Descriptions of boxes between checks, so that only images that changed are opened for them.

One file per dataset, beside what is known of its files. A description is known by the bytes of
its image and the places of the boxes; another version of the service's code makes it void.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xxhash

from services.dataset.crops import LENGTH, Vectors
from services.dataset.fingerprint import looks
from services.dataset.known import whole_or_not

_KEY_BYTES = 16


def key_of(digest: bytes, places: bytes) -> bytes:
    """16 bytes that stand for an image with boxes at these places, in their order."""
    return xxhash.xxh3_128_digest(digest + places)


class DescribedBoxes:
    """The descriptions that one dataset's last check used."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "described.npy"

    def load(self) -> dict[bytes, Vectors]:
        """By key, (n, LENGTH) each. A file that cannot be read counts for nothing."""
        try:
            with self.file.open("rb") as stream:
                if str(np.load(stream)) != looks():
                    return {}
                keys, counts, vectors = np.load(stream), np.load(stream), np.load(stream)
        except (OSError, ValueError, EOFError):
            return {}
        if keys.shape != (len(counts), _KEY_BYTES) or vectors.shape != (counts.sum(), LENGTH):
            return {}
        parts = np.split(vectors, np.cumsum(counts)[:-1])
        return {key.tobytes(): part for key, part in zip(keys, parts, strict=True)}

    def keep(self, described: Mapping[bytes, Vectors]) -> None:
        """Keep these, and nothing else."""
        if not described:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        keys = np.frombuffer(b"".join(described), np.uint8).reshape(-1, _KEY_BYTES)
        with whole_or_not(self.file) as draft, draft.open("wb") as stream:
            counts = np.array([len(part) for part in described.values()])
            for column in (np.array(looks()), keys, counts, np.concatenate([*described.values()])):
                np.save(stream, column)  # an archive would read everything twice
