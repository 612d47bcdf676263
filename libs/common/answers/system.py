"""What is answered on the system: machine, queue, services, the log, who you are."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict


class GpuProcess(TypedDict):
    """A process on a card, and the training that it belongs to."""

    pid: int
    used_bytes: int | None
    training_id: str | None


class GpuDevice(TypedDict):
    """One card, as NVML tells it."""

    uuid: str
    index: int
    name: str
    memory_total_bytes: int
    memory_used_bytes: int
    utilization_percent: int | None
    temperature_c: int | None
    power_w: float | None
    processes: list[GpuProcess]


class GpuInfo(TypedDict):
    """All cards; memory of the first in GiB."""

    device_count: int
    current_device: int
    device_name: str
    memory_allocated: float
    memory_reserved: float
    devices: list[GpuDevice]


class DiskUsage(TypedDict):
    """In GiB."""

    total: float
    used: float
    free: float
    percent: float


class ServiceFacts(TypedDict):
    """One service on the bus; `lost` when it has not answered lately."""

    name: str
    id: str
    version: str
    host: str | None
    worker: str | None
    started_at: str | None
    status: str


class QueueLength(TypedDict):
    """Trainings."""

    waiting: int
    running: int


class Health(TypedDict):
    """Of the bus or the store."""

    status: str
    latency_ms: float | None
    checked_at: NotRequired[str]


class Lease(TypedDict):
    """Room on a card that somebody else than a training has."""

    holder: str
    device: str
    need_bytes: int


class DiskBytes(TypedDict):
    """The file system of a trainer's scratch folder."""

    total_bytes: int
    used_bytes: int
    free_bytes: int
    percent: float


class HostFacts(TypedDict):
    """A trainer's host: its newest reading, and its drain; of a silent host only that."""

    host: str
    drained: Literal["hand_over", "finish"] | None
    drained_since: str | None
    drain_state: Literal["draining", "drained"] | None
    service: NotRequired[str]
    worker: NotRequired[str]
    pool: NotRequired[str]
    slots: NotRequired[int]
    trainings: NotRequired[list[str]]
    leases: NotRequired[list[Lease]]
    gpus: NotRequired[list[GpuDevice]]
    cpu_percent: NotRequired[float]
    cpu_count: NotRequired[int]
    memory_percent: NotRequired[float]
    memory_total_bytes: NotRequired[int]
    memory_used_bytes: NotRequired[int]
    disk: NotRequired[DiskBytes]
    child_network: NotRequired[str | None]


class SystemStatus(TypedDict):
    """Everything at a glance; `last_seq` is the newest event that it knows of."""

    gpu_available: bool
    gpu_info: GpuInfo | None
    cpu_usage: float
    memory_usage: float
    disk_usage: DiskUsage
    active_trainings: list[str]
    active_validations: list[str]
    available_models: list[str]
    available_datasets: list[str]
    services: list[ServiceFacts]
    queue: QueueLength
    bus: Health
    artifacts: Health
    hosts: list[HostFacts]
    last_seq: int


class DrainedHost(TypedDict):
    """Whether a host takes trainings, and those that run there."""

    host: str
    drained: Literal["hand_over", "finish"] | None
    drained_since: str | None
    drain_state: Literal["draining", "drained"] | None
    trainings: list[str]
    message: str


class Caller(TypedDict):
    """Who the gateway takes you for, and what you may do."""

    signed_in: bool
    who: str
    scope: str
    way: str


class SignedOut(TypedDict):
    """The session is forgotten."""

    signed_in: bool


class StoredEvent(TypedDict):
    """One event of the log: a CloudEvent with its place in the log."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: NotRequired[str]
    dataschema: NotRequired[str]
    traceparent: NotRequired[str]
    data: dict[str, object]
    seq: int


class Alive(TypedDict):
    """The process answers."""

    status: Literal["ok"]


class Ready(TypedDict):
    """All that requests need is there."""

    status: Literal["ready"]


class ReaderAccount(TypedDict):
    """How other systems get on the bus, to read."""

    url: str
    user: str
    password: str
    stream: str
