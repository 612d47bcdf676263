"""Datasets: list, edit."""

from urllib.parse import quote

from libs.client.calls.calls import Calls, Json


class DatasetCalls(Calls):
    """The routes on datasets."""

    def datasets(self) -> list[Json]:
        """Every dataset the system knows."""
        return self.listed("/datasets")

    def dataset(self, name: str) -> Json:
        """One dataset."""
        return self.get(f"/datasets/{quote(name, safe='')}")
