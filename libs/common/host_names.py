"""How a host is named in subjects: apart, for both the log and its folds need it."""

import hashlib
import re


def host_id(host: str) -> str:
    """A host's name as a token of a subject: readable, and no two hosts have the same."""
    digest = hashlib.sha256(host.encode()).hexdigest()[:8]
    return f"{re.sub('[^A-Za-z0-9_-]', '-', host)[:50]}-{digest}"
