"""Which topics a reader wants: NATS-like patterns on `<kind>.<job id>`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from libs.common.errors import BadInput

PATTERN = re.compile(r"^[A-Za-z0-9_*>-]+(\.[A-Za-z0-9_*>-]+)*$")
MOST = 200
EVENTS = ("training.>", "dataset.>", "analysis.>", "model.>", "host.>")


@dataclass(frozen=True)
class Topics:
    """A set of patterns; `*` is one token, a closing `>` is all that follow."""

    patterns: tuple[str, ...] = EVENTS

    @classmethod
    def parse(cls, text: str | None) -> "Topics":
        """Read `a.>,b.*.c`.

        Raises:
            BadInput: a pattern is malformed, or there are too many.
        """
        if text is None or not text.strip():
            return cls()
        return cls(checked(part.strip() for part in text.split(",") if part.strip()))

    def plus(self, patterns: tuple[str, ...]) -> "Topics":
        """With more patterns."""
        return Topics(checked(tuple(dict.fromkeys((*self.patterns, *patterns)))))

    def minus(self, patterns: tuple[str, ...]) -> "Topics":
        """Without these patterns."""
        return Topics(tuple(each for each in self.patterns if each not in patterns))

    def want(self, topic: str) -> bool:
        """Whether `topic` is asked for."""
        if topic in self._exact:
            return True
        tokens = topic.split(".")
        return any(_matches(pattern, tokens) for pattern in self._wild)

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(each for each in self.patterns if "*" not in each and ">" not in each)

    @cached_property
    def _wild(self) -> tuple[list[str], ...]:
        """In tokens: each event is held against those of every reader."""
        return tuple(each.split(".") for each in self.patterns if each not in self._exact)

    @cached_property
    def telemetry(self) -> bool:
        """Whether any reading can be asked for."""
        return any(pattern.split(".")[0] in {"telemetry", "*", ">"} for pattern in self.patterns)


def checked(patterns: Iterable[object]) -> tuple[str, ...]:
    """`patterns` if each is well formed.

    Raises:
        BadInput: one is not, there are too many, or they are one text or named values.
    """
    if isinstance(patterns, str | dict):
        raise BadInput('give topics as a list: ["training.>"]', code="bad_topic")
    found = tuple(str(each) for each in patterns)
    if len(found) > MOST:
        raise BadInput(f"at most {MOST} topics per reader", code="too_many_topics")
    for each in found:
        if len(each) > 200 or not PATTERN.match(each) or ">" in each[:-1]:
            raise BadInput(
                f"{each[:80]!r} is no topic: use names like training.> or training.*.*.<id>",
                code="bad_topic",
            )
    return found


def _matches(pattern: list[str], tokens: list[str]) -> bool:
    for index, want in enumerate(pattern):
        if want == ">":
            return len(tokens) > index
        if index >= len(tokens) or want not in {"*", tokens[index]}:
            return False
    return len(pattern) == len(tokens)
