"""Compare image files that may show the same scene; runs in a scan process.

Hashes only propose: two files are opened, and their pictures decide (`same_scene.py`).
"""

from dataclasses import dataclass

import cv2
import numpy as np
import simplejpeg

from services.dataset.same_scene import (
    LEAST_DETAIL,
    SAME_SCENE,
    SIDE,
    UNSURE,
    Picture,
    detail_of,
    worst_spot,
)

MOST_COLOUR = 12.0
"""Mean difference of the colour channels up to which two pictures have the same colours. Measured:
saving again 0.6 to 2.5, resizing 0.3, brightening or darkening by a third 8, cutting 5 % off 8."""
MOST_COLOUR_BARE = 24.0
"""The same of the patch that differs most, in pictures with little detail."""


@dataclass(frozen=True, slots=True)
class Question:
    """Two image files."""

    first: bytes
    other: bytes
    mirrored: bool
    """Whether the second is to be mirrored."""
    same_size: bool
    same_kind: bool
    """Whether both are JPEGs, or neither is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether they show one scene, and whether every pixel is the same."""

    same: bool
    identical: bool


def compare(questions: tuple[Question, ...]) -> list[Verdict]:
    """A verdict per pair. What cannot be read any more is not the same."""
    seen: dict[bytes, Picture | None] = {}
    return [_answer(question, seen) for question in questions]


def _answer(question: Question, seen: dict[bytes, Picture | None]) -> Verdict:
    for path in (question.first, question.other):
        if path not in seen:
            seen[path] = _small(path)
    first, other = seen[question.first], seen[question.other]
    if first is None or other is None:
        return Verdict(same=False, identical=False)
    if question.mirrored:
        other = other[:, ::-1].copy()
    worst = worst_spot(first, other)
    bare = min(detail_of(first), detail_of(other)) < LEAST_DETAIL
    if worst <= SAME_SCENE and not _same_colours(question, bare=bare):
        return Verdict(same=False, identical=False)
    if question.mirrored or not question.same_size:
        return Verdict(same=worst <= SAME_SCENE, identical=False)
    # decoded alike, equal pictures are equal when they are small, too
    close = np.array_equal(first, other) if question.same_kind else worst < UNSURE
    return Verdict(worst <= SAME_SCENE, close and _identical(question.first, question.other))


def _small(path: bytes) -> Picture | None:
    """Grey levels, (SIDE, SIDE); None when it cannot be read."""
    data = _read(path)
    grey: Picture | None
    try:
        if data[:2] == b"\xff\xd8":
            grey = simplejpeg.decode_jpeg(  # type: ignore[attr-defined]
                data, "GRAY", strict=False, min_height=SIDE, min_width=SIDE
            )[:, :, 0]
        else:
            grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except (ValueError, cv2.error):
        return None
    if grey is None:
        return None
    small: Picture = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return small


def _same_colours(question: Question, *, bare: bool) -> bool:
    """Whether the colours are about the same at about the same places; hashes see grey alone.

    Args:
        question: the files.
        bare: they have little detail: then no place may have another colour.
    """
    patches = [_patches(path) for path in (question.first, question.other)]
    if patches[0] is None or patches[1] is None:
        return True
    first, other = patches[0], patches[1][:, ::-1] if question.mirrored else patches[1]
    apart = np.abs(first - other)
    return float(apart.max()) <= MOST_COLOUR_BARE if bare else float(apart.mean()) <= MOST_COLOUR


def _patches(path: bytes) -> Picture | None:
    """The two colour channels of YCrCb over 8 x 8 patches, (8, 8, 2); None: it cannot be read."""
    flags = cv2.IMREAD_REDUCED_COLOR_2 | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        colour = cv2.imdecode(np.frombuffer(_read(path), np.uint8), flags)
        if colour is None:
            return None
        small = cv2.resize(colour, (8, 8), interpolation=cv2.INTER_AREA)
    except cv2.error:
        return None
    patches: Picture = cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb)[:, :, 1:].astype(np.float32)
    return patches


def _identical(first: bytes, other: bytes) -> bool:
    """Whether the whole pictures are the same in every pixel and channel."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    one, two = (cv2.imdecode(np.frombuffer(_read(p), np.uint8), flags) for p in (first, other))
    return one is not None and two is not None and np.array_equal(one, two)


def _read(path: bytes) -> bytes:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 (the path is bytes)
            return stream.read()
    except OSError:
        return b""
