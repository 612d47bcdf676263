"""Where the boxes behind a number are: a query relative to the validation."""

from urllib.parse import quote, urlencode

from services.analyzer.domain.view import Filters, View


class Refer:
    """Writes references to boxes at the panels' own operating point."""

    def __init__(self, seen: View, filters: Filters) -> None:
        self._names = seen.data.classes
        chosen = filters.class_index
        self._own = {
            "confidence": repr(float(seen.point.confidence)),
            "iou": repr(float(seen.matches.match_iou)),
            "class": None if chosen is None else self._names[chosen],
            "size": filters.size,
        }

    def to(self, **more: str) -> str:
        """The boxes that fit `more` too."""
        return self._query("matches", more)

    def kinds(self, **more: str) -> dict[str, str]:
        """The boxes of each kind."""
        return {kind: self.to(**more, kind=kind) for kind in ("tp", "fp", "fn")}

    def cell(self) -> str:
        """A template (RFC 6570) for the boxes of a cell of the matrix, by its place in `names`."""
        return self._query("confusion", {}) + "&row={row}&column={column}"

    def _query(self, what: str, more: dict[str, str]) -> str:
        words = {name: value for name, value in (self._own | more).items() if value is not None}
        return f"{what}?{urlencode(words, quote_via=quote)}"
