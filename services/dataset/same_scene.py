"""Whether two small grey pictures show one scene. Only OpenCV.

They do when, after one is laid onto the other and its light is fitted, no spot differs: a template
with another logo on it differs in one spot by far, a copy that was saved again, resized,
brightened or cut by 5 % in none.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

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
_LIT = (4, 251)
_FEWEST_LIT = 200
_LEAST_CONTRAST = 16.0
_MOST_SHIFT, _MOST_STRETCH = 8.0, 0.16
_MOST_MOVE = 2.0
"""Pixels by which a picture may be moved and not only cut: 2 % of its side."""
_GAIN = (0.7, 1.4)
MOST_APART = ((9, 45.0), (3, 32.0))
"""Levels by which a patch of so many pixels a side may differ, its light fitted but its level kept.
Measured of patches of 3 x 3: copies of 80 real and 80 drawn pictures up to 28, things that were
moved by 3 % on ground that repeats itself from 32 on."""
LEAST_DETAIL = 0.06
"""Share of bent pixels; below, as for one rectangle on plain ground, only nearly equal counts."""
MOST_APART_PLAIN = 10.0
_PATCH, _TEXTURE, _BENT = 9, 4.0, 4.0
_ALIKE, _MOST_ALIKE = 0.5, 0.6
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 25, 1e-3)
_K3 = np.ones((3, 3), np.uint8)


def worst_spot(first: Picture, other: Picture) -> float:
    """How much the spot that differs most differs, in grey levels at a contrast of 50.

    Args:
        first: grey levels, (SIDE, SIDE).
        other: the same.
    """
    plain = _difference(first, other)
    if min(detail_of(first), detail_of(other)) < LEAST_DETAIL:
        return plain if _levels_apart(first, other) <= MOST_APART_PLAIN else OTHER_SCENE
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
    if stretch > _MOST_STRETCH or shift > _MOST_SHIFT or not _is_cut(onto):
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


def _is_cut(onto: Picture) -> bool:
    """Whether one frame lies in the other, as that of a cut copy does, but for `_MOST_MOVE`.

    A thing that was moved on plain or repeating ground can be laid onto itself, too; then the
    frames stick out of each other.

    Args:
        onto: (2, 3), takes places in the first picture to places in the other.
    """
    sides = np.diag(onto[:, :2]) - 1
    low = onto[:, 2] + (onto[:, :2] - np.diag(np.diag(onto[:, :2]))).sum(axis=1) * SIDE / 2
    high = low + sides * SIDE
    inside = (low >= -_MOST_MOVE) & (high <= _MOST_MOVE)
    outside = (low <= _MOST_MOVE) & (high >= -_MOST_MOVE)
    return bool((inside | outside).all())


def detail_of(picture: Picture) -> float:
    """Share of pixels where the levels bend: edges and texture, not a slope of light."""
    return float((np.abs(cv2.Laplacian(picture, cv2.CV_32F)) > _BENT).mean())


def _apart(first: Picture, other: Picture, covered: Picture | None = None) -> Picture:
    """How far each pixel is off, in levels, its light fitted."""
    fitted, target = _fitted(first, other), other.astype(np.float32)
    apart = np.maximum(_outside(fitted, target), _outside(target, fitted))
    return apart if covered is None else apart * covered


def _levels_apart(first: Picture, other: Picture) -> float:
    """How far the spot that differs most is off, in levels as they are.

    Pictures of two levels are each other's copy in another light, whatever they show.
    """
    one, two = first.astype(np.float32), other.astype(np.float32)
    apart = np.maximum(_outside(one, two), _outside(two, one))
    return float(cv2.blur(apart, (3, 3)).max())


def _one_scene(first: Picture, other: Picture, covered: Picture | None = None) -> bool:
    """Whether no patch has another level, and most patches with texture have the same texture."""
    apart = _apart(first, other, covered)
    if any(float(cv2.blur(apart, (side, side)).max()) > most for side, most in MOST_APART):
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
