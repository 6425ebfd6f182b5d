"""What each process of the stack is told: port, database, keys, and where the others are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy import demo, prepare
from deploy.servers.processes import free_port

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Plan:
    """Everything that was decided before the first process starts."""

    data_dir: Path
    gateway_port: int
    amqp_url: str
    databases: Mapping[str, str]  # service → URL
    keys: Mapping[str, str]
    extra: Mapping[str, str] = field(default_factory=dict)
    smtp_port: int = field(default_factory=free_port)
    ports: dict[str, int] = field(default_factory=dict)

    def port_of(self, process: str) -> int:
        return self.ports.setdefault(process, free_port())

    @property
    def public_url(self) -> str:
        return os.environ.get("PUBLIC_URL", f"http://{HOST}:{self.gateway_port}")

    def environment(self, process: str) -> dict[str, str]:
        """The process's whole environment."""
        told = {
            "LOG_LEVEL": "WARNING",
            **os.environ,
            **self.keys,
            **self._counterparts(),
            "APP_ENV": "demo",
            "DATA_DIR": str(self.data_dir),
            "PUBLIC_URL": self.public_url,
            "TRUSTED_PROXY": "true",
            "AMQP_URL": self.amqp_url,
            "PORT": str(self.port_of(process)),
            "LISTEN": f"{HOST}:{self.gateway_port}",
            "UPSTREAMS": self._upstreams(),
            "PYTHONUNBUFFERED": "1",
            **self.extra,
        }
        if process == "simulators":
            told["SMTP_PORT"] = str(self.smtp_port)
        told.pop("DATABASE_URL", None)  # the administrator's is nobody's business here
        if process == "progress":
            told["FOLDS_BEATS"] = "false"
        service = "progress" if process == "fold" else process
        if service in self.databases:
            told["DATABASE_URL"] = self.databases[service]
        return told

    def _counterparts(self) -> dict[str, str]:
        port = self.port_of("simulators")
        simulators = demo.simulators(self.data_dir, port, smtp_port=self.smtp_port)
        return {name.upper(): str(value) for name, value in simulators.settings.items()}

    def _upstreams(self) -> str:
        names = [*prepare.SERVICES, "fold", "simulators", "ready"]
        return " ".join(f"{name}={HOST}:{self.port_of(name)}" for name in names)
