"""Datasets as versions: fix, edit, split, import, restore, compare, end.

Made from `libs/client/calls/dataset_edits.py` by `python -m tests.contract.async_client`.
"""

import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

from libs.client.aio.calls.calls import Calls
from libs.client.calls.calls import Json, OnProgress
from libs.client.transport import IDEMPOTENCY_KEY
from libs.common.answers.dataset_edits import Change, ChangesPage, EditDone, VersionsDiff
from libs.common.answers.datasets import VersionFacts


class DatasetEditCalls(Calls):
    """The routes that make versions. With `dry_run=True` each only tells what would change.

    All wait until the work is done. `on_progress` is told the percentage done, 0 to 100. The
    answer holds `version`, `changes` and `diff`.

    Raises:
        JobFailed: it could not be done.
        ApiError: refused; 409 when another version is the newest.
    """

    async def fix_dataset(
        self,
        validation_id: str,
        rules: list[str] | None = None,
        *,
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> EditDone:
        """Mend what a check found; without `rules`, all whose fix is safe.

        Args:
            validation_id: of the check.
            rules: rule ids, those whose fix is `opt` among them.
            on_progress: told the percentage done.
            options: dry_run, name, allow_older.
        """
        path = f"/dataset/validate/{quote(validation_id, safe='')}/fix"
        return await self.work(
            EditDone, path, {"rules": rules or [], **options}, "edit_id", on_progress
        )

    async def edit_dataset(
        self,
        dataset_path: str,
        steps: list[Json],
        *,
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> EditDone:
        """Apply steps as one new version, e.g. `{"op": "rename_class", "class": "a", "to": "b"}`.

        Args:
            dataset_path: a name, `name@v3`, a folder or data.yaml on the server.
            steps: what is done, one after the other.
            on_progress: told the percentage done.
            options: dry_run, name, allow_older.
        """
        body = {"dataset_path": dataset_path, "steps": steps, **options}
        return await self.work(EditDone, "/dataset/edit", body, "edit_id", on_progress)

    async def split_dataset(
        self, dataset_path: str, *, on_progress: OnProgress | None = None, **options: Any
    ) -> EditDone:
        """Deal images out to train, val and test anew.

        Args:
            dataset_path: as for `edit_dataset`.
            on_progress: told the percentage done.
            options: train_ratio, val_ratio, test_ratio, seed, group, dry_run, name, allow_older.
        """
        body = {"dataset_path": dataset_path, **options}
        return await self.work(EditDone, "/dataset/split", body, "edit_id", on_progress)

    async def import_dataset(
        self,
        source: str | Path,
        dataset_name: str,
        *,
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> EditDone:
        """Register a folder on the server, `s3://bucket/prefix`, or a ZIP of this machine.

        Args:
            source: a ZIP file that is here is sent; anything else is a path or address there.
            dataset_name: of the dataset that gets a version.
            on_progress: told the percentage done.
            options: format (auto, yolo, yolo_polygons, coco, voc, darknet), dry_run.
        """
        archive = Path(source)
        if archive.suffix.lower() == ".zip" and archive.is_file():
            return await self._upload(archive, dataset_name, options.get("format"), on_progress)
        body = {"source": str(source), "dataset_name": dataset_name, **options}
        return await self.work(EditDone, "/dataset/import", body, "edit_id", on_progress)

    async def _upload(
        self, archive: Path, name: str, form: str | None, on_progress: OnProgress | None
    ) -> EditDone:
        query = {"dataset_name": name, "format": form or "auto"}
        with archive.open("rb") as stream:
            response = await self._transport.send(
                "POST",
                "/upload/dataset",
                params=query,
                files={"file": (archive.name, stream, "application/zip")},
                headers={"Prefer": "respond-async"},
            )
        return await self.until_done(EditDone, response, "edit_id", on_progress)

    async def restore_dataset(
        self, name: str, version: str, *, on_progress: OnProgress | None = None, **options: Any
    ) -> EditDone:
        """An earlier version again, as the newest; also of a deleted dataset."""
        path = f"/datasets/{quote(name, safe='')}/restore"
        return await self.work(
            EditDone, path, {"version": version, **options}, "edit_id", on_progress
        )

    async def delete_dataset(self, name: str) -> EditDone:
        """A tombstone: restoring a version takes it back until it is collected."""
        response = await self._transport.send(
            "DELETE",
            f"/datasets/{quote(name, safe='')}",
            params={"confirm": "true"},
            headers={IDEMPOTENCY_KEY: uuid.uuid4().hex},
        )
        return await self.until_done(EditDone, response, "edit_id", None)

    async def collect_dataset(
        self, name: str, *, on_progress: OnProgress | None = None
    ) -> EditDone:
        """Remove for good what no version of a live dataset holds."""
        path = f"/datasets/{quote(name, safe='')}/collect"
        return await self.work(EditDone, path, {"confirm": True}, "edit_id", on_progress)

    async def dataset_versions(self, name: str) -> list[VersionFacts]:
        """All versions, the newest first."""
        return await self.listed(VersionFacts, f"/datasets/{quote(name, safe='')}/versions")

    async def dataset_diff(
        self, name: str, older: str, newer: str, *, offset: int = 0, limit: int = 100
    ) -> VersionsDiff:
        """What differs between two versions, with one page of the changed files."""
        query = {"from": older, "to": newer, "offset": offset, "limit": limit}
        return await self.get(VersionsDiff, f"/datasets/{quote(name, safe='')}/diff", **query)

    async def edit_changes(
        self, edit_id: str, *, offset: int = 0, limit: int = 100
    ) -> list[Change]:
        """One page of the files that an edit, or its preview, changes."""
        answer = await self.get(
            ChangesPage, f"/dataset/edits/{edit_id}/changes", offset=offset, limit=limit
        )
        return list(answer["changed"])
