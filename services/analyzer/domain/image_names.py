"""Which image of a dataset a text names: by the end of its path, with its suffix or without."""

from collections.abc import Mapping, Sequence

from libs.common.errors import BadInput


def tails_of(paths: Sequence[str]) -> dict[str, int | None]:
    """Every end of every path, with and without its suffix -> the image; None = several."""
    tails: dict[str, int | None] = {}

    def note(tail: str, at: int) -> None:
        tails[tail] = at if tails.get(tail, at) == at else None

    inside = _common_folder(paths)
    for at, path in enumerate(paths):
        parts = path.split("/")
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            note(tail, at)
            note(_bare(tail), at)
        if len(parts) - inside > 1:  # as ultralytics names the txt of an image in a subfolder
            note(_bare("_".join(parts[inside:])), at)
    return tails


def named_image(text: str, tails: Mapping[str, int | None]) -> int | None:
    """The image that a text names: the longest end of it that is the end of a path."""
    parts = text.replace("\\", "/").removeprefix("./").split("/")
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        if tail not in tails:
            continue
        at = tails[tail]
        if at is None:
            raise BadInput(
                f"The predictions name the image {text[:80]!r}, and several images of the dataset "
                "have this name. Give their paths inside the dataset.",
                code="ambiguous_image",
            )
        return at
    return None


def _common_folder(paths: Sequence[str]) -> int:
    """How many leading folders all paths share."""
    folders = [path.split("/")[:-1] for path in paths]
    shared = 0
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        shared += 1
    return shared


def _bare(path: str) -> str:
    """`path` without its suffix."""
    folder, dot, name = path.rpartition("/")
    return folder + dot + (name.rpartition(".")[0] or name)
