"""What `GET /status` answers: machine, queue, services, what there is to work with."""

from typing import NotRequired

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
    hosts: list[dict[str, object]]
    last_seq: int
