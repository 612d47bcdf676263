"""Who a request comes from: nobody, a token's holder, a person with a session, an OIDC subject."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from libs.common.tokens import Scope

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Identity:
    """`who` is a token's name or an OIDC subject; `way` tells how it was shown."""

    who: str
    scope: Scope
    way: Literal["open", "token", "session", "oidc"]
    token_id: str | None = None
    until: datetime = FOREVER
    csrf: str | None = None


ANYBODY = Identity("anybody", "admin", "open")
"""Where no authentication is asked for: this machine only."""


class Refused(Exception):
    """The credentials do not open anything; the sentence says what to do."""

    def __init__(self, sentence: str, *, status: int = 401, retry_s: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.retry_s = retry_s
