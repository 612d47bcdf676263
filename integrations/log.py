"""The log as every other system sees it: with the READERS credentials, from a place we keep."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.common.bus import Bus, connect
from libs.common.errors import BadInput

READER = "reader"


class ReaderSettings(BaseSettings):
    """Names in the environment are these, in capitals, after `SHIRUSHI_`."""

    model_config = SettingsConfigDict(env_prefix="SHIRUSHI_", extra="ignore", frozen=True)

    home: Path = Path(".shirushi")
    readers: Path | None = Field(
        default=None, description="address and password of the log; default: readers.json of home"
    )
    log_json: bool = False

    @property
    def credentials_file(self) -> Path:
        """What the supervisor wrote down for other systems."""
        return self.readers or self.home / "readers.json"

    def state(self, name: str) -> Path:
        """The folder in which the integration `name` keeps its place; made if it is not there."""
        folder = self.home.resolve() / "integrations" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


class Credentials(BaseModel):
    """As in `readers.json`."""

    url: str
    user: str
    password: SecretStr
    ca: Path | None = Field(default=None, description="certificate of the authority, PEM")


def read_credentials(path: Path) -> Credentials:
    """What `path` says.

    Raises:
        BadInput: it cannot be read, or is no such file.
    """
    try:
        return Credentials.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise BadInput(
            f"{path} does not say where the log is: start the system (`make up`), or set "
            "SHIRUSHI_READERS to a copy of its readers.json",
            code="no_readers_file",
        ) from error


@asynccontextmanager
async def opened(settings: ReaderSettings) -> AsyncIterator[Bus]:
    """The log, for reading; it reconnects for ever.

    Raises:
        BadInput: nobody says where it is.
    """
    given = read_credentials(settings.credentials_file)
    password = given.password.get_secret_value()
    async with connect(
        given.url, source=READER, user=given.user, password=password, ca=given.ca, guest=True
    ) as bus:
        yield bus


class Places:
    """How far each of our subscribers has read, kept on disk: `places.db` of its folder."""

    def __init__(self, folder: Path) -> None:
        path = folder / "places.db"
        path.touch(mode=0o600)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("CREATE TABLE IF NOT EXISTS places (name TEXT PRIMARY KEY, seq INTEGER)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def of(self, name: str) -> int | None:
        """The sequence up to which `name` is done; None for one that never was."""
        with closing(self.db.execute("SELECT seq FROM places WHERE name = ?", (name,))) as rows:
            row = rows.fetchone()
        return None if row is None else int(row[0])

    def keep(self, name: str, seq: int) -> None:
        """`name` is done with everything up to `seq`."""
        self.db.execute(
            "INSERT INTO places VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq",
            (name, seq),
        )
