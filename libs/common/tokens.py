"""API tokens: made and revoked in one private file, checked by the gateways that read it.

A token is `shi_<id>_<secret>`. Only an argon2id hash of the secret is kept, with what the token
may do and until when. The file may be a mounted secret: a gateway only reads it.
"""

import json
import re
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

import argon2
from argon2.exceptions import Argon2Error, InvalidHashError

from libs.common.errors import BadInput, NotFound
from libs.common.private_files import write_private

Scope = Literal["read", "run", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""Each may do what those before it may."""

FILE = "tokens.json"
USED = "tokens.used.json"
FORM = re.compile(r"shi_([0-9a-f]{12})_([A-Za-z0-9_-]{32})\Z")
NAME = re.compile(r"[\w .@-]{1,64}\Z")
HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's least


@dataclass(frozen=True)
class Token:
    """One token, without its secret. Times are ISO 8601, UTC."""

    id: str
    name: str
    scope: Scope
    hash: str
    created: str
    expires: str | None = None
    revoked: str | None = None

    def active(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return not self.revoked and (self.expires is None or now < self.until)

    @property
    def until(self) -> datetime:
        """When it ends by itself."""
        return (
            datetime.fromisoformat(self.expires)
            if self.expires
            else datetime.max.replace(tzinfo=UTC)
        )

    def fits(self, secret: str) -> bool:
        """Whether `secret` is this token's; tens of milliseconds, in constant time."""
        try:
            return HASHER.verify(self.hash, secret)
        except (Argon2Error, InvalidHashError):
            return False


def covers(held: Scope, needed: Scope) -> bool:
    """Whether a holder of one scope may do what another is needed for."""
    return SCOPES.index(held) >= SCOPES.index(needed)


def parts(text: str) -> tuple[str, str] | None:
    """The id and the secret of a token, or None where it is none."""
    found = FORM.match(text)
    return (found[1], found[2]) if found else None


def read(path: Path) -> dict[str, Token]:
    """All tokens of a file, by id; none where there is no file.

    Raises:
        BadInput: it is not such a file.
    """
    if not path.exists():
        return {}
    try:
        return {each["id"]: Token(**each) for each in json.loads(path.read_text())["tokens"]}
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} is damaged: restore it, or remove it and make new tokens", code="bad_tokens"
        ) from error


def last_used(path: Path) -> dict[str, str]:
    """When each token was seen last, by id, as the gateway beside `path` noted it."""
    with suppress(OSError, ValueError):
        known: dict[str, str] = json.loads(path.with_name(USED).read_text())
        return known
    return {}


def create(path: Path, name: str, scope: Scope, days: int | None) -> tuple[Token, str]:
    """A new token in the file, and its whole text, which is shown once and kept nowhere.

    Raises:
        BadInput: the name is empty or strange, or the days are none.
    """
    if not NAME.match(name):
        raise BadInput(
            "name the token by 1 to 64 letters, digits, spaces or . @ -", code="bad_name"
        )
    if days is not None and not 1 <= days <= 3650:
        raise BadInput("a token lives 1 to 3650 days", code="bad_days")
    secret = secrets.token_urlsafe(24)
    now = datetime.now(UTC)
    token = Token(
        id=secrets.token_hex(6),
        name=name,
        scope=scope,
        hash=HASHER.hash(secret),
        created=now.isoformat(timespec="seconds"),
        expires=(now + timedelta(days=days)).isoformat(timespec="seconds") if days else None,
    )
    _write(path, read(path) | {token.id: token})
    return token, f"shi_{token.id}_{secret}"


def revoke(path: Path, token_id: str) -> Token:
    """Close a token for good; gateways see it within a second.

    Raises:
        NotFound: there is none of this id.
    """
    known = read(path)
    if token_id not in known:
        raise NotFound(
            f"there is no token {token_id[:64]}: `shirushi token list` names them",
            code="no_such_token",
        )
    at = datetime.now(UTC).isoformat(timespec="seconds")
    closed = Token(**(asdict(known[token_id]) | {"revoked": known[token_id].revoked or at}))
    _write(path, known | {token_id: closed})
    return closed


def _write(path: Path, tokens: dict[str, Token]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(
        path, json.dumps({"tokens": [asdict(each) for each in tokens.values()]}, indent=1)
    )
