"""Who may write what in the object store: one identity for each service, by prefix."""

import json
from collections.abc import Iterable
from pathlib import Path

from deploy.secrets import SERVICES, Secrets
from libs.common.private_files import write_private

WRITES = {
    "gateway": ("uploads/*", "models/*", "trainings/*/*/.reserved", "ledger/*"),
    "dataset": ("datasets/*", "uploads/*"),  # what was uploaded is removed by who unpacked it
    "trainer": ("trainings/*",),
    "analyzer": (
        *("validations/*", "visualizations/*", "comparisons/*"),
        *("thresholds/*", "explanations/*"),
    ),
}
"""Every service reads the whole bucket: results of one are the input of another."""


def write_identities(
    path: Path, secrets: Secrets, bucket: str, dataset_buckets: Iterable[str] = ()
) -> None:
    """Write what the store is told at its start (0600).

    `setup` may do everything and makes the bucket; no service has its keys. `dataset_buckets` are
    others that services may read from.
    """
    identities = [_identity("setup", secrets.store["access_key"], secrets.store["secret_key"])]
    for name in SERVICES:
        actions = [f"{do}:{each}" for each in (bucket, *dataset_buckets) for do in ("Read", "List")]
        actions += [f"Write:{bucket}/{prefix}" for prefix in WRITES[name]]
        identities.append(_identity(name, *secrets.store_keys(name), actions))
    write_private(path, json.dumps({"identities": identities}, indent=2))


def _identity(
    name: str, access_key: str, secret_key: str, actions: list[str] | None = None
) -> dict[str, object]:
    return {
        "name": name,
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": actions or ["Admin"],
    }
