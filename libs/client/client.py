"""The Python client: the REST contract as methods, the live socket as an iterator."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import httpx

from libs.client.address import api_url, find_token, find_url
from libs.client.calls.checks import CheckCalls
from libs.client.calls.comparisons import ComparisonCalls
from libs.client.calls.dataset_edits import DatasetEditCalls
from libs.client.calls.datasets import DatasetCalls
from libs.client.calls.explanations import ExplanationCalls
from libs.client.calls.hosts import HostCalls
from libs.client.calls.models import ModelCalls
from libs.client.calls.panels import PanelCalls
from libs.client.calls.trainings import TrainingCalls
from libs.client.stream import Frame, follow
from libs.client.transport import Transport
from libs.common.answers.system import StoredEvent, SystemStatus


class Client(
    CheckCalls,
    DatasetCalls,
    DatasetEditCalls,
    TrainingCalls,
    HostCalls,
    ModelCalls,
    PanelCalls,
    ComparisonCalls,
    ExplanationCalls,
):
    """Talks to one gateway. Use it as a context manager, or call `close`.

    Args:
        base_url: e.g. http://localhost:8000; None finds it (see `address.find_url`).
        patience_s: how long a gateway that is away is asked again.
        token: shown to the gateway; None takes SHIRUSHI_TOKEN or the file SHIRUSHI_TOKEN_FILE.
        transport: replaces the network, for tests.

    Every method raises `Unreachable` if nobody answers and `ApiError` if the gateway refuses.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        patience_s: float = 10.0,
        token: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = api_url(base_url or find_url())
        self._token = token or find_token()
        self._transport = Transport(self.url, patience_s, transport, self._token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def status(self) -> SystemStatus:
        """The machine, the services, the queue, and what is available."""
        return self.get(SystemStatus, "/status")

    def events(
        self, after: int = 0, topics: Sequence[str] = (), *, patience_s: float = 60.0
    ) -> Iterator[Frame]:
        """Every event past `after`, then the live ones, over any number of reconnects."""
        return follow(self.url, after, topics, patience_s=patience_s, token=self._token)

    def recorded_events(
        self, after: int = 0, topics: Sequence[str] = (), limit: int = 500
    ) -> list[StoredEvent]:
        """Up to `limit` events past `after` that are in the log now."""
        return self.listed(
            StoredEvent, "/events", after=after, topics=",".join(topics) or None, limit=limit
        )
