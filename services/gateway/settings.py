"""What the gateway reads from the environment, beside what every service reads."""

from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, model_validator

from libs.common.errors import PermanentError
from libs.common.settings import Settings

CHECKOUT = Path(__file__).parents[2]
GIB = 2**30


class GatewaySettings(Settings):
    """Refuses what would be unsafe: there is no authentication yet, so loopback only."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    ui_dir: Path = CHECKOUT / "services" / "gateway" / "ui" / "dist"
    models_dir: Path = Field(default=CHECKOUT / "weights", description="base weights we ship")
    max_upload_bytes: int = 20 * GIB
    max_body_bytes: int = 2**20
    wait_s: float = Field(default=30.0, description="how long a quick job is waited for")

    @model_validator(mode="after")
    def _loopback_only(self) -> "GatewaySettings":
        local = self.host == "localhost" or ip_address(self.host).is_loopback
        if not local:
            raise PermanentError(
                f"refusing to listen on {self.host}: without authentication the gateway serves "
                "this machine only; set SHIRUSHI_HOST=127.0.0.1",
                code="unsafe_bind",
            )
        return self
