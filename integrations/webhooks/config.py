"""What the operator writes: which events go where. Read once, at the start."""

import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from integrations.webhooks.signing import key_of
from libs.common.errors import BadInput
from libs.common.safe_yaml import YamlFile, read_mapping

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Hook(BaseModel):
    """One receiver."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    url: str = Field(max_length=2000)
    secret: SecretStr = Field(description="whsec_… or any text of 16 characters and more")
    types: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)] = Field(
        default=("*",), description="e.g. training.completed.v1, analysis.*"
    )
    format: Literal["structured", "binary"] = Field(
        default="structured", description="CloudEvents 1.0 over HTTP: the whole event, or its data"
    )
    start: Literal["now", "first"] = Field(
        default="now", description="for a new hook: from the next event, or from the first one"
    )
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    give_up_after_s: float = Field(
        default=3 * 86400.0, gt=0, description="an event that is refused this long is skipped"
    )

    def wants(self, kind: str) -> bool:
        """Whether an event of this kind is for it."""
        return any(fnmatchcase(kind, pattern) for pattern in self.types)

    @model_validator(mode="after")
    def _safe(self) -> "Hook":
        address = urlsplit(self.url)
        if address.scheme not in {"https", "http"} or not address.hostname:
            raise ValueError("url must be an https:// address")
        if address.username or address.password:
            raise ValueError("url must hold no password: receivers check the signature")
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise ValueError("url must be https:// unless it is on this machine")
        key_of(self.secret.get_secret_value())
        return self


def read_hooks(path: Path) -> tuple[Hook, ...]:
    """The hooks of a YAML file; a secret is named by `secret_env` or `secret_file`.

    Raises:
        BadInput: the file or one of its hooks is at fault; says which and why.
    """
    found = YamlFile(path)
    try:
        values = read_mapping(found)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", code="bad_hooks") from error
    if values is None or any(problem.fatal for problem in found.problems):
        said = found.problems[0].message if found.problems else "it is empty"
        raise BadInput(f"{path}: {said}", code="bad_hooks")
    rows = values.get("hooks")
    if not isinstance(rows, list) or not rows or set(values) != {"hooks"}:
        raise BadInput(f"{path} must hold one list named hooks", code="bad_hooks")
    hooks = tuple(_hook(path, number, row) for number, row in enumerate(rows, start=1))
    if len({hook.name for hook in hooks}) != len(hooks):
        raise BadInput(f"{path}: two hooks have one name", code="bad_hooks")
    return hooks


def _hook(path: Path, number: int, row: Any) -> Hook:
    if not isinstance(row, dict):
        raise BadInput(f"{path}: hook {number} must be a mapping", code="bad_hooks")
    fields = {str(key): value for key, value in row.items()}
    variable, file = fields.pop("secret_env", None), fields.pop("secret_file", None)
    if "secret" in fields or (variable is None) == (file is None):
        raise BadInput(
            f"{path}: hook {number} must name its secret by secret_env or by secret_file",
            code="bad_hooks",
        )
    try:
        secret = os.environ[str(variable)] if file is None else Path(str(file)).read_text().strip()
        return Hook.model_validate(fields | {"secret": secret})
    except KeyError as error:
        raise BadInput(f"{path}: hook {number}: {variable} is not set", code="bad_hooks") from error
    except OSError as error:
        raise BadInput(
            f"{path}: hook {number}: {file} cannot be read: {error.strerror}", code="bad_hooks"
        ) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "hook"
        raise BadInput(
            f"{path}: hook {number}: {where}: {first['msg']}", code="bad_hooks"
        ) from error
