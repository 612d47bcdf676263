"""Datasets: list, edit.

Made from `libs/client/calls/datasets.py` by `python -m tests.contract.async_client`.
"""

from urllib.parse import quote

from libs.client.aio.calls.calls import Calls
from libs.common.answers.datasets import DatasetFacts, DatasetWithHistory


class DatasetCalls(Calls):
    """The routes on datasets."""

    async def datasets(self) -> list[DatasetFacts]:
        """Every dataset the system knows."""
        return await self.listed(DatasetFacts, "/datasets")

    async def dataset(self, name: str) -> DatasetWithHistory:
        """One dataset."""
        return await self.get(DatasetWithHistory, f"/datasets/{quote(name, safe='')}")
