"""Datasets: check, list, edit."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from libs.client.calls.calls import Calls, Json, OnProgress


class DatasetCalls(Calls):
    """The routes on datasets."""

    def datasets(self) -> list[Json]:
        """Every dataset the system knows."""
        return self.listed("/datasets")

    def dataset(self, name: str) -> Json:
        """One dataset."""
        return self.get(f"/datasets/{quote(name, safe='')}")

    def validate_dataset(
        self, dataset_path: str | Path, *, on_progress: OnProgress | None = None, **options: Any
    ) -> Json:
        """Check a dataset and wait for the findings.

        Args:
            dataset_path: a folder or data.yaml on the server, a registered name, or s3://….
            on_progress: told the percentage done, 0 to 100, while it runs.
            options: check_images, check_labels, validate_format, mode, rules, max_examples.

        Raises:
            JobFailed: the dataset could not be checked.
        """
        body = {"dataset_path": str(dataset_path), **options}
        return self.work("/dataset/validate", body, "validation_id", on_progress)
