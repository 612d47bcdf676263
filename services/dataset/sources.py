"""Drafts of what there is: a dataset in a folder, a version in the store."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from libs.common.dataset_files import Fence, is_image_name
from libs.common.dataset_survey import Survey
from libs.common.dataset_versions import Manifest, Member
from services.dataset.domain.draft import Blob, Content, Draft, Picture, draft_of
from services.dataset.domain.rules_files import UNSUPPORTED
from services.dataset.listing import list_dataset


def draft_of_folder(survey: Survey, roots: Sequence[Path]) -> Draft:
    """What the trainer would read, and beside it labels and images that it does not find.

    Links that lead nowhere are left out: there is nothing to keep.

    Args:
        survey: of the folder, with its images listed.
        roots: folders that nothing read may lie outside of; empty = any.
    """
    pictures = [
        Picture(
            split,
            item.image.name,
            item.image,
            item.label,
            origin=relative(survey, item.image),
            label_origin=relative(survey, item.label) if item.label else "",
        )
        for split, items in survey.splits.items()
        for item in items
        if item.image.is_file()
    ]
    return draft_of(survey.names, pictures, _strays(survey, Fence(roots)))


def _strays(survey: Survey, fence: Fence) -> dict[str, Content]:
    found: dict[str, Content] = {}
    for split, files in list_dataset(survey, fence).tree.splits.items():
        for kind, names in (("labels", files.labels), ("images", files.beside)):
            for name in names:
                path, file = PurePosixPath(name), survey.root / name
                wanted = path.suffix == ".txt" or path.suffix.lower() in UNSUPPORTED
                plain = wanted and path.name.isprintable() and "\\" not in path.name
                if plain and file.is_file() and not file.is_symlink() and fence.allows(file):
                    found.setdefault(f"{kind}/{split}/{path.name}", file)
    return found


def relative(survey: Survey, path: Path) -> str:
    """A path as findings name it."""
    inside = path.is_relative_to(survey.root)
    return path.relative_to(survey.root).as_posix() if inside else path.name


def draft_of_manifest(manifest: Manifest) -> Draft:
    """What a version holds; nothing is fetched."""
    blobs = {member.path: _blob(manifest.name, member) for member in manifest.files}
    pictures: dict[str, Picture] = {}
    for path in sorted(blobs):
        parts = PurePosixPath(path).parts
        if len(parts) != 3 or parts[0] != "images" or not is_image_name(parts[2]):
            continue
        label = f"labels/{parts[1]}/{PurePosixPath(path).stem}.txt"
        pictures["/".join(parts[1:])] = Picture(
            parts[1],
            parts[2],
            blobs[path],
            blobs.get(label),
            origin=path,
            label_origin=label if label in blobs else "",
        )
    taken = {picture.path for picture in pictures.values()}
    taken |= {picture.label_origin for picture in pictures.values()}
    strays: dict[str, Content] = {path: blobs[path] for path in blobs if path not in taken}
    return Draft(manifest.classes, pictures, strays)


def _blob(name: str, member: Member) -> Blob:
    return Blob(name, member.sha256, member.size_bytes)
