"""Bearer tokens of an OpenID provider: signed by its published keys, for us, and not too old."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import jwt

from libs.common.tokens import SCOPES, Scope
from services.gateway.access.identity import Identity, Refused

ALGORITHMS = ("RS256", "ES256")  # pinned: never what the token itself says
KEYS_S = 3600.0
ANEW_S = 60.0  # an unknown key makes us ask again, but no more often
FETCH_S = 5.0
MOST_BYTES = 256 * 1024


@dataclass
class Provider:
    """One issuer. `jwks_url` is set by whoever runs the gateway, never by a request."""

    issuer: str
    audience: str
    jwks_url: str
    claim: str = "scope"
    _keys: dict[str, Any] = field(default_factory=dict)
    _asked_at: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def identify(self, text: str) -> Identity:
        """The subject of a token and its widest scope.

        Raises:
            Refused: not signed by the provider, not for us, expired, or without a scope of ours.
        """
        try:
            key = await self._key(str(jwt.get_unverified_header(text).get("kid", "")))
            claims = jwt.decode(
                text,
                key,
                algorithms=list(ALGORITHMS),
                audience=self.audience,
                issuer=self.issuer,
                leeway=30,
                options={"require": ["exp", "sub", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise Refused("the bearer token is not valid here: sign in again") from error
        scope = widest(claims.get(self.claim))
        if scope is None:
            raise Refused(
                f"the bearer token's `{self.claim}` names none of shirushi:read, shirushi:run, "
                "shirushi:admin: ask your provider's administrator for one",
                status=403,
            )
        until = datetime.fromtimestamp(float(claims["exp"]), UTC)
        return Identity(str(claims["sub"])[:128], scope, "oidc", until=until)

    async def _key(self, kid: str) -> Any:
        async with self._lock:
            age = time.monotonic() - self._asked_at
            if age > KEYS_S or (kid not in self._keys and age > ANEW_S):
                await self._fetch()
        if kid not in self._keys:
            raise jwt.InvalidKeyError(kid)
        return self._keys[kid]

    async def _fetch(self) -> None:
        """Read the provider's keys; the former ones stay when it does not answer."""
        self._asked_at = time.monotonic()
        try:
            async with httpx.AsyncClient(timeout=FETCH_S, follow_redirects=False) as client:
                answer = await client.get(self.jwks_url)
            answer.raise_for_status()
            if len(answer.content) > MOST_BYTES:
                return
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        except (httpx.HTTPError, ValueError, AttributeError, jwt.PyJWTError):
            return
        self._keys = {str(each.key_id): each.key for each in keys}


def widest(claim: Any) -> Scope | None:
    """The widest of ours in a scope claim: `"shirushi:read shirushi:run"`, or a list of such."""
    words = claim.split() if isinstance(claim, str) else claim
    if not isinstance(words, list):
        return None
    held = [scope for scope in SCOPES if f"shirushi:{scope}" in words]
    return held[-1] if held else None
