"""Signatures by Standard Webhooks 1.0: HMAC-SHA256 of `id.timestamp.body`, base64, after `v1,`."""

import base64
import binascii
import hashlib
import hmac

SHORTEST = 16


def key_of(secret: str) -> bytes:
    """The bytes to sign with.

    Raises:
        ValueError: the secret is too short, or is not base64 behind `whsec_`.
    """
    try:
        key = (
            base64.b64decode(secret.removeprefix("whsec_"), validate=True)
            if secret.startswith("whsec_")
            else secret.encode()
        )
    except binascii.Error as error:
        raise ValueError("the secret is not base64 behind whsec_") from error
    if len(key) < SHORTEST:
        raise ValueError(f"the secret must have {SHORTEST} bytes or more")
    return key


def signed(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers; `timestamp` in seconds since 1970."""
    content = f"{message_id}.{timestamp}.".encode() + body
    mac = hmac.new(key_of(secret), content, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
