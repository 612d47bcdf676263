"""Checks of datasets: ask for one, read its report, every finding, and the rules.

Made from `libs/client/calls/checks.py` by `python -m tests.contract.async_client`.
"""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from libs.client.aio.calls.calls import Calls
from libs.client.calls.calls import Json, OnProgress, T
from libs.client.calls.checks import _PAGE
from libs.common.answers.checks import DatasetReport, Finding, RuleFacts
from libs.common.answers.datasets import ImageRow
from libs.common.answers.jobs import Stopping


class CheckCalls(Calls):
    """The routes on checks of datasets."""

    async def validate_dataset(
        self, dataset_path: str | Path, *, on_progress: OnProgress | None = None, **options: Any
    ) -> DatasetReport:
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
        return await self.work(
            DatasetReport, "/dataset/validate", body, "validation_id", on_progress
        )

    async def dataset_report(self, validation_id: str, *, lang: str = "en") -> DatasetReport:
        """The report of a check, with its sentences in `en` or `ja`."""
        return await self.get(
            DatasetReport, f"/dataset/validate/{quote(validation_id, safe='')}", lang=lang
        )

    def dataset_findings(
        self, validation_id: str, *, lang: str = "en", **wanted: Any
    ) -> AsyncGenerator[Finding, None]:
        """Every finding of a check, errors first, a page at a time.

        Args:
            validation_id: of the check.
            lang: of the messages, `en` or `ja`.
            wanted: rule, severity, split (one or many) and file (a part of the path).
        """
        url = f"{self.url}/dataset/validate/{quote(validation_id, safe='')}/findings"
        return self._pages(Finding, url, {"limit": _PAGE, "lang": lang, **wanted})

    def checked_images(self, validation_id: str, **wanted: Any) -> AsyncGenerator[ImageRow, None]:
        """Every image that a check looked at, a page at a time, with its boxes.

        Args:
            validation_id: of the check.
            wanted: split, class, finding (a rule's id), file (paths as findings tell them).
        """
        url = f"{self.url}/dataset/validate/{quote(validation_id, safe='')}/images"
        return self._pages(ImageRow, url, {"limit": _PAGE, **wanted})

    def dataset_images(self, name: str, **wanted: Any) -> AsyncGenerator[ImageRow, None]:
        """Every image of a dataset or of a version (`name@v3`), a page at a time, with its boxes.

        Args:
            name: of the dataset.
            wanted: split, class, finding (a rule's id, of the newest check), file.
        """
        url = f"{self.url}/datasets/{quote(name, safe='')}/images"
        return self._pages(ImageRow, url, {"limit": _PAGE, **wanted})

    async def cancel_dataset_job(self, job_id: str) -> Stopping:
        """Stop a check, an import or an edit.

        Raises:
            ApiError: 409 when it has ended already.
        """
        path = f"/dataset/cancel/{quote(job_id, safe='')}"
        answer: Stopping = (await self._transport.send("POST", path)).json()
        return answer

    async def _pages(self, _kind: type[T], url: str, query: Json | None) -> AsyncGenerator[T, None]:
        while True:
            answer = await self._transport.send("GET", url, params=query)
            for each in answer.json():
                yield each
            following = answer.links.get("next", {}).get("url")
            if following is None:
                return
            url, query = (urljoin(url, following), None)

    async def dataset_rules(self) -> list[RuleFacts]:
        """Every rule: severity, threshold and unit, fix, title and sentence in both languages."""
        return await self.listed(RuleFacts, "/dataset/rules")
