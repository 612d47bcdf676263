"""Seconds per image of what was trained here, in a file that may be lost."""

from pathlib import Path

import orjson

from services.trainer.domain.estimate import blended

MOST = 500


class Paces:
    """Read and learned by one trainer service."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def learn(self, key: str, seconds_per_image: float) -> None:
        """One more epoch was trained; of very many kinds, those learned last are kept."""
        known = self.all()
        pace_s = blended(known.pop(key, None), seconds_per_image)
        kept = dict(list(known.items())[1 - MOST :]) | {key: round(pace_s, 6)}
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(orjson.dumps(kept))
        fresh.replace(self._file)

    def all(self) -> dict[str, float]:
        """Seconds per image by `pace_key`; empty if the file cannot be read."""
        try:
            found = orjson.loads(self._file.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {key: float(value) for key, value in found.items() if isinstance(value, int | float)}
