"""Which versions of which datasets there are: a pure fold over the log, the same for everyone."""

import re
from collections.abc import Iterable

from libs.common.events import DatasetDeleted, DatasetRegistered, Event

_VERSIONED = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,63})@(?P<version>v[1-9][0-9]{0,8})$"
)


class DatasetLog:
    """Names with their versions, the oldest first; a tombstone moves them to `retired`."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.live: dict[str, tuple[DatasetRegistered, ...]] = {}
        self.retired: dict[str, tuple[DatasetRegistered, ...]] = {}
        for event in events:
            self.fold(event)

    def fold(self, event: Event) -> None:
        """Take one more fact in; facts of other kinds change nothing."""
        if isinstance(event, DatasetRegistered):
            known = self.live.get(event.name, ())
            numbers = {each.version for each in known}
            new = tuple(each for each in told_by(event) if each.version not in numbers)
            self.live[event.name] = known + new
        elif isinstance(event, DatasetDeleted) and event.name in self.live:
            gone = self.live.pop(event.name)
            self.retired[event.name] = self.retired.get(event.name, ()) + gone

    def version(self, name: str, version: str | None = None) -> DatasetRegistered | None:
        """One version of a live dataset, the newest if none is named."""
        found = self.live.get(name, ())
        if version is None:
            return found[-1] if found else None
        return next((each for each in found if each.version == version), None)

    def highest(self, name: str) -> int:
        """The highest number that was ever given to a version of this name, 0 without any."""
        every = (*self.retired.get(name, ()), *self.live.get(name, ()))
        return max((int(each.version[1:]) for each in every), default=0)


def told_by(event: DatasetRegistered) -> tuple[DatasetRegistered, ...]:
    """The versions that one fact tells of: a folder that was edited is kept as it was, too."""
    if event.before is None:
        return (event,)
    kept = event.model_copy(
        update=event.before.model_dump()
        | {
            "manifest": event.before.manifest,
            "parent": None,
            "changes": {},
            "diff": None,
            "before": None,
        }
    )
    return kept, event


def name_and_version(text: str) -> tuple[str, str | None]:
    """`logos@v3` as `("logos", "v3")`; any other text is a name without a version."""
    found = _VERSIONED.match(text)
    return (found["name"], found["version"]) if found else (text, None)
