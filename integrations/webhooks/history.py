"""What became of each delivery, for whoever asks why nothing arrived."""

from contextlib import closing
from dataclasses import asdict, dataclass

from integrations.log import Places

KEPT = 10_000


@dataclass(frozen=True)
class Delivery:
    """One event for one hook. `at` is the time of the last try, seconds since 1970."""

    hook: str
    seq: int
    id: str
    type: str
    tries: int
    state: str
    """`waiting`, `taken` or `given_up`."""
    answer: str
    """The HTTP status, or why there was none."""
    at: float


class History:
    """The newest `KEPT` deliveries of each hook, beside the places."""

    def __init__(self, places: Places) -> None:
        self.db = places.db
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS deliveries (hook TEXT, seq INTEGER, id TEXT, type TEXT, "
            "tries INTEGER, state TEXT, answer TEXT, at REAL, PRIMARY KEY (hook, seq))"
        )

    def note(self, delivery: Delivery) -> None:
        """As it is now; the oldest ones go."""
        self.db.execute(
            "INSERT OR REPLACE INTO deliveries VALUES "
            "(:hook, :seq, :id, :type, :tries, :state, :answer, :at)",
            asdict(delivery),
        )
        if delivery.state != "waiting" and delivery.seq % 100 == 0:
            self.db.execute(
                "DELETE FROM deliveries WHERE hook = ? AND seq <= (SELECT seq FROM deliveries "
                "WHERE hook = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
                (delivery.hook, delivery.hook, KEPT),
            )

    def newest(self, hook: str | None = None, *, limit: int = 50) -> list[Delivery]:
        """The newest deliveries, of one hook or of all, oldest first."""
        query = (
            "SELECT hook, seq, id, type, tries, state, answer, at FROM deliveries "
            "WHERE ? IS NULL OR hook = ? ORDER BY at DESC, seq DESC LIMIT ?"
        )
        with closing(self.db.execute(query, (hook, hook, limit))) as rows:
            return [Delivery(*row) for row in rows][::-1]
