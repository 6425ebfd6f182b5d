"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Request

from chassis.db import Pool


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.kit.pool
    return pool


Db = Annotated[Pool, Depends(_pool)]


def client_address(request: Request) -> str:
    """The caller's address, as the gateway saw it where there is one; for limiters."""
    if request.app.state.kit.settings.trusted_proxy and (seen := request.headers.get("x-real-ip")):
        return seen
    return request.client.host if request.client else "unknown"
