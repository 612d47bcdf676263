"""What can go wrong between a client and the gateway, as one tree.

ClientError
├── Unreachable     nobody answers at the address
├── ApiError        the gateway refused, with a problem detail (RFC 9457)
└── JobFailed       the work was taken up and ended in failure
"""

from typing import Any


class ClientError(Exception):
    """Base of all; its text is a sentence for a person."""


class Unreachable(ClientError):
    """Nobody answers at the address."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(f"{url} does not answer ({cause}). Is the stack up? `make up` starts it.")
        self.url = url


class ApiError(ClientError):
    """The gateway refused.

    Attributes:
        status: HTTP status code.
        detail: what is wrong and what to do.
        errors: one entry per bad field: loc, msg, code.
    """

    def __init__(self, status: int, detail: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors


class JobFailed(ClientError):
    """The work was taken up and ended as `failed` or `cancelled`."""

    def __init__(self, job_id: str, status: str, message: str) -> None:
        super().__init__(f"{job_id} {status}: {message}" if message else f"{job_id} {status}")
        self.job_id = job_id
        self.status = status
