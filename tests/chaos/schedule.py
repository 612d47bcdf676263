"""What a storm does, and when: a pure function of its seed."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

SERVICES = ("dataset", "trainer", "analyzer", "gateway")
SERVERS = ("nats", "store")
PEERS = ("nats", "store")
ACK_WAIT_S = 10.0
"""A worker that is paused for longer loses its job to another."""

Action = Literal["kill", "pause", "cut", "freeze", "slow", "fill"]
WEIGHTS: dict[Action, int] = {"kill": 10, "pause": 4, "cut": 3, "freeze": 2, "slow": 1, "fill": 2}
TARGETS: dict[Action, tuple[str, ...]] = {
    "kill": (*SERVERS, *SERVICES, "child", "child", "supervisor"),
    "pause": (*SERVERS, *SERVICES, "child"),
    "cut": tuple(f"{service}-{peer}" for service in SERVICES for peer in PEERS),
    "freeze": tuple(f"{service}-{peer}" for service in SERVICES for peer in PEERS),
    "slow": tuple(f"{service}-{peer}" for service in SERVICES for peer in PEERS),
    "fill": SERVICES,
}
LONGEST_S: dict[Action, float] = {
    "kill": 0, "pause": 8, "cut": 8, "freeze": 8, "slow": 8, "fill": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong at a moment, and for how long."""

    at_s: float
    action: Action
    target: str
    for_s: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.for_s:.1f} s" if self.for_s else ""
        return f"{self.at_s:5.1f} s  {self.action} {self.target}{lasts}"


@dataclass(frozen=True)
class Ask:
    """One job that is asked for at a moment."""

    at_s: float
    kind: str


@dataclass(frozen=True)
class Schedule:
    """A storm: `twins` = a second worker of each kind runs beside, as on another machine."""

    seed: int
    seconds: float
    faults: tuple[Fault, ...]
    asks: tuple[Ask, ...]
    twins: bool = False

    def __str__(self) -> str:
        head = f"seed {self.seed}, {self.seconds:g} s{', twins' if self.twins else ''}"
        return "\n  ".join([head, *map(str, self.faults)])

    def without_faults_but(self, faults: Sequence[Fault]) -> "Schedule":
        """The same jobs in a milder storm."""
        return replace(self, faults=tuple(faults))

    def with_half_the_jobs(self) -> "Schedule":
        """Every second one, and the trainings: more storms in the same time."""
        asks = (ask for at, ask in enumerate(self.asks) if at % 2 or ask.kind in HEAVY)
        return replace(self, asks=tuple(asks))

    def as_json(self) -> dict[str, object]:
        """To be kept as a regression test."""
        return asdict(self)


KEPT = (1000, 1200, 2201, 2400, 3120)
"""Seeds that found a mistake; each was mended, and `make chaos` begins with them."""
LIGHT = ("check", "check", "import", "split", "judge", "draw", "thresholds", "compare", "explain")
MORE = (
    *("preview", "delete_class", "restore", "collect", "remove"),
    *("check_cancelled", "import_cancelled", "judge_cancelled", "draw_cancelled"),
)
HEAVY = ("train", "train_cancelled", "train_paused", "train_kept")


def schedule(seed: int, seconds: float = 30.0) -> Schedule:
    """The storm of a seed: about a fault every three seconds, a job every two."""
    rng = random.Random(seed)  # noqa: S311
    actions = rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=round(seconds / 3.2))
    faults = []
    for action in actions:
        at_s = rng.uniform(0.5, seconds)
        for_s = rng.uniform(0.5, LONGEST_S[action]) if LONGEST_S[action] else 0.0
        faults.append(Fault(round(at_s, 2), action, rng.choice(TARGETS[action]), round(for_s, 2)))
    twins = seed % 4 == 3
    if twins:  # a worker that is taken for dead, and comes back
        for name in ("dataset", "analyzer", "trainer"):
            at_s = rng.uniform(1, seconds / 2)
            faults.append(Fault(round(at_s, 2), "pause", name, ACK_WAIT_S + 4))
    kinds = [*rng.sample(LIGHT, 7), *rng.choices(LIGHT, k=round(seconds / 6)), rng.choice(HEAVY)]
    more = random.Random(f"more of {seed}")  # noqa: S311 - the storm of a seed stays what it was
    kinds += more.choices(MORE, k=round(seconds / 10))
    asks = [Ask(round(rng.uniform(0, 0.8 * seconds), 2), kind) for kind in kinds]
    return Schedule(
        seed,
        seconds,
        tuple(sorted(faults, key=lambda fault: fault.at_s)),
        tuple(sorted(asks, key=lambda ask: ask.at_s)),
        twins,
    )


async def shrunk(
    storm: Schedule, fails: Callable[[Schedule], Awaitable[bool]], *, tries: int = 12
) -> Schedule:
    """A storm with fewer faults that fails still (delta debugging; Zeller, Hildebrandt, 2002).

    Args:
        storm: that failed.
        fails: runs one and tells.
        tries: at most as many runs.
    """
    parts = 2
    while len(storm.faults) > 1 and tries > 0:
        size = -(-len(storm.faults) // parts)
        for start in range(0, len(storm.faults), size):
            rest = storm.faults[:start] + storm.faults[start + size :]
            tries -= 1
            if await fails(milder := storm.without_faults_but(rest)):
                storm, parts = milder, max(2, parts - 1)
                break
            if tries <= 0:
                break
        else:
            if parts >= len(storm.faults):
                break
            parts = min(len(storm.faults), 2 * parts)
    return storm
