"""From the headers of a request to who sent it."""

import asyncio
import hashlib
import hmac
import json
import logging
import math
import time
from collections import OrderedDict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

from libs.common import tokens
from libs.common.errors import BadInput
from libs.common.private_files import write_private
from libs.common.tokens import Token
from services.gateway.access.identity import ANYBODY, Identity, Refused
from services.gateway.access.oidc import Provider
from services.gateway.access.rates import Rates
from services.gateway.access.sessions import COOKIE, CSRF_HEADER, LIFE_S, Sessions
from services.gateway.settings import GatewaySettings

log = logging.getLogger(__name__)

LOOK_S = 1.0
NOTE_S = 60.0
MOST_KNOWN = 1000
WRONG_PER_S, WRONG_BURST = 1 / 6, 10.0  # ten wrong tries at once, then ten a minute
ASK = "send a token: `Authorization: Bearer shi_…`; `shirushi token create` makes one"


class Access:
    """One per gateway."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.required = settings.auth == "required"
        self.path = settings.tokens_file or settings.home / tokens.FILE
        self.sessions = Sessions(settings.page_key)
        self.wrong = Rates(WRONG_PER_S, WRONG_BURST)
        self.requests = Rates(
            settings.requests_per_s if self.required else 0.0, 4 * settings.requests_per_s
        )
        self.provider = (
            Provider(
                settings.oidc_issuer,
                settings.oidc_audience,
                settings.oidc_jwks_url,
                settings.oidc_claim,
            )
            if settings.oidc_issuer and settings.oidc_audience and settings.oidc_jwks_url
            else None
        )
        self._tokens: dict[str, Token] = {}
        self._looked_at = -math.inf
        self._stamp: tuple[int, int] | None = None
        self._verified: OrderedDict[bytes, str] = OrderedDict()
        self._used: dict[str, str] = {}
        self._noted_at = time.monotonic()

    async def identify(self, headers: Headers, address: str) -> Identity | None:
        """Who sent these headers; None when they show nothing.

        Raises:
            Refused: what they show is wrong, or comes too often.
        """
        if not self.required:
            return ANYBODY
        kind, _, text = headers.get("authorization", "").partition(" ")
        if text and kind.lower() == "bearer":
            return self._counted(await self._bearer(text.strip(), address))
        if cookie := _cookie(headers, COOKIE):
            found = self._session(cookie)
            return self._counted(found) if found else None
        return None

    async def bearer(self, text: str, address: str) -> Identity:
        """The holder of a token.

        Raises:
            Refused: it is wrong, or there were too many wrong ones from this address.
        """
        return self._counted(await self._bearer(text, address))

    def still(self, identity: Identity) -> bool:
        """Whether who was let in would be let in now."""
        now = datetime.now(UTC)
        if identity.token_id is not None:
            token = self._book().get(identity.token_id)
            if token is None or not token.active(now):
                return False
        return now < identity.until

    def safe(self, identity: Identity, headers: Headers) -> bool:
        """Whether a change that a browser's cookie asks for was meant by the page."""
        word = headers.get(CSRF_HEADER, "")
        return identity.csrf is None or hmac.compare_digest(word.encode(), identity.csrf.encode())

    def _counted(self, identity: Identity) -> Identity:
        wait_s = self.requests.take(identity.token_id or identity.who)
        if wait_s:
            raise Refused(
                "too many requests a second: go slower", status=429, retry_s=math.ceil(wait_s)
            )
        return identity

    async def _bearer(self, text: str, address: str) -> Identity:
        if wait_s := self.wrong.wait_s(address):
            raise Refused(
                "too many wrong tokens from this address: wait, then try the right one",
                status=429,
                retry_s=math.ceil(wait_s),
            )
        try:
            if self.provider and text.count(".") == 2:
                return await self.provider.identify(text)
            return await self._token(text)
        except Refused as error:
            if error.status == 401:
                self.wrong.take(address)
            raise

    async def _token(self, text: str) -> Identity:
        known, digest = self._book(), hashlib.sha256(text.encode()).digest()
        token_id = self._verified.get(digest)
        if token_id is None:
            token_id = await self._verify(known, text)
            self._verified[digest] = token_id
            while len(self._verified) > MOST_KNOWN:
                self._verified.popitem(last=False)
        token = known.get(token_id)
        if token is None or not token.active(datetime.now(UTC)):
            raise Refused(f"the token is revoked or too old: {ASK}")
        await self._note(token)
        return Identity(token.name, token.scope, "token", token.id, token.until)

    async def _verify(self, known: dict[str, Token], text: str) -> str:
        """The id of a token whose secret is right."""
        found = tokens.parts(text)
        token = known.get(found[0]) if found else None
        if found is None or token is None:
            raise Refused(f"this token is not known: {ASK}")
        if not await asyncio.to_thread(token.fits, found[1]):
            raise Refused(f"this token is not known: {ASK}")
        return token.id

    def _session(self, cookie: str) -> Identity | None:
        session = self.sessions.read(cookie)
        token = self._book().get(session.token_id) if session else None
        if session is None or token is None or not token.active(datetime.now(UTC)):
            return None
        ends = datetime.fromtimestamp(session.since, UTC) + timedelta(seconds=LIFE_S)
        until = min(token.until, ends)
        return Identity(token.name, token.scope, "session", token.id, until, session.csrf)

    def _book(self) -> dict[str, Token]:
        """The tokens, read again when their file has changed; looked at once a second."""
        if time.monotonic() - self._looked_at > LOOK_S:
            self._looked_at = time.monotonic()
            stat = self.path.stat() if self.path.exists() else None
            stamp = (stat.st_mtime_ns, stat.st_ino) if stat else None
            if stamp != self._stamp:
                try:
                    self._tokens, self._stamp = tokens.read(self.path), stamp
                except BadInput as error:
                    log.exception("tokens cannot be read", extra={"reason": error.message})
        return self._tokens

    async def _note(self, token: Token) -> None:
        """Write down, at most once a minute, when each token was used."""
        self._used[token.id] = datetime.now(UTC).isoformat(timespec="seconds")
        if time.monotonic() - self._noted_at < NOTE_S:
            return
        self._noted_at = time.monotonic()
        text = json.dumps(tokens.last_used(self.path) | self._used)
        with suppress(OSError):  # a mounted secret is read-only
            await asyncio.to_thread(write_private, self.path.with_name(tokens.USED), text)


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        jar = SimpleCookie(headers.get("cookie", "")[:8192])
    except CookieError:
        return None
    return jar[name].value if name in jar else None
