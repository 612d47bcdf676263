"""Which class and which images a step means, by the names that people and reports use for them."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from libs.common.dataset_edits import ClassRef
from libs.common.errors import BadInput
from services.dataset.domain.draft import Draft


def class_index(names: Sequence[str], wanted: ClassRef) -> int:
    """The number of a class by its name or number.

    Raises:
        BadInput: there is none, or several have the name.
    """
    known = ", ".join(f"{index} {name}" for index, name in enumerate(names[:20]))
    if isinstance(wanted, int):
        if wanted < len(names):
            return wanted
    elif names.count(wanted) > 1:
        raise BadInput(f"Several classes are called {wanted!r}: give the number.", code="no_class")
    elif wanted in names:
        return names.index(wanted)
    raise BadInput(f"There is no class {wanted!r}. The classes are: {known}.", code="no_class")


def find_images(draft: Draft, names: Sequence[str]) -> set[str]:
    """Keys of the pictures that are meant.

    Raises:
        BadInput: one of them is not there, or the name is held by several.
    """
    finder = ImageFinder(draft)
    return {finder.find(name) for name in names}


class ImageFinder:
    """Knows pictures under all names that people and reports use for them."""

    def __init__(self, draft: Draft) -> None:
        self._keys: dict[str, str | None] = {}
        for key, picture in draft.pictures.items():
            exact = {picture.path, f"{picture.split}/{picture.name}", picture.origin}
            for name in exact - {""}:
                self._keys[name] = key
        for key, picture in draft.pictures.items():
            for name in {picture.name, PurePosixPath(picture.origin).name} - {""}:
                if name not in self._keys:
                    self._keys[name] = key
                elif self._keys[name] != key:
                    self._keys[name] = None

    def find(self, name: str) -> str:
        """The key of the picture that is meant; raises as `find_images`."""
        key = self._keys.get(name, "")
        if key is None:
            raise BadInput(f"Several images are called {name!r}: give the path.", code="no_image")
        if not key:
            raise BadInput(f"There is no image {name!r} in this version.", code="no_image")
        return key
