"""The version of everything here, as pyproject.toml has it."""

VERSION = "0.1.0"
