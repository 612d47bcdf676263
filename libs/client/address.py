"""Where the gateway is: the option, the environment, or the stack that runs for this home."""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from libs.client.errors import ClientError

BASE_PATH = "/api/v1/ml"
DEFAULT_URL = "http://127.0.0.1:8000"


def api_url(url: str) -> str:
    """`http://host:port`, with or without the base path, to the address of the API."""
    bare = url.rstrip("/")
    if not bare.startswith(("http://", "https://")):
        bare = f"http://{bare}"
    return bare if bare.endswith(BASE_PATH) else bare + BASE_PATH


def goes_around_proxy(url: str) -> bool:
    """A proxy of the environment cannot reach a gateway on this machine's loopback."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def find_token() -> str | None:
    """SHIRUSHI_TOKEN, or what SHIRUSHI_TOKEN_FILE holds. Never an argument: `ps` shows those."""
    if token := os.environ.get("SHIRUSHI_TOKEN"):
        return token.strip()
    if file := os.environ.get("SHIRUSHI_TOKEN_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    return None


def credentials(url: str, token: str | None) -> dict[str, str]:
    """The header that shows `token`; none is sent in the clear to another machine.

    Raises:
        ClientError: it would be.
    """
    if not token:
        return {}
    if not url.startswith("https://") and not goes_around_proxy(url):
        raise ClientError(
            f"the token is not sent to {url} in the clear: use https://, or unset SHIRUSHI_TOKEN"
        )
    return {"Authorization": f"Bearer {token}"}


def home_folder() -> Path:
    """Where the stack of this folder keeps its state."""
    return Path(os.environ.get("SHIRUSHI_HOME") or ".shirushi")


def running_stack(home: Path) -> str | None:
    """The address that the supervisor wrote down for `home`, if it did."""
    try:
        url = json.loads((home / "stack.json").read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if isinstance(url, str) else None


def find_url(option: str | None = None) -> str:
    """The first of: `option`, SHIRUSHI_URL, the running stack's address, the default port."""
    return option or os.environ.get("SHIRUSHI_URL") or running_stack(home_folder()) or DEFAULT_URL
