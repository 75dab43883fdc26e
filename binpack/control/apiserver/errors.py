"""What the API server answers when it refuses: an HTTP code, a reason and Kubernetes' own message.

Source: apimachinery pkg/api/errors/errors.go, v1.35.
"""

from __future__ import annotations

from binpack.errors import BinpackError


class ApiError(BinpackError):
    """A refused request.

    Attributes
    ----------
    code : int
        The HTTP status code.
    reason : str
        The machine-readable reason, as in `metav1.Status`.
    cause_type, cause : str
        The first of `details.causes`: its type, such as `NamespaceTerminating`, and its message. Empty if there is none.
    """

    code = 500
    reason = "InternalError"
    cause_type = ""
    cause = ""


class NotFoundError(ApiError):
    """There is no such object."""

    code = 404
    reason = "NotFound"

    def __init__(self, resource: str, name: str) -> None:
        super().__init__(f'{resource} "{name}" not found')


class AlreadyExistsError(ApiError):
    """The name is taken."""

    code = 409
    reason = "AlreadyExists"

    def __init__(self, resource: str, name: str) -> None:
        super().__init__(f'{resource} "{name}" already exists')


class ConflictError(ApiError):
    """The object has changed since it was read, or is not the one that was meant."""

    code = 409
    reason = "Conflict"

    def __init__(self, resource: str, name: str, why: str = "") -> None:
        why = why or "the object has been modified; please apply your changes to the latest version and try again"
        super().__init__(f'Operation cannot be fulfilled on {resource} "{name}": {why}')


class ForbiddenError(ApiError):
    """Admission refuses the object; the message says which and why: `pods "web" is forbidden: …`."""

    code = 403
    reason = "Forbidden"

    def __init__(self, message: str, *, cause_type: str = "", cause: str = "") -> None:
        super().__init__(message)
        self.cause_type = cause_type
        self.cause = cause


class TooManyRequestsError(ApiError):
    """Not now: try again later.

    Attributes
    ----------
    retry_seconds : int
        After how many seconds to try again; 0 if the server does not say.
    """

    code = 429
    reason = "TooManyRequests"

    def __init__(self, message: str, *, cause_type: str = "", cause: str = "", retry_seconds: int = 0) -> None:
        super().__init__(message)
        self.cause_type = cause_type
        self.cause = cause
        self.retry_seconds = retry_seconds


class InvalidError(ApiError):
    """The object cannot be stored as it is."""

    code = 422
    reason = "Invalid"

    def __init__(self, kind: str, name: str, why: str) -> None:
        super().__init__(f'{kind} "{name}" is invalid: {why}')


class ExpiredError(ApiError):
    """A watch or a list asks for a version that compaction has removed; list again and watch from there."""

    code = 410
    reason = "Expired"


class TooLargeVersionError(ApiError):
    """A watch, a list or a compaction asks for a version that is not there yet."""

    code = 504
    reason = "Timeout"

    def __init__(self, asked: int, current: int) -> None:
        super().__init__(f"Too large resource version: {asked}, current: {current}")


class BadRequestError(ApiError):
    """The request makes no sense, whatever is stored."""

    code = 400
    reason = "BadRequest"
