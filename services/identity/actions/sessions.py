"""Signing in, staying signed in, signing out (I-5, I-6)."""

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from chassis import clock, ids
from chassis.db import Tx
from chassis.refusals import TooMany

from ..limits import RETRY_AFTER_SECONDS, may_try
from ..model import LIFETIMES, ROTATION_GRACE
from ..store import limits, sessions


@dataclass(frozen=True, slots=True)
class Place:
    """Which account is tried from which address: keyed hashes, 32 bytes each."""

    account_key: bytes
    address_key: bytes


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that goes on with this refresh token (given out once, stored as a hash)."""

    session_id: UUID
    subject_id: UUID
    kind: str
    refresh_token: str


async def check_tries(tx: Tx, place: Place) -> None:
    """Raises TooMany when this account, or this address, was tried too often."""
    tries = await limits.count_tries(
        tx, account_key=place.account_key, address_key=place.address_key, now=clock.now()
    )
    if not may_try(tries):
        raise TooMany(retry_after_seconds=RETRY_AFTER_SECONDS)


async def note_try(tx: Tx, place: Place, *, failed: bool = False) -> UUID:
    """Count a try before its password is looked at. Raises TooMany when there were too many."""
    try_id = ids.new_id()
    await limits.lock_tries(tx, place.account_key)

    await check_tries(tx, place)

    await limits.insert_try(
        tx,
        try_id,
        account_key=place.account_key,
        address_key=place.address_key,
        now=clock.now(),
        failed=failed,
    )
    return try_id


async def fail_try(tx: Tx, try_id: UUID) -> None:
    """The password was wrong: from now on the try counts for the address, too."""
    await limits.fail_try(tx, try_id)


async def forget_try(tx: Tx, try_id: UUID) -> None:
    """The password was right: the try counts no more."""
    await limits.delete_try(tx, try_id)


async def begin(
    tx: Tx, *, subject_id: UUID, kind: str, place: Place, try_id: UUID | None = None
) -> OpenSession:
    """Open a session for who has shown the right password, or has just set it."""
    now, session_id = clock.now(), ids.new_id()
    if try_id is not None:
        await limits.delete_try(tx, try_id)
    await sessions.insert_session(
        tx,
        session_id=session_id,
        subject_id=subject_id,
        kind=kind,
        account_key=place.account_key,
        address_key=place.address_key,
        started_at=now,
        expires_at=now + LIFETIMES[kind].absolute,
    )
    token = await _issue(tx, session_id, kind=kind)
    return OpenSession(session_id, subject_id, kind, token)


async def rotate(tx: Tx, refresh_token: str) -> OpenSession | None:
    """Exchange a refresh token for the next one. None: the session has ended, or never was.

    A token that was exchanged more than a minute ago is in two hands: its session ends.
    """
    now, token_hash = clock.now(), _hash(refresh_token)
    known = await sessions.lock_refresh_token(tx, token_hash)
    if known is None or known.session_ended_at is not None:
        return None
    if now >= known.expires_at or now >= known.session_expires_at:
        return None

    if known.rotated_at is not None and now - known.rotated_at > ROTATION_GRACE:
        await sessions.end_session(tx, known.session_id, at=now, reason="refresh_token_reused")
        return None

    await sessions.mark_rotated(tx, token_hash, at=now)
    token = await _issue(tx, known.session_id, kind=known.kind)
    return OpenSession(known.session_id, known.subject_id, known.kind, token)


async def sign_out(tx: Tx, *, subject_id: UUID | None, refresh_token: str | None) -> None:
    """End every session of whoever this is; nothing happens for nobody."""
    if subject_id is None and refresh_token:
        known = await sessions.lock_refresh_token(tx, _hash(refresh_token))
        subject_id = known.subject_id if known else None
    if subject_id is not None:
        await sessions.end_sessions_of(tx, subject_id, at=clock.now(), reason="signed_out")


async def end(tx: Tx, session_id: UUID, *, reason: str) -> None:
    await sessions.end_session(tx, session_id, at=clock.now(), reason=reason)


async def _issue(tx: Tx, session_id: UUID, *, kind: str) -> str:
    now, token = clock.now(), secrets.token_urlsafe(32)
    await sessions.insert_refresh_token(
        tx,
        _hash(token),
        session_id=session_id,
        issued_at=now,
        expires_at=now + LIFETIMES[kind].idle,
    )
    return token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
