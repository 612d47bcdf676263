"""The files of a dataset in another format: listed once, found by the names it has for them."""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from PIL import Image, UnidentifiedImageError

from libs.common.dataset_files import Fence, is_image_name
from libs.common.errors import BadInput

MAX_FILES = 2_000_000
CLASS_LISTS = (
    "classes.txt",
    "obj.names",
    "_darknet.labels",
    "labels.txt",
    "names.txt",
    "class.names",
)
_MAX_LIST_BYTES = 16 * 1024 * 1024


class Folder:
    """A folder and everything under it; links that lead out are not there."""

    def __init__(self, root: Path, roots: Sequence[Path]) -> None:
        self.root = root
        fence = Fence(roots or (root,))
        self.files: list[str] = []
        """Relative paths with forward slashes, sorted; nothing hidden."""
        for place, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(place, name)
                if not name.startswith(".") and fence.allows(path) and path.is_file():
                    self.files.append(path.relative_to(root).as_posix())
            if len(self.files) > MAX_FILES:
                raise BadInput(f"More than {MAX_FILES:,} files.", code="too_large")
        self.images = [file for file in self.files if is_image_name(file)]
        self.texts = frozenset(self.ending(".txt"))
        self._by_path = set(self.images)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for image in self.images:
            self._by_name[PurePosixPath(image).name].append(image)
            self._by_stem[PurePosixPath(image).stem].append(image)

    def ending(self, *suffixes: str) -> list[str]:
        """Files with one of these endings."""
        return [file for file in self.files if file.lower().endswith(suffixes)]

    def find(self, name: str, near: str) -> str | None:
        """The image that an annotation file means by `name`: from its own folder, else by name.

        Args:
            name: as written there: a path, a file name, or a name without its suffix.
            near: the annotation file.
        """
        home = PurePosixPath(near).parent
        for place in (home, home / "images", home.parent, home.parent / "images", PurePosixPath()):
            if (path := (place / name).as_posix()) in self._by_path:
                return path
        wanted = PurePosixPath(name)
        found = self._by_name.get(wanted.name) or self._by_stem.get(wanted.name) or []
        found = found or (self._by_stem.get(wanted.stem, []) if wanted.suffix else [])
        return self._closest(found, wanted, home)

    def _closest(
        self, found: Sequence[str], wanted: PurePosixPath, home: PurePosixPath
    ) -> str | None:
        """The only one, or the only one that ends as written or lies under the same folder."""
        for some in (
            found,
            [path for path in found if path.endswith(f"/{wanted.as_posix()}")],
            [path for path in found if PurePosixPath(path).is_relative_to(home)],
        ):
            if len(some) == 1:
                return some[0]
        return None

    def size(self, image: str) -> tuple[int, int]:
        """Width and height of an image in pixels; (0, 0) if it cannot be read."""
        try:
            with Image.open(self.root / image) as opened:
                return opened.size
        except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
            return 0, 0
        except Image.DecompressionBombError:
            return 0, 0

    def lines(self, file: str) -> list[str]:
        """The lines of a text file that say something; a far too large one has none."""
        path = self.root / file
        if path.stat().st_size > _MAX_LIST_BYTES:
            return []
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        return [line.strip() for line in text.splitlines() if line.strip()]

    def class_list(self) -> tuple[str, ...]:
        """Class names by number from the list that lies nearest to the top; empty without one."""
        named = [
            file
            for file in self.files
            if PurePosixPath(file).name.lower() in CLASS_LISTS or file.lower().endswith(".names")
        ]
        for file in sorted(named, key=lambda path: (path.count("/"), path)):
            if names := self.lines(file):
                return tuple(name[:256] for name in names)
        return ()
