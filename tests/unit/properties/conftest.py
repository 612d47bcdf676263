"""How many examples are tried: few in the suite, many by `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

QUIET = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)

settings.register_profile(
    "suite", max_examples=30, deadline=None, database=None, suppress_health_check=QUIET
)
settings.register_profile(
    "fuzz",
    max_examples=300,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=QUIET,
)
settings.load_profile(os.environ.get("SHIRUSHI_PROPERTIES", "suite"))
