"""A terminal that texts from outside cannot steer: what would is shown as a mark instead.

Names of classes, files and people come from whoever made a dataset or asked for a job; an escape
sequence in one of them would move the cursor, rename the window, or hide what is on the screen.
"""

import re
from typing import Any

from rich.console import Console
from rich.text import Text

STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line end; what turns the direction of writing."""


def plain(text: str) -> str:
    """`text` with � for each character that steers a terminal."""
    return STEERS.sub("\ufffd", text)


class Screen(Console):
    """As rich has it, for texts that nobody vouches for."""

    def render_str(self, text: str, **how: Any) -> Text:
        """Every text that is printed comes by here."""
        return super().render_str(plain(text), **how)
