"""Datasets: list, edit."""

from urllib.parse import quote

from libs.client.calls.calls import Calls
from libs.common.answers.datasets import DatasetFacts, DatasetWithHistory


class DatasetCalls(Calls):
    """The routes on datasets."""

    def datasets(self) -> list[DatasetFacts]:
        """Every dataset the system knows."""
        return self.listed(DatasetFacts, "/datasets")

    def dataset(self, name: str) -> DatasetWithHistory:
        """One dataset."""
        return self.get(DatasetWithHistory, f"/datasets/{quote(name, safe='')}")
