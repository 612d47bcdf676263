"""Passwords and keys of one home: made at its first start, kept in `secrets.json` (0600).

`python -m deploy.rotate` replaces them all.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from libs.common.private_files import write_private

SERVICES = ("dataset", "trainer", "analyzer", "gateway")
BUS_USERS = (
    "setup",
    "gateway",
    "dataset",
    "trainer",
    "analyzer",
    "reader_setup",
    "reader",
    "sys",
    "route",
)
STORE_KEYS = ("access_key", "secret_key", "admin_password")
TOKEN_KEYS = (
    "WEED_JWT_SIGNING_KEY",
    "WEED_JWT_SIGNING_READ_KEY",
    "WEED_JWT_FILER_SIGNING_KEY",
    "WEED_JWT_FILER_SIGNING_READ_KEY",
)

SERVICE_KEYS = tuple(f"{name}_{part}" for name in SERVICES for part in ("access", "secret"))

GROUPS = (
    ("bus", BUS_USERS),
    ("store", STORE_KEYS),
    ("services", SERVICE_KEYS),
    ("tokens", TOKEN_KEYS),
    ("page", ("session_key",)),
)


@dataclass(frozen=True)
class Secrets:
    """By name: passwords on the bus, keys of the store's owner and of services, signing keys."""

    bus: dict[str, str]
    store: dict[str, str]
    services: dict[str, str]
    tokens: dict[str, str]
    page: dict[str, str]

    def __repr__(self) -> str:
        """Nothing that could end in a log."""
        return "Secrets(…)"

    def store_keys(self, service: str) -> tuple[str, str]:
        """A service's own access key and secret key in the store."""
        return self.services[f"{service}_access"], self.services[f"{service}_secret"]


def load_or_make(home: Path, *, anew: bool = False) -> Secrets:
    """The secrets of `home`; what is missing is made, what is there stays unless `anew`.

    Raises:
        ValueError: the file is not ours to read.
    """
    path = home / "secrets.json"
    try:
        known = json.loads(path.read_text()) if path.exists() and not anew else {}
    except ValueError as error:
        raise ValueError(f"{path} is damaged: restore it, or remove it to make new keys") from error
    made = {
        group: {name: known.get(group, {}).get(name) or _token() for name in names}
        for group, names in GROUPS
    }
    if made != known:
        write_private(path, json.dumps(made, indent=2))
    return Secrets(**made)


def _token() -> str:
    """192 random bits; begins with a letter, or nats-server may read it as a number."""
    return "k" + secrets.token_hex(24)
