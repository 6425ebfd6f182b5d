"""What must be there before services start: keys, databases with their roles, migrations.

Keys are made once into `DATA_DIR/keys` for the demo; a real deployment sets the same variables
from its own secret store instead.
"""

import base64
import importlib
import json
import os
import secrets
import socket
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
from joserfc.jwk import KeySet, OKPKey

from chassis.migrations import migrate
from chassis.settings import Settings
from deploy.servers.processes import ServerError
from simulators.wechat_pay import keys as wechat_keys

SERVICES = ("identity", "catalogue", "progress", "payments", "certificates", "notifications")
KEY_NAMES = (
    *("ID_NUMBER_KEY", "ID_NUMBER_MAC_KEY", "LINK_KEY", "BEAT_TOKEN_KEY"),
    *("CARD_KEY", "PARCEL_KEY"),
)
WECHAT_FOLDER = "wechat"
ROOT = Path(__file__).parents[1]


def keys(data_dir: Path) -> dict[str, str]:
    """The demo's keys as environment variables; made at the first call."""
    folder = data_dir / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = _read_or_make(folder / "keys.json", _make_keys)
    _make_session_key(folder)
    return {
        **made,
        "SESSION_KEY_FILE": str(folder / "session.json"),
        "JWKS_FILE": str(folder / "jwks.json"),
        **module("certificates", "keys").make(folder / "certificates"),
        **_unless_told(wechat_keys.make(folder / WECHAT_FOLDER)),
    }


def _unless_told(made: dict[str, str]) -> dict[str, str]:
    """Whoever tries the demo with a merchant account names its keys."""
    return {name: os.environ.get(name) or value for name, value in made.items()}


def require_free(port: int) -> None:
    """Raises ServerError when somebody listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ServerError(
                f"Port {port} is taken. Stop what listens there, or choose another: PORT=8001"
            ) from None


def as_settings(variables: dict[str, str]) -> dict[str, str]:
    """Environment variables as fields of settings."""
    return {name.lower(): value for name, value in variables.items()}


def _make_keys() -> dict[str, str]:
    return {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in KEY_NAMES}


def _make_session_key(folder: Path) -> None:
    private = folder / "session.json"
    if private.exists():
        return
    key = OKPKey.generate_key("Ed25519", {"kid": f"demo-{secrets.token_hex(4)}"}, auto_kid=False)
    write_private(folder / "jwks.json", json.dumps(KeySet([key]).as_dict(private=False)))
    write_private(private, json.dumps(key.as_dict(private=True)))


def _read_or_make(path: Path, make: Any) -> dict[str, str]:
    if not path.exists():
        write_private(path, json.dumps(make()))
    content: dict[str, str] = json.loads(path.read_text())
    return content


def write_private(path: Path, content: str) -> None:
    """All of it or nothing, readable by nobody else."""
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(content)
    os.replace(partial, path)


async def databases(admin_url: str, data_dir: Path, *, prefix: str = "ticedu") -> dict[str, str]:
    """One database and one role per service on this server; made where missing. service → URL."""
    passwords = _read_or_make(
        data_dir / "keys" / "databases.json",
        lambda: {name: secrets.token_urlsafe(24) for name in SERVICES},
    )
    admin = await asyncpg.connect(admin_url, timeout=5)
    try:
        return {
            name: await _database(admin, admin_url, f"{prefix}_{name}", passwords[name])
            for name in SERVICES
        }
    finally:
        await admin.close()


async def _database(admin: asyncpg.Connection, admin_url: str, name: str, password: str) -> str:
    """`name` and `password` are ours: a fixed word and URL-safe random characters."""
    verb = "ALTER" if await _exists(admin, "pg_roles", "rolname", name) else "CREATE"
    await admin.execute(f"{verb} ROLE {name} LOGIN PASSWORD '{password}'")
    if not await _exists(admin, "pg_database", "datname", name):
        await admin.execute(f"CREATE DATABASE {name} OWNER {name}")
        await admin.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    server = urlsplit(admin_url)
    host = server.netloc.rpartition("@")[2]
    return f"postgresql://{name}:{quote(password)}@{host}/{name}"


async def _exists(admin: asyncpg.Connection, table: str, column: str, name: str) -> bool:
    query = f"SELECT true FROM {table} WHERE {column} = $1"  # noqa: S608 - both are ours
    return bool(await admin.fetchval(query, name))


async def migrate_service(service: str, url: str) -> list[str]:
    return await migrate(url, ROOT / "services" / service / "migrations")


def module(service: str, name: str) -> ModuleType:
    return importlib.import_module(f"services.{service}.{name}")


def settings_for(service: str, **values: Any) -> Settings:
    """The service's own settings; `values` go before the environment."""
    kind: type[Settings] = getattr(module(service, "settings"), f"{service.capitalize()}Settings")
    return kind(**values)
