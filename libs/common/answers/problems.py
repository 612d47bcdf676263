"""What every error answers: problem details (RFC 9457)."""

from typing import NotRequired

from typing_extensions import TypedDict


class FieldProblem(TypedDict):
    """One field that cannot be taken: where it is, and why."""

    loc: list[str | int]
    msg: str
    code: str


class Problem(TypedDict):
    """Why a request was not answered as asked; `detail` says what to do."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[FieldProblem]]
