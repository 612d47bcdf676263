"""Which images belong together, so that a split keeps them on one side."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

from services.dataset.domain.paths import Paths

_COPY = re.compile(r"[._-]rf[._-][0-9a-f]{8,}$", re.IGNORECASE)
"""Exports of Roboflow call every augmented copy of a photo `name.rf.<hash>`."""
_EXPORTED = re.compile(r"[_-](?:jpe?g|png|webp|bmp)$", re.IGNORECASE)
_FRAME = re.compile(
    r"(?P<video>.+?)[._ -]*(?:frame|frm|fr|f)?[._ -]*(?P<number>\d{3,})$", re.IGNORECASE
)
_NAMED_FRAME = re.compile(r"(?P<video>.*?)[._ -]*(?:frame|frm)[._ -]*\d+$", re.IGNORECASE)
_BURST = re.compile(
    r"(?P<second>.*(?<!\d)(?:19|20)\d{6}[ _-]?\d{2}[._-]?\d{2}[._-]?\d{2})(?:\D|$)", re.ASCII
)
"""A camera's time to the second, `WIN_20240131_10_29_01_Pro-3-`, `IMG_20240131_102901_1`: photos
of one second show one scene."""
_SHORTEST_VIDEO = 3
"""A name such as `img_0001` is a camera's count, not a video: what is before it must say more."""
_FEWEST_VIDEOS = 3
_COUNTERS = frozenset(
    {"img", "image", "images", "pic", "picture", "photo", "dsc", "dscf", "dscn", "dji", "gopr"}
    | {"mvimg", "pxl", "win", "scan", "file", "sample", "train", "val", "valid", "test", "data"}
)


_DATE = re.compile(rb"(?:19|20)[0-9]{6}")
_DIGITS = "0123456789"
_RUN = re.compile(rb"[0-9]+")
_SHAPES_AT_ONCE, _MOST_SHAPES = 4096, 64


def may_have_sources(names: bytes) -> bool:
    """Whether `source_of` can say anything of any of these names, which follow each other.

    Looks for what its patterns have in common, at a tenth of their cost.
    """
    small = names.lower()
    return any(word in small for word in (b"frame", b"frm", b"rf")) or bool(_DATE.search(names))


def may_have_sequences(names: Paths) -> bool:
    """Whether `sequences` can say anything of these names.

    What is alike but for its digits is looked at once, so that a million of `img_000001.jpg` take
    a third of the time. Names of many kinds are not looked at here.
    """
    seen: set[bytes] = set()
    for start in range(0, len(names), _SHAPES_AT_ONCE):
        text = b"\0".join(names.raws(start, min(len(names), start + _SHAPES_AT_ONCE)))
        shapes = set(_RUN.sub(b"0", text).split(b"\0")) - seen
        if len(shapes) > _MOST_SHAPES or any(map(_may_be_frames, shapes)):
            return True
        seen |= shapes
    return False


def _may_be_frames(shape: bytes) -> bool:
    """Whether any name that is this one, but for how often its digits 0 stand there, is a frame."""
    if not shape.isascii():
        return True
    stem = _stem(shape.decode())
    head = stem.removesuffix("0")
    if "rf" in stem.lower() or "0" in head:
        return True
    return head != stem and bool(head) and _before_numbers(head) is not None


def source_of(name: str) -> str | None:
    """The photo or video that an image was made from, by its file name; None if it does not say.

    `cup_jpg.rf.04695f7acc0d.jpg` -> `cup`; `street_frame_0012.jpg` -> `street`.
    """
    stem = _stem(name)
    plain = _EXPORTED.sub("", _COPY.sub("", stem))
    if burst := _BURST.match(plain):
        return f"burst:{burst['second']}"
    if (named := _NAMED_FRAME.match(plain)) and named["video"]:
        return f"video:{named['video']}"
    if plain != stem and _COPY.search(stem):
        return f"photo:{plain}"
    return None


def grouped(members: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """One group per image, from any number of marks that it may share with others.

    Args:
        members: the marks of each image by its key: a hash, a source, a cluster. Images that
            share a mark are of one group, and so are those that share one with either.

    Returns:
        The group's name by key: the least key of its members.
    """
    parent = {key: key for key in members}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    first: dict[str, str] = {}
    for key, marks in sorted(members.items()):
        for mark in marks:
            a, b = root(first.setdefault(mark, key)), root(key)
            if a != b:
                parent[max(a, b)] = min(a, b)
    return {key: root(key) for key in members}


def sequences(names: Iterable[str]) -> dict[str, str]:
    """Numbered names that follow one another, as frames of a video do, by name.

    `walk_0001`, `walk_0002`, … are one sequence when the part before the number is no usual
    counter of a camera and numbers are dense: most steps from one to the next are small. Where
    there are fewer than three such names, or one of them has over a third of all images, the
    numbers count the dataset, not frames.
    """
    found: dict[str, list[tuple[int, str]]] = {}
    count = 0
    for name in names:
        count += 1
        if frame := _frame(_stem(name)):
            found.setdefault(frame[0], []).append((frame[1], name))
    if len(found) < _FEWEST_VIDEOS or max(map(len, found.values())) > count / 3:
        return {}
    told: dict[str, str] = {}
    for video, frames in found.items():
        numbers = sorted(number for number, _ in frames)
        steps = [b - a for a, b in pairwise(numbers)]
        if len(steps) >= 2 and sorted(steps)[len(steps) // 2] <= 30:
            told |= {name: f"video:{video}" for _, name in frames}
    return told


def _frame(stem: str) -> tuple[str, int] | None:
    """The video that a name may be a frame of, and the frame's number."""
    if stem[-1:] not in _DIGITS or "rf" in stem.lower():
        stem = _EXPORTED.sub("", _COPY.sub("", stem))
    if not stem.isascii():
        match = _FRAME.match(stem)
        video = _told(match["video"]) if match else None
        return (video, int(match["number"])) if match and video else None
    head = stem.rstrip(_DIGITS)
    if not head or len(stem) < len(head) + 3:
        return None
    video = _before_numbers(head)
    return (video, int(stem[len(head) :])) if video else None


@lru_cache(maxsize=4096)
def _before_numbers(head: str) -> str | None:
    """The video, by what comes before the digits: the same for all of its frames."""
    match = _FRAME.match(head + "000")
    return _told(match["video"]) if match else None


def _told(video: str) -> str | None:
    video = video.strip("._- ")
    return video if len(video) >= _SHORTEST_VIDEO and video.lower() not in _COUNTERS else None


def _stem(name: str) -> str:
    name = name.rpartition("/")[2]
    dot = name.rfind(".")
    return name[:dot] if 0 < dot < len(name) - 1 else name
