"""Compare pictures that may show the same scene. Only OpenCV and simplejpeg; in a scan process.

Hashes only propose. Two pictures are the same scene when, after one is laid onto the other and its
light is fitted, no spot differs: a template with another logo on it differs in one spot by far,
a copy that was saved again, resized, brightened or cut by 5 % in none.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

Picture = npt.NDArray[Any]

SIDE = 96
"""Pictures are compared at this size, in pixels."""
SPOT = 7
"""Differences are averaged over spots of so many pixels a side."""
WIDE = 17
"""The level around is left out: a colour that is clipped changes the level of its whole patch."""
SAME_SCENE = 16.0
"""The worst spot of one scene differs by up to this, in levels at a contrast of 50 (measured)."""
OTHER_SCENE = 1000.0
UNSURE = 6.0
"""From here on it is tried to lay one picture onto the other."""
MOST_COLOUR = 12.0
"""Mean difference of the colour channels up to which two pictures have the same colours. Measured:
saving again 0.6 to 2.5, resizing 0.3, brightening or darkening by a third 8, cutting 5 % off 8."""
_LIT = (4, 251)
_FEWEST_LIT = 200
_LEAST_CONTRAST = 16.0
_MOST_SHIFT, _MOST_STRETCH = 8.0, 0.16
_GAIN = (0.7, 1.4)
MOST_APART = 45.0
"""Levels by which a patch of 9 x 9 may differ, its light fitted but its level kept."""
LEAST_DETAIL = 0.06
"""Share of bent pixels; below, as for one rectangle on plain ground, only nearly equal counts."""
MOST_APART_PLAIN = 10.0
_PATCH, _TEXTURE, _BENT = 9, 4.0, 4.0
_ALIKE, _MOST_ALIKE = 0.5, 0.6
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 25, 1e-3)
_K3 = np.ones((3, 3), np.uint8)


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
    if worst <= SAME_SCENE and not _same_colours(question):
        return Verdict(same=False, identical=False)
    if question.mirrored or not question.same_size:
        return Verdict(same=worst <= SAME_SCENE, identical=False)
    # decoded alike, equal pictures are equal when they are small, too
    close = np.array_equal(first, other) if question.same_kind else worst < UNSURE
    return Verdict(worst <= SAME_SCENE, close and _identical(question.first, question.other))


def worst_spot(first: Picture, other: Picture) -> float:
    """How much the spot that differs most differs, in grey levels at a contrast of 50.

    Args:
        first: grey levels, (SIDE, SIDE).
        other: the same.
    """
    plain = _difference(first, other)
    if min(_detail(first), _detail(other)) < LEAST_DETAIL:
        return plain if _apart(first, other) <= MOST_APART_PLAIN else OTHER_SCENE
    if plain < UNSURE and _one_scene(first, other):
        return plain
    plain = plain if _one_scene(first, other) else OTHER_SCENE
    onto = np.eye(2, 3, dtype=np.float32)
    try:
        _, found = cv2.findTransformECC(first, other, onto, cv2.MOTION_AFFINE, _STOP)
    except cv2.error:  # it found no way to lay one onto the other
        return plain
    onto = np.asarray(found, np.float32)
    stretch, shift = np.abs(onto[:, :2] - np.eye(2)).max(), np.abs(onto[:, 2]).max()
    if stretch > _MOST_STRETCH or shift > _MOST_SHIFT:
        return plain
    back = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid: Picture = cv2.warpAffine(
        other, onto, (SIDE, SIDE), flags=back, borderMode=cv2.BORDER_REPLICATE
    )
    covered = cv2.warpAffine(np.ones_like(other), onto, (SIDE, SIDE), flags=back)
    covered = cv2.erode(covered, _K3)
    if not _one_scene(first, laid, covered):
        return plain
    return min(plain, _difference(first, laid, covered))


def _detail(picture: Picture) -> float:
    """Share of pixels where the levels bend: edges and texture, not a slope of light."""
    return float((np.abs(cv2.Laplacian(picture, cv2.CV_32F)) > _BENT).mean())


def _apart(first: Picture, other: Picture, covered: Picture | None = None) -> float:
    """How far the patch that differs most is off, in levels, its light fitted."""
    fitted, target = _fitted(first, other), other.astype(np.float32)
    apart = np.maximum(_outside(fitted, target), _outside(target, fitted))
    side = _PATCH if covered is not None or _detail(other) >= LEAST_DETAIL else 3
    return float(cv2.blur(apart if covered is None else apart * covered, (side, side)).max())


def _one_scene(first: Picture, other: Picture, covered: Picture | None = None) -> bool:
    """Whether no patch has another level, and most patches with texture have the same texture."""
    if _apart(first, other, covered) > MOST_APART:
        return False
    size = (_PATCH, _PATCH)
    one, two = (_without_level(each.astype(np.float32)) for each in (first, other))
    power = [np.asarray(cv2.blur(each * each, size)) for each in (one, two)]
    textured = np.maximum(*power) > _TEXTURE**2
    if covered is not None:
        textured &= covered > 0
    if not textured.any():
        return True
    product = np.asarray(cv2.blur(one * two, size))[textured]
    alike = product / np.sqrt(np.maximum(power[0] * power[1], 1e-3))[textured]
    return float((alike > _ALIKE).mean()) >= _MOST_ALIKE


def _difference(first: Picture, other: Picture, covered: Picture | None = None) -> float:
    """The worst spot, where a pixel may be anywhere in the range of its neighbours."""
    fitted = _fitted(first, other)
    target: Picture = other.astype(np.float32)
    contrast = max(float(target.std()), _LEAST_CONTRAST)
    fitted, target = _without_level(fitted), _without_level(target)
    apart = np.maximum(_outside(fitted, target), _outside(target, fitted))
    if covered is not None:
        apart = apart * covered
    return float(cv2.blur(apart, (SPOT, SPOT)).max()) / contrast * 50


def _without_level(picture: Picture) -> Picture:
    return picture - np.asarray(cv2.blur(picture, (WIDE, WIDE)))


def _outside(values: Picture, ranges: Picture) -> Picture:
    """By how much values leave the range of the 3 x 3 pixels around."""
    above = values - cv2.dilate(ranges, _K3)
    below = cv2.erode(ranges, _K3) - values
    return np.maximum(np.maximum(above, below), 0)


def _fitted(first: Picture, other: Picture) -> Picture:
    """`first` in the light of `other`: the best line through the levels that are not clipped."""
    low, high = _LIT
    lit = (first > low) & (first < high) & (other > low) & (other < high)
    if np.count_nonzero(lit) < _FEWEST_LIT:
        return first.astype(np.float32)
    x, y = first[lit].astype(np.float32), other[lit].astype(np.float32)
    slope = float(((x - x.mean()) * (y - y.mean())).mean() / max(float(x.var()), 1.0))
    slope = min(_GAIN[1], max(_GAIN[0], slope))
    fitted: Picture = np.clip((first.astype(np.float32) - x.mean()) * slope + y.mean(), 0, 255)
    return fitted


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


def _same_colours(question: Question) -> bool:
    """Whether the colours are about the same at about the same places; hashes see grey alone."""
    patches = [_patches(path) for path in (question.first, question.other)]
    if patches[0] is None or patches[1] is None:
        return True
    first, other = patches[0], patches[1][:, ::-1] if question.mirrored else patches[1]
    return float(np.abs(first - other).mean()) <= MOST_COLOUR


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
