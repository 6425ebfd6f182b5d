"""The web side of a service: FastAPI behind the guard, with refusals, health and static files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.service import Kit
from chassis.web import desk, health, problems, reference
from chassis.web.guard import Guard
from chassis.web.pages import HERE, Pages


class App(FastAPI):
    """FastAPI with a side door: requests for `fast` paths meet nothing else, not even the guard.

    A fast application may describe itself by an attribute `openapi` (an OpenAPI path item).
    """

    fast: Mapping[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (fast := self.fast.get(scope["path"])) is not None:
            scope["app"] = self
            return await fast(scope, receive, send)
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        schema = super().openapi()
        for path, fast in self.fast.items():
            if described := getattr(fast, "openapi", None):
                schema["paths"][path] = described
        return schema


def create_app(
    service: str,
    kit: Kit,
    *,
    routers: Sequence[APIRouter],
    here: Path,
    fast: Mapping[str, ASGIApp] | None = None,
    uploads: tuple[str, ...] = (),
    framed: tuple[str, ...] = (),
) -> FastAPI:
    """`here` is the service's folder. `fast`: path → bare ASGI application that checks everything
    for itself, see `App`; `uploads`, `framed`: path prefixes, see `Guard`."""
    app = App(
        title=f"TIC EDU {service}",
        openapi_url=f"/api/{service}/openapi.json",
        docs_url=None,  # `reference` serves it
        redoc_url=None,
    )
    app.fast = fast or {}
    app.state.kit = kit
    app.state.pages = Pages(
        service,
        here,
        phones=tuple(kit.settings.contact_phones),
        email=kit.settings.contact_email,
        secure_cookies=kit.settings.secure_cookies,
    )
    problems.install(app)
    own = [health.router, desk.events_router(service), reference.docs_router(service)]
    for router in [*own, *routers]:
        app.include_router(router)
    _mount_static(app, service, here)
    app.add_middleware(
        Guard,
        service=service,
        settings=kit.settings,
        sessions=kit.sessions,
        uploads=uploads,
        framed=framed,
    )
    return app


def _mount_static(app: FastAPI, service: str, here: Path) -> None:
    folders = {"chassis": HERE / "static", service: here / "static"}
    for name, folder in folders.items():
        if folder.is_dir():
            app.router.routes.append(Mount(f"/static/{name}", StaticFiles(directory=folder)))
