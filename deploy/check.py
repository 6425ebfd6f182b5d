"""Checks of the deployment files that need no Docker, for `make lint`: `python -m deploy.check`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # comes with uvicorn
from compose_spec import PyCompose

from deploy.prepare import ROOT, SERVICES
from deploy.stack import nginx
from deploy.stack.stack import processes


def problems() -> list[str]:
    """Every complaint, as a sentence; none when all is well."""
    return [*compose_problems(ROOT / "docker-compose.yml"), *_nginx_problems()]


def compose_problems(path: Path) -> list[str]:
    """Right is: it follows the compose specification and has a container for each process."""
    try:
        content = yaml.safe_load(path.read_text())  # merge keys applied
        compose = PyCompose.from_yaml(yaml.safe_dump(content))
        compose.validate()
    except ValueError as reason:
        return [f"docker-compose.yml: {reason}"]
    missing = {"prepare", *processes()} - set(compose.service_names())
    return [f"docker-compose.yml has no container for {name}." for name in sorted(missing)]


def _nginx_problems() -> list[str]:
    upstreams = {name: f"127.0.0.1:{9000 + number}" for number, name in enumerate(SERVICES)}
    upstreams |= {"ready": "127.0.0.1:9100", "simulators": "127.0.0.1:9101"}
    with tempfile.TemporaryDirectory() as folder:
        argv = nginx.command(Path(folder), nginx.Gateway("127.0.0.1:9200", upstreams))
        tested = subprocess.run([*argv, "-t"], capture_output=True, text=True, check=False)
    return [] if tested.returncode == 0 else [f"nginx.conf: {tested.stderr.strip()}"]


if __name__ == "__main__":
    found = problems()
    sys.exit("\n".join(found) if found else 0)
