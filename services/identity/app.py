"""The identity service: who learners and staff are, and how they sign in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from chassis import clock
from chassis.db import Pool, transaction
from chassis.service import Kit, Service, every
from chassis.web.app import create_app

from . import account, api, consumers, pages, staff, staff_api
from .settings import IdentitySettings
from .store import limits
from .tools import Tools, open_tools

PRUNE_SECONDS = 600


def create(settings: IdentitySettings, kit: Kit) -> Service:
    """Wire the service. Raises when a key is missing or not fit for this environment."""
    tools = open_tools(settings)
    app = create_app(
        "identity",
        kit,
        routers=[pages.router, account.router, staff.router, api.router, staff_api.router],
        here=Path(__file__).parent,
    )
    app.state.tools = tools
    return Service(
        name="identity",
        app=app,
        consumer=consumers.consumer,
        workers=[every(PRUNE_SECONDS, partial(_prune, kit.pool), name="identity prune")],
        lifespan=partial(_lifespan, tools),
    )


async def _prune(pool: Pool) -> None:
    async with transaction(pool) as tx:
        await limits.prune(tx, now=clock.now())


@asynccontextmanager
async def _lifespan(tools: Tools) -> AsyncIterator[None]:
    try:
        yield
    finally:
        tools.close()
