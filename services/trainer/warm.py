"""What a training would import when it is under way, imported once in the nursery.

`use_deterministic_algorithms` alone takes two seconds of imports. Nothing here may start a thread,
which a copy of the process would lack: polars does, so the training does without it.
"""

import matplotlib.backends.backend_agg
import matplotlib.pyplot as plt
import torch._inductor
import torchvision

__all__ = ["matplotlib", "plt", "torch", "torchvision"]
