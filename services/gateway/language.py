"""Which of our two languages a reader wants: `?lang=`, else `Accept-Language`, else English."""

import re
from typing import Annotated, Literal

from fastapi import Depends, Header, Query

Lang = Literal["en", "ja"]
_ENTRY = re.compile(r"\s*([A-Za-z*-]{1,16})\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*$")


def wanted(
    lang: Annotated[Lang | None, Query(description="of the sentences")] = None,
    accept_language: Annotated[str | None, Header(max_length=1000)] = None,
) -> Lang:
    """The language for this answer (RFC 9110, section 12.5.4)."""
    return lang or preferred(accept_language or "")


def preferred(header: str) -> Lang:
    """The language of the heaviest entry that is one of ours; the first of equals."""
    best: Lang = "en"
    weight = 0.0
    for entry in header.split(","):
        found = _ENTRY.match(entry)
        if not found:
            continue
        name, share = found[1].lower().split("-")[0], float(found[2] or 1)
        if name in ("en", "ja") and share > weight:
            best, weight = ("ja" if name == "ja" else "en"), share
    return best


Language = Annotated[Lang, Depends(wanted)]
