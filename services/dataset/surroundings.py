"""What lies around a dataset's images: folders above, label folders, images by other names."""

import os
import stat
from contextlib import suppress
from itertools import islice

from libs.common.dataset_files import OPEN_FLAGS, is_folder
from libs.common.dataset_survey import Survey
from services.dataset.domain.paths import shown, swapped
from services.dataset.images import sniff

MOST_AROUND = 10_000
MOST_SNIFFED = 1000
_NO_IMAGES = (
    *(b".txt", b".json", b".xml", b".csv", b".md", b".cache", b".npy", b".db", b".ini"),
    *(b".zip", b".yaml", b".yml", b".py", b".log"),
)


def images_among(others: list[bytes]) -> list[bytes]:
    """Files that begin like an image; only those whose suffix says nothing are opened."""
    found: list[bytes] = []
    for path in others[:MOST_SNIFFED]:
        name = path[path.rfind(b"/") + 1 :].lower()
        if name.startswith(b".") or name.endswith(_NO_IMAGES):
            continue
        with suppress(OSError):
            handle = os.open(path, OPEN_FLAGS | os.O_NOFOLLOW)
            try:
                if stat.S_ISREG(os.fstat(handle).st_mode) and sniff(os.pread(handle, 16, 0)):
                    found.append(path)
            finally:
                os.close(handle)
    return found


def home_of(folder: bytes) -> bytes:
    """Where the trainer looks for the labels of the images in `folder`."""
    return os.path.dirname(swapped(folder + b"/_.jpg"))  # noqa: PTH120


def as_written(folder: bytes, home: bytes) -> bytes:
    """`folder`, or, where it does not exist, the one that differs in capital letters only."""
    if os.path.isdir(folder) or not folder.startswith(home):  # noqa: PTH112
        return folder
    at = home.rstrip(b"/")
    for wanted in folder.removeprefix(home).split(b"/"):
        try:
            names = [entry.name for entry in os.scandir(at) if is_folder(entry)]
        except OSError:
            return folder
        like = [name for name in names if name.lower() == wanted.lower()]
        at += b"/" + (wanted if wanted in like or not like else min(like))
    return at


def sources_of(survey: Survey, home: bytes) -> dict[str, tuple[str, ...]]:
    """The folders and lists of each split, relative to the dataset's folder."""
    return {
        split: tuple(shown(os.fsencode(source).removeprefix(home)) for source in sources)
        for split, sources in survey.sources.items()
    }


def around(survey: Survey, home: bytes) -> tuple[str, ...]:
    """The names in the folders above the splits' images and labels, inside the dataset's folder."""
    places = [os.fsencode(source) for sources in survey.sources.values() for source in sources]
    top = home.rstrip(b"/")
    above = {top}
    for place in (*places, *map(home_of, places)):
        parent = os.path.dirname(place)  # noqa: PTH120
        while parent.startswith(home):
            above.add(parent)
            parent = os.path.dirname(parent)  # noqa: PTH120
    names: list[bytes] = []
    for folder in sorted(above.difference(places)):
        if os.path.isdir(folder):  # noqa: PTH112
            with suppress(OSError), os.scandir(folder) as entries:
                names += [entry.path for entry in islice(entries, MOST_AROUND)]
    return tuple(shown(path.removeprefix(home)) for path in sorted(names))
