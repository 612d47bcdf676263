"""Whether something answers, for the health checks of containers: `python -m deploy.health URL`.

`https://…` and `http://…` have to answer 200, `tcp://host:port` to accept, `file:///…` to be there.
Only the standard library, as this is run every few seconds.
"""

import os
import socket
import ssl
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

ANSWER_S = 4.0


def healthy(url: str) -> bool:
    """Whether it does."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "file":
            return Path(parts.path).exists()
        if parts.scheme == "tcp":
            socket.create_connection((parts.hostname, parts.port), ANSWER_S).close()
            return True
        trust = ssl.create_default_context(cafile=os.environ.get("SHIRUSHI_NATS_CA"))
        handler = urllib.request.HTTPSHandler(context=trust)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
        with opener.open(url, timeout=ANSWER_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if healthy(sys.argv[1]) else 1)
