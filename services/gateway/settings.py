"""What the gateway reads from the environment, beside what every service reads."""

import secrets
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from libs.common.errors import PermanentError
from libs.common.settings import Settings

CHECKOUT = Path(__file__).parents[2]
GIB = 2**30


class GatewaySettings(Settings):
    """Refuses what would be unsafe: off this machine it serves only known callers, encrypted."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    ui_dir: Path = CHECKOUT / "services" / "gateway" / "ui" / "dist"
    models_dir: Path = Field(default=CHECKOUT / "weights", description="base weights we ship")
    max_upload_bytes: int = 20 * GIB
    max_body_bytes: int = 2**20
    wait_s: float = Field(default=30.0, description="how long a quick job is waited for")

    auth: Literal["open", "required"] = Field(
        default="open", description="required: each caller shows a token or a session"
    )
    tokens_file: Path | None = Field(default=None, description="default: tokens.json of the home")
    page_key: str = Field(
        default_factory=lambda: secrets.token_hex(24),
        repr=False,
        description="signs the page's sessions; the same for all gateways of one system",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="names under which the gateway is called, beside localhost"
    )
    tls_cert: Path | None = Field(default=None, description="certificate chain, PEM")
    tls_key: Path | None = Field(default=None, description="its private key, PEM")
    behind_proxy: bool = Field(default=False, description="a proxy in front of it speaks TLS")
    requests_per_s: float = Field(
        default=50.0, ge=0, description="per caller, four times as many at once; 0 = no limit"
    )
    most_queued: int = Field(
        default=10_000, ge=1, description="unfinished jobs; a further request is answered 429"
    )
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_jwks_url: str | None = Field(default=None, description="https address of its keys")
    oidc_claim: str = Field(default="scope", description="holds shirushi:read, :run or :admin")

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _host_names(cls, value: object) -> object:
        """`a,b`."""
        if isinstance(value, str):
            return tuple(name.strip().lower() for name in value.split(",") if name.strip())
        return value

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host == "localhost" or ip_address(self.host).is_loopback

    @model_validator(mode="after")
    def _safe(self) -> "GatewaySettings":
        if not self.local and self.auth != "required":
            raise PermanentError(
                f"refusing to listen on {self.host} without authentication: set "
                "SHIRUSHI_AUTH=required and make a token with `shirushi token create`, or set "
                "SHIRUSHI_HOST=127.0.0.1",
                code="unsafe_bind",
            )
        if (self.tls_cert is None) != (self.tls_key is None):
            raise PermanentError(
                "set both SHIRUSHI_TLS_CERT and SHIRUSHI_TLS_KEY, or none", code="half_tls"
            )
        if not self.local and self.tls_cert is None and not self.behind_proxy:
            raise PermanentError(
                f"refusing to listen on {self.host} without encryption: set SHIRUSHI_TLS_CERT and "
                "SHIRUSHI_TLS_KEY, or SHIRUSHI_BEHIND_PROXY=true when a proxy does it",
                code="unsafe_bind",
            )
        oidc = (self.oidc_issuer, self.oidc_audience, self.oidc_jwks_url)
        if any(oidc) and not all(oidc):
            raise PermanentError(
                "OIDC needs SHIRUSHI_OIDC_ISSUER, SHIRUSHI_OIDC_AUDIENCE and "
                "SHIRUSHI_OIDC_JWKS_URL",
                code="half_oidc",
            )
        return self
