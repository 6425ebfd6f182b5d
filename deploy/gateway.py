"""The one address in front of the six services: which path belongs to whom.

`ROUTES` is the table that both ways to run are made from: the standalone process dispatches by it,
the stack's nginx.conf is rendered from it.
"""

import asyncio
from collections.abc import Mapping

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import metrics
from chassis.service import Kit
from chassis.web import health

# The longest matching prefix wins; a prefix ends at a slash or at the end of the path.
ROUTES: dict[str, str] = {
    "/": "catalogue",
    "/courses": "catalogue",
    "/packages": "catalogue",
    "/media": "catalogue",
    "/guide": "catalogue",
    "/register": "identity",
    "/login": "identity",
    "/logout": "identity",
    "/session": "identity",
    "/forgot-password": "identity",
    "/reset-password": "identity",
    "/confirm-email": "identity",
    "/account": "identity",
    "/staff": "identity",
    "/cart": "payments",
    "/orders": "payments",
    "/wallet": "payments",
    "/study-cards": "payments",
    "/transfers": "payments",
    "/employers": "payments",
    "/discounts": "payments",
    "/refunds": "payments",
    "/invoices": "payments",
    "/webhooks": "payments",
    "/study": "progress",
    "/hours": "progress",
    "/certificates": "certificates",
    "/renewal": "certificates",
    "/verify": "certificates",
    "/messages": "notifications",
    "/static/chassis": "catalogue",
    **{
        f"{prefix}/{service}": service
        for service in (
            "identity",
            "catalogue",
            "progress",
            "payments",
            "certificates",
            "notifications",
        )
        for prefix in ("/api", "/staff", "/static")
    },
}


def owner_of(path: str, routes: Mapping[str, str] = ROUTES) -> str:
    """The service that a path belongs to; unknown paths go to the catalogue, for its 404 page."""
    while path:
        if path in routes:
            return routes[path]
        path = path.rpartition("/")[0]
    return routes["/"]


class Gateway:
    """An ASGI application that hands each request to its service, all in this process."""

    def __init__(
        self, apps: Mapping[str, ASGIApp], kits: Mapping[str, Kit], mounts: Mapping[str, ASGIApp]
    ) -> None:
        """`mounts`: path prefix → application that sees the path below it (the simulators)."""
        self.apps = apps
        self.kits = kits
        self.mounts = mounts
        self.ready = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        own = {"/healthz": self._alive, "/readyz": self._ready, "/metrics": self._metrics}
        if path in own:
            response = await own[path]()
            return await response(scope, receive, send)
        for prefix, app in self.mounts.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                below = {**scope, "root_path": scope.get("root_path", "") + prefix}
                return await app(below, receive, send)
        await self.apps[owner_of(path)](scope, receive, send)

    async def _alive(self) -> Response:
        return JSONResponse({"status": "alive"})

    async def _ready(self) -> Response:
        checks = await asyncio.gather(*(health.check(kit) for kit in self.kits.values()))
        found = dict(zip(self.kits, checks, strict=True))
        well = self.ready and all(all(check.values()) for check in checks)
        return JSONResponse({"started": self.ready, **found}, 200 if well else 503)

    async def _metrics(self) -> Response:
        content = b""
        for kit in self.kits.values():
            content = await metrics.render(kit.name, kit.pool)
        return Response(content, media_type=metrics.CONTENT_TYPE)
