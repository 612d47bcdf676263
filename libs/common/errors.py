"""The errors a user can meet, as one tree.

ShirushiError
├── PermanentError      trying again cannot help: tell the user what to do
│   ├── BadInput        the request, the dataset or the model is at fault
│   ├── NotFound        nothing has this name, id or key
│   ├── Conflict        the thing is in a state that does not allow this
│   └── TopologyDrift   the bus holds streams with other settings than ours
└── TransientError      trying again later may help
    └── Unavailable     the bus or the store does not answer
"""


class ShirushiError(Exception):
    """Base of all: a sentence for people, a stable `code` for programs, a child's last lines."""

    default_code = "error"

    def __init__(
        self, message: str, *, code: str | None = None, console: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.console = console


class PermanentError(ShirushiError):
    """Trying again cannot help; the message says what to do."""

    default_code = "permanent"


class BadInput(PermanentError):
    """The request, the dataset or the model is at fault."""

    default_code = "bad_input"


class NotFound(PermanentError):
    """Nothing has this name, id or key."""

    default_code = "not_found"


class Conflict(PermanentError):
    """The thing is in a state that does not allow this."""

    default_code = "conflict"


class TopologyDrift(PermanentError):
    """The bus holds a stream or consumer with other settings than ours."""

    default_code = "topology_drift"


class TransientError(ShirushiError):
    """Trying again later may help."""

    default_code = "transient"


class Unavailable(TransientError):
    """The bus or the store does not answer."""

    default_code = "unavailable"
