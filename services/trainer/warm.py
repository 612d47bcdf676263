"""What a training would import when it is under way, imported once in the nursery, at its end.

`use_deterministic_algorithms` alone takes two seconds of imports. Nothing here may start a thread,
which a copy of the process would lack: polars does, so the training does without it.
"""

import inspect

import matplotlib.backends.backend_agg
import matplotlib.pyplot as plt
import torch._inductor
import torchvision

inspect.getmodule(inspect.currentframe())  # it lists all modules once: a tenth of a second

__all__ = ["matplotlib", "plt", "torch", "torchvision"]
