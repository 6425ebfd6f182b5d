"""Refusals: the expected ways for a request to be turned down.

A service names its refusals after the rule that was hit and files each under one of the families
below. The family decides the HTTP status; the docstring is the sentence the person reads, a msgid
of the service's catalogue whose {names} are filled from the keyword arguments.
"""

import inspect
from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):
    """The request was turned down."""

    status: ClassVar[int] = 400
    retry_after_seconds: int | None = None

    def __init__(self, **values: object) -> None:
        super().__init__()
        self.values = values

    @property
    def code(self) -> str:
        return type(self).__name__

    @property
    def message(self) -> str:
        """The sentence as written in the code: English, unfilled."""
        return " ".join(inspect.cleandoc(type(self).__doc__ or "").split())


class NotFound(Refusal):
    """There is nothing here."""

    status = 404


class Unauthorized(Refusal):
    """Sign in first."""

    status = 401


class Forbidden(Refusal):
    """This is not yours to do."""

    status = 403


class Conflict(Refusal):
    """This no longer fits the current state."""

    status = 409


class Gone(Refusal):
    """This has expired."""

    status = 410


class TooLarge(Refusal):
    """This is larger than what is accepted here."""

    status = 413


class WrongMedia(Refusal):
    """This kind of file is not accepted here."""

    status = 415


class Invalid(Refusal):
    """Some of the fields need another look."""

    status = 422

    def __init__(self, errors: Mapping[str, str] | None = None, **values: object) -> None:
        """`errors`: field name → sentence (a msgid, filled from `values`)."""
        super().__init__(**values)
        self.errors = dict(errors or {})


class TooMany(Refusal):
    """Too many tries. Wait a moment, then try again."""

    status = 429

    def __init__(self, *, retry_after_seconds: int, **values: object) -> None:
        super().__init__(retry_after_seconds=retry_after_seconds, **values)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Refusal):
    """A part of the platform does not answer at the moment. Try again shortly."""

    status = 503

    def __init__(self, *, retry_after_seconds: int = 5, **values: object) -> None:
        super().__init__(**values)
        self.retry_after_seconds = retry_after_seconds
