"""Look at a dataset's description and folders, noting what is wrong instead of giving up.

Folders, txt lists and pairing are resolved as the pinned trainer (ultralytics 8.4.190) does, with
two differences: nothing is fetched, and with `roots` nothing outside of them is ever read.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from libs.common.class_names import guess_names
from libs.common.data_yaml import SPLITS, read_data_yaml
from libs.common.dataset_files import Fence, Item, is_image_name, label_path, walk_images
from libs.common.dataset_sources import note_strays, resolve_source, root_of
from libs.common.errors import BadInput
from libs.common.safe_yaml import Problem

YAML_NAMES = ("data.yaml", "dataset.yaml", "data.yml", "dataset.yml")
_SPLIT_FOLDERS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
_MAX_LIST_BYTES = 256 * 1024 * 1024
_MAX_PROBLEMS_PER_RULE = 1000


@dataclass(slots=True)
class Survey:
    """A dataset as far as it can be read, and everything that is wrong with its description."""

    root: Path
    yaml: Path | None = None
    names: tuple[str, ...] = ()
    splits: dict[str, tuple[Item, ...]] = field(default_factory=dict)
    sources: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    """The existing image folders and txt lists of each split."""
    problems: list[Problem] = field(default_factory=list)
    """At most 1,000 per rule; `counts` has the true numbers."""
    counts: Counter[str] = field(default_factory=Counter)
    mixed: bool = False
    """Some splits are written with a leading `../`, as exports are, and some without."""
    quirks: list[str] = field(default_factory=list)
    """Sentences on unusual but harmless writing that was understood."""

    def note(self, problem: Problem) -> None:
        """Count a problem, and keep it unless its rule has very many already."""
        self.counts[problem.rule] += 1
        if self.counts[problem.rule] <= _MAX_PROBLEMS_PER_RULE:
            self.problems.append(problem)


def survey_dataset(path: Path, roots: Sequence[Path] = (), *, list_images: bool = True) -> Survey:
    """Read the dataset at `path` as far as possible, noting what is wrong instead of raising.

    Args:
        path: folder or YAML file.
        roots: folders that nothing read may lie outside of; empty = any.
        list_images: without, the splits stay empty, for whoever lists very many files himself.

    Raises:
        BadInput: `path` itself is missing, outside the roots, or neither a folder nor a YAML file.
    """
    fence = Fence(roots)
    file = _yaml_of(path, fence)
    if file is None:
        survey = Survey(path.resolve())
        _survey_bare_folder(survey, fence, list_images=list_images)
        return survey
    described = read_data_yaml(file)
    survey = Survey(file.resolve().parent, yaml=file, names=described.names)
    for problem in described.problems:
        survey.note(problem)
    _note_second_yaml(survey, file)
    survey.root = root_of(described, survey, fence)
    climbing = {e.startswith("../") for entries in described.splits.values() for e in entries}
    survey.mixed = len(climbing) == 2
    for split, entries in described.splits.items():
        sources = [resolve_source(survey, split, entry, fence) for entry in entries]
        survey.sources[split] = tuple(source for source in sources if source)
        if survey.sources[split]:
            items = _items(survey, survey.sources[split], fence) if list_images else ()
            survey.splits[split] = tuple(items)
    note_strays(survey, described)
    return survey


def _yaml_of(path: Path, fence: Fence) -> Path | None:
    """The dataset's YAML file, or None for a folder without one."""
    if not fence.allows(path):
        raise BadInput(
            f"'{path}' lies outside the folders that this system may read (SHIRUSHI_ROOTS).",
            code="outside_roots",
        )
    if path.is_dir():
        named = [path / name for name in YAML_NAMES if (path / name).is_file()]
        found = named or _yaml_files(path)
        return _yaml_of(found[0], fence) if found else None
    if path.is_file() and path.suffix.lower() in (".yaml", ".yml"):
        return path
    if not path.exists():
        raise BadInput(
            f"There is no dataset at '{path}'. Give a folder or its data.yaml.", code="not_found"
        )
    raise BadInput(f"'{path}' is neither a folder nor a YAML file.", code="not_a_dataset")


def _yaml_files(folder: Path) -> list[Path]:
    found = (file for pattern in ("*.yaml", "*.yml") for file in folder.glob(pattern))
    return sorted(file for file in found if file.is_file() and not file.name.startswith("."))


def _note_second_yaml(survey: Survey, file: Path) -> None:
    others = [other.name for other in _yaml_files(file.parent) if other != file]
    if others:
        survey.note(
            Problem(
                "two_yaml_files",
                f"There are other YAML files beside it ({', '.join(others[:3])}); "
                f"'{file.name}' was read, the trainer refuses a folder with two. Keep one.",
                fatal=False,
                file=file,
            )
        )


def _items(survey: Survey, sources: Sequence[Path], fence: Fence) -> Iterator[Item]:
    images: list[str] = []
    for source in sources:
        images += walk_images(source) if source.is_dir() else listed_images(survey, source)
    for image in sorted(images):
        label = Path(label_path(image))
        there = label.is_file()
        if not fence.allows(image) or (there and not fence.allows(label)):
            survey.note(
                Problem(
                    "symlink_outside_root",
                    "The image or its label is a link out of the folders that this system may "
                    "read. Put the file itself there.",
                    file=Path(image),
                )
            )
            continue
        yield Item(Path(image), label if there else None)


def listed_images(survey: Survey, listing: Path) -> Iterator[str]:
    """The images that a txt list names, and that exist, each once; notes those that do not."""
    if listing.stat().st_size > _MAX_LIST_BYTES:
        survey.note(
            Problem("split_path_missing", f"'{listing.name}' is too large for a list of images.")
        )
        return
    seen: set[str] = set()
    lines = listing.read_text(encoding="utf-8-sig", errors="replace").strip().splitlines()
    for number, line in enumerate(lines, 1):
        entry = line.strip()
        if not is_image_name(entry):
            continue
        base = listing.parent if entry.startswith("./") else survey.root
        image = str(base / entry)
        if image not in seen and Path(image).is_file():
            seen.add(image)
            yield image
            continue
        rule, fault = (
            ("txt_list_duplicate_entry", "is listed twice: the trainer would weigh it double")
            if image in seen
            else ("txt_list_missing_image", "is listed but does not exist: remove the line")
        )
        message = f"'{entry[:200]}' {fault}."
        survey.note(Problem(rule, message, number, entry[:200], fatal=False, file=listing))


def _survey_bare_folder(survey: Survey, fence: Fence, *, list_images: bool) -> None:
    """A folder without YAML: images/train or train/images; class names as far as they are known."""
    for split in SPLITS:
        for name in _SPLIT_FOLDERS[split]:
            folders = [survey.root / "images" / name, survey.root / name / "images"]
            sources = tuple(folder for folder in folders if folder.is_dir())
            if sources and split not in survey.splits:
                survey.sources[split] = sources
                items = _items(survey, sources, fence) if list_images else ()
                survey.splits[split] = tuple(items)
    if not survey.splits:
        survey.note(
            Problem(
                "train_missing",
                "There is neither a data.yaml nor a folder images/train here. Give the folder that "
                "holds the dataset.",
            )
        )
        return
    folders = [source for sources in survey.sources.values() for source in sources]
    listed, survey.names = guess_names(survey.root, folders, fence)
    survey.note(
        Problem(
            "names_missing",
            f"There is no data.yaml; the {len(survey.names)} classes were taken from {listed}. "
            "Add a data.yaml with their names.",
            fatal=False,
        )
    )
