"""Checks of datasets: ask for one, read its report, every finding, and the rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from libs.client.calls.calls import Calls, Json, OnProgress

_PAGE = 500


class CheckCalls(Calls):
    """The routes on checks of datasets."""

    def validate_dataset(
        self, dataset_path: str | Path, *, on_progress: OnProgress | None = None, **options: Any
    ) -> Json:
        """Check a dataset and wait for the findings.

        Args:
            dataset_path: a folder or data.yaml on the server, a registered name, or s3://….
            on_progress: told the percentage done, 0 to 100, while it runs.
            options: check_images, check_labels, validate_format, mode, rules, max_examples,
                predictions.

        Raises:
            JobFailed: the dataset could not be checked.
        """
        body = {"dataset_path": str(dataset_path), **options}
        return self.work("/dataset/validate", body, "validation_id", on_progress)

    def dataset_report(self, validation_id: str, *, lang: str = "en") -> Json:
        """The report of a check, with its sentences in `en` or `ja`."""
        return self.get(f"/dataset/validate/{quote(validation_id, safe='')}", lang=lang)

    def dataset_findings(
        self, validation_id: str, *, lang: str = "en", **wanted: Any
    ) -> Iterator[Json]:
        """Every finding of a check, errors first, a page at a time.

        Args:
            validation_id: of the check.
            lang: of the messages, `en` or `ja`.
            wanted: rule, severity, split (one or many) and file (a part of the path).
        """
        query: Json | None = {"limit": _PAGE, "lang": lang, **wanted}
        url = f"{self.url}/dataset/validate/{quote(validation_id, safe='')}/findings"
        while True:
            answer = self._transport.send("GET", url, params=query)
            yield from answer.json()
            following = answer.links.get("next", {}).get("url")
            if following is None:
                return
            url, query = urljoin(url, following), None

    def dataset_rules(self) -> list[Json]:
        """Every rule: severity, threshold and unit, fix, title and sentence in both languages."""
        return self.listed("/dataset/rules")
