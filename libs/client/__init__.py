"""The Python client and the command line: REST and WebSocket only."""

from libs.client.aio.client import AsyncClient
from libs.client.client import Client
from libs.client.errors import ApiError, ClientError, JobFailed, Unreachable
from libs.client.stream import Frame

__all__ = ["ApiError", "AsyncClient", "Client", "ClientError", "Frame", "JobFailed", "Unreachable"]
