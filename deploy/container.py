"""One process of the stack in a container: `python -m deploy.container payments`.

The same plan as `make stack` makes, with fixed ports: the containers share one network, as the
processes of one machine do. `prepare` runs first: it makes keys and databases in the shared folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import asyncpg

from deploy import prepare
from deploy.stack.environment import Plan
from deploy.stack.stack import processes

GATEWAY_PORT = 8000
FIRST_PORT = 8101
SMTP_PORT = 8125
DATABASE_SECONDS = 60.0
DATABASES = "databases.json"


def plan(data_dir: Path) -> Plan:
    """What `prepare` made, and a port for each process of the Procfile in its order."""
    return Plan(
        data_dir=data_dir,
        gateway_port=GATEWAY_PORT,
        amqp_url=os.environ["AMQP_URL"],
        databases=json.loads((data_dir / DATABASES).read_text()),
        keys=prepare.keys(data_dir),
        smtp_port=SMTP_PORT,
        ports={name: FIRST_PORT + number for number, name in enumerate(processes())},
        extra={"LISTEN": f"0.0.0.0:{GATEWAY_PORT}", "WORKERS": "auto"},
    )


async def make_ready(data_dir: Path) -> None:
    """Keys and databases, once PostgreSQL answers; the administrator's DATABASE_URL stays here."""
    prepare.keys(data_dir)
    async with asyncio.timeout(DATABASE_SECONDS):
        while True:
            try:
                urls = await prepare.databases(os.environ["DATABASE_URL"], data_dir)
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.5)
            else:
                break
    prepare.write_private(data_dir / DATABASES, json.dumps(urls))


def main() -> None:
    names = processes()
    process = sys.argv[1] if len(sys.argv) == 2 else ""
    data_dir = Path(os.environ.get("DATA_DIR", "/data"))
    if process == "prepare":
        asyncio.run(make_ready(data_dir))
    elif process in names:
        argv = names[process]
        os.execve(argv[0], argv, plan(data_dir).environment(process))
    else:
        raise SystemExit(f"usage: python -m deploy.container prepare|{'|'.join(names)}")


if __name__ == "__main__":
    main()
