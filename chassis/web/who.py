"""Who may call a route. Every route of every service names one of these; a test walks them all."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from chassis.permissions import Permission
from chassis.refusals import Forbidden, Refusal, Unauthorized
from chassis.sessions import Session

__all__ = ["AnyStaff", "Anyone", "CurrentLearner", "MaybeLearner", "Session", "StaffWith"]

NAMES_WHO = "names_who"
F = TypeVar("F", bound=Callable[..., object])


class SignInNeeded(Unauthorized):
    """Sign in first."""


class LearnersOnly(Forbidden):
    """This page is for learners. You are signed in as staff."""


class StaffOnly(Forbidden):
    """This is for staff of the association. You are signed in as a learner."""


class PermissionNeeded(Forbidden):
    """Your account does not have the right for this. Ask an administrator."""


def session_of(request: Request) -> Session | None:
    session: Session | None = getattr(request.state, "who", None)
    return session


def _named(dependency: F, who: str) -> F:
    """Write on a dependency whom it lets in, for the test that walks all routes."""
    setattr(dependency, NAMES_WHO, who)
    return dependency


def _anyone() -> None:
    return None


def _maybe_learner(request: Request) -> Session | None:
    session = session_of(request)
    return session if session is not None and session.is_learner else None


def _learner(request: Request) -> Session:
    session = session_of(request)
    if session is None:
        raise SignInNeeded()
    if not session.is_learner:
        raise LearnersOnly()
    return session


def _not_staff(request: Request, session: Session | None) -> Refusal:
    """A page leads learners to the staff's sign-in; for the API a good token is no reason for 401,
    after which an app would fetch a new one and ask again."""
    in_api = request.url.path.startswith("/api/")
    return StaffOnly() if session is not None and in_api else SignInNeeded()


def _staff_with(permission: Permission | None) -> Callable[[Request], Session]:
    def staff(request: Request) -> Session:
        session = session_of(request)
        if session is None or not session.is_staff:
            raise _not_staff(request, session)
        if permission is not None and not session.may(permission):
            raise PermissionNeeded()
        return session

    return _named(staff, f"staff with {permission}" if permission else "staff")


_named(_anyone, "anyone")
_named(_maybe_learner, "anyone")
_named(_learner, "learner")

Anyone: Any = Depends(_anyone)
CurrentLearner = Annotated[Session, Depends(_learner)]
MaybeLearner = Annotated[Session | None, Depends(_maybe_learner)]


def StaffWith(permission: Permission) -> Any:
    """`who: Annotated[Session, StaffWith(Permission.X)]`"""
    return Depends(_staff_with(permission))


AnyStaff = Annotated[Session, Depends(_staff_with(None))]
