"""NVML's functions for a card that is not there: the real pynvml calls them as it calls the driver.

A test heats the card, fills its memory, or makes it fall off the bus.
"""

# ruff: noqa: ARG002, N802 - names and arguments are those of the C library

import ctypes
from dataclasses import dataclass, field
from typing import Any

import pynvml

GIB = 2**30
SUCCESS, NOT_SUPPORTED, GPU_IS_LOST, INVALID = 0, 3, 15, 2


@dataclass
class Card:
    name: str = "NVIDIA T4"
    total_bytes: int = 16 * GIB
    used_bytes: int = GIB // 4
    celsius: int = 45
    reasons: int = 0
    processes: list[tuple[int, int]] = field(default_factory=list)
    lost: bool = False


class FakeNvml:
    """Every attribute is one function of the C library; arguments come as ctypes values."""

    def __init__(self, *cards: Card) -> None:
        self.cards = list(cards)

    def nvmlInitWithFlags(self, flags: Any) -> int:
        return SUCCESS

    def nvmlInit_v2(self) -> int:
        return SUCCESS

    def nvmlShutdown(self) -> int:
        return SUCCESS

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = len(self.cards)
        return SUCCESS

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, handle: Any) -> int:
        number = int(getattr(index, "value", index))
        if self.cards[number].lost:
            return GPU_IS_LOST
        pointer = ctypes.cast(handle, ctypes.POINTER(ctypes.c_void_p))
        pointer[0] = number + 1
        return SUCCESS

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:
        card = self._card(handle)
        memory._obj.total, memory._obj.used = card.total_bytes, card.used_bytes
        memory._obj.free = card.total_bytes - card.used_bytes
        return SUCCESS

    def nvmlDeviceGetTemperature(self, handle: Any, sensor: Any, value: Any) -> int:
        value._obj.value = self._card(handle).celsius
        return SUCCESS

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: Any, value: Any) -> int:
        value._obj.value = self._card(handle).reasons
        return SUCCESS

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle: Any, count: Any, infos: Any) -> int:
        found = self._card(handle).processes
        if infos is None:
            count._obj.value = len(found)
            return 7 if found else SUCCESS  # insufficient size: ask again with an array
        for place, (pid, used) in enumerate(found):
            infos[place].pid, infos[place].usedGpuMemory = pid, used
        count._obj.value = len(found)
        return SUCCESS

    def nvmlDeviceGetName(self, handle: Any, text: Any, length: Any) -> int:
        text.value = self._card(handle).name.encode()
        return SUCCESS

    def nvmlDeviceGetUUID(self, handle: Any, text: Any, length: Any) -> int:
        text.value = f"GPU-{ctypes.cast(handle, ctypes.c_void_p).value}".encode()
        return SUCCESS

    def nvmlDeviceGetUtilizationRates(self, handle: Any, rates: Any) -> int:
        return NOT_SUPPORTED

    def nvmlDeviceGetPowerUsage(self, handle: Any, value: Any) -> int:
        return NOT_SUPPORTED

    def _card(self, handle: Any) -> Card:
        address = ctypes.cast(handle, ctypes.c_void_p).value or 0
        return self.cards[address - 1]


def install(monkeypatch: Any, *cards: Card) -> FakeNvml:
    """pynvml talks to these cards until the test ends."""
    fake = FakeNvml(*cards)
    monkeypatch.setattr(pynvml, "nvmlLib", fake)
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    return fake
