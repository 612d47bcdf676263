"""Write the REST and event documents, and the page's types of them, without starting anything.

`python -m services.gateway.documents [FOLDER]` writes `openapi.json` and `asyncapi.json` into
FOLDER, if one is named, and always `rest.gen.ts` and `events.gen.ts` into the page's source.
"""

import json
import sys
from pathlib import Path
from typing import Any

from services.gateway import asyncapi
from services.gateway.app import create_app
from services.gateway.settings import CHECKOUT, GatewaySettings
from services.gateway.state import BASE
from services.gateway.typescript import event_types, rest_types

TYPES = CHECKOUT / "services" / "gateway" / "ui" / "src" / "api"


def documents() -> dict[str, dict[str, Any]]:
    """Both documents, by file name, as the gateway serves them."""
    return {
        "openapi.json": create_app(GatewaySettings()).openapi(),
        "asyncapi.json": asyncapi.document(),
    }


def types() -> dict[str, str]:
    """The TypeScript of both, by file name."""
    told = documents()
    return {
        "rest.gen.ts": rest_types(told["openapi.json"], BASE),
        "events.gen.ts": event_types(told["asyncapi.json"]),
    }


def main() -> None:
    """Write what has changed."""
    wanted = {TYPES / name: text for name, text in types().items()}
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in documents().items():
            wanted[folder / name] = json.dumps(document, indent=1) + "\n"
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
