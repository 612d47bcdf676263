"""What a judgement would import when it is under way, imported once in the nursery.

Nothing here may start a thread, which a copy of the process would lack.
"""

import pyarrow as pa
import ultralytics.models

__all__ = ["ultralytics"]

pa.array([0])  # looks for pandas: 0.17 s where it is installed
