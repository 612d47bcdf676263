"""What every service reads from its environment; nothing is read at import."""

import os
import platform
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def this_machine() -> str:
    """Of this machine, as far as it can be part of a name of ours."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", platform.node()).lstrip("._-")[:128] or "host"


class Settings(BaseSettings):
    """Names in the environment are these, in capitals, after `SHIRUSHI_`."""

    model_config = SettingsConfigDict(env_prefix="SHIRUSHI_", extra="ignore", frozen=True)

    home: Path = Field(default=Path(".shirushi"), description="all state of the local stack")
    roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="folders that datasets and models may come from"
    )
    outputs: Path | None = Field(default=None, description="local mirror of the artifact tree")
    host_name: str = Field(
        default_factory=this_machine,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
        description="how this machine is called in /status, and by whoever drains it",
    )

    nats_url: str = "nats://127.0.0.1:4222"
    nats_user: str | None = None
    nats_password: SecretStr | None = None
    nats_api: str = Field(
        default="$JS.API",
        pattern=r"^\$JS(\.[A-Za-z0-9_-]+)*\.API$",
        description="subject before what is asked of JetStream, where another account has the log",
    )
    nats_ca: Path | None = Field(
        default=None,
        description="PEM of whom to trust; with it the bus is spoken to by TLS only, handshake "
        "first, so that nobody on the way can ask for plain text",
    )

    s3_endpoint: str = "http://127.0.0.1:8333"
    s3_bucket: str = "shirushi"
    s3_access_key: str | None = None
    s3_secret_key: SecretStr | None = None
    s3_ca: Path | None = Field(default=None, description="PEM of whom to trust at an https store")

    s3_datasets: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="buckets that datasets may be read from as s3://bucket/prefix"
    )
    s3_datasets_endpoint: str | None = Field(
        default=None, description="where those buckets are; default: the artifact store's"
    )
    s3_datasets_access_key: str | None = None
    s3_datasets_secret_key: SecretStr | None = None

    child_network: Literal["none", "strict", "host"] = Field(
        default="none",
        description="of processes that run a model: none = cut where the kernel allows it; "
        "strict = they do not run where it cannot be cut; host = left as it is",
    )

    log_json: bool = False
    metrics: str | None = Field(
        default=None,
        pattern=r"^[^\s:]+:\d{1,5}$",
        description="host:port where this service alone shows its figures to Prometheus",
    )
    otlp: str | None = Field(
        default=None,
        description="base address of whoever takes traces by OTLP over HTTP; OpenTelemetry's own "
        "variables do, too",
    )

    @field_validator("s3_datasets", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        """`a,b`."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("roots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """`a:b` as in PATH."""
        if isinstance(value, str):
            return tuple(Path(part) for part in value.split(os.pathsep) if part)
        return value

    @property
    def outputs_dir(self) -> Path | None:
        """The mirror, absolute; None = artifacts are only in the store."""
        return self.outputs.resolve() if self.outputs else None

    @property
    def datasets_dir(self) -> Path:
        """Where datasets that the system makes itself are put."""
        return self.home.resolve() / "datasets"
