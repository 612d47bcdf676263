"""A person's session in the browser: a signed cookie that names a token, and a word against CSRF.

Nothing is kept on the server, so any gateway with the same key knows the session; it ends with
its token. The cookie is HttpOnly; the word is readable by the page, which sends it back as a
header: another site's page can neither read nor send it.
"""

import secrets
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE = "shirushi_session"
CSRF_COOKIE = "shirushi_csrf"
CSRF_HEADER = "x-csrf-token"
LIFE_S = 12 * 3600


@dataclass(frozen=True)
class Session:
    """What a cookie says, and when it was made (seconds since 1970)."""

    token_id: str
    csrf: str
    since: float


class Sessions:
    """Signs and reads cookies."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeTimedSerializer(key, salt="shirushi page session")

    def open(self, token_id: str) -> tuple[str, str]:
        """A cookie's value, and the word that goes with it."""
        csrf = secrets.token_urlsafe(24)
        return str(self._signer.dumps([token_id, csrf])), csrf

    def read(self, cookie: str) -> Session | None:
        """What a cookie says; None when it is not ours, or too old."""
        try:
            (token_id, csrf), at = self._signer.loads(cookie, max_age=LIFE_S, return_timestamp=True)
        except (BadData, ValueError, TypeError):
            return None
        return Session(str(token_id), str(csrf), at.timestamp())
