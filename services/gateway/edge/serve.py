"""How uvicorn is set up to serve the gateway: here, in tests and in benches alike."""

import uvicorn
from fastapi import FastAPI

from services.gateway.edge.http import EdgeHttp
from services.gateway.edge.wire import EdgeSocket
from services.gateway.settings import GatewaySettings

MOST_MESSAGE_BYTES = 65536
"""From a reader of the live socket; a larger one closes it with 1009."""


def server(app: FastAPI, settings: GatewaySettings) -> uvicorn.Server:
    """Ready to run."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http=EdgeHttp,
            ws=EdgeSocket,
            ws_per_message_deflate=False,  # costs 55 % CPU and 45 % memory for frames this small
            ws_max_size=MOST_MESSAGE_BYTES,
            timeout_graceful_shutdown=3,
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
            forwarded_allow_ips="127.0.0.1" if settings.behind_proxy else "",
            proxy_headers=settings.behind_proxy,
        )
    )
