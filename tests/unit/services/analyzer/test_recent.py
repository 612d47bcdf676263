"""The cache keeps what was used last, as far as it fits."""

from services.analyzer.recent import Recent


def test_the_longest_unused_go_first_and_the_newest_stays_however_large() -> None:
    kept = Recent[str](10)
    kept.put("a", "A", 4)
    kept.put("b", "B", 4)
    assert kept.get("a") == "A"
    kept.put("c", "C", 4)
    assert (kept.get("b"), kept.get("a"), kept.get("c")) == (None, "A", "C")
    kept.put("a", "A2", 2)
    assert (kept.get("a"), kept.size_bytes) == ("A2", 6)
    kept.put("huge", "H", 99)
    assert (kept.get("huge"), kept.get("c"), kept.size_bytes) == ("H", None, 99)
