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
from collections.abc import Callable, Iterable
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
HERE = Path(__file__).parent
ROOT = HERE.parent


def keys(data_dir: Path) -> dict[str, str]:
    """The demo's keys as environment variables; each is made at the first call that needs it."""
    folder = data_dir / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = _kept_secrets(folder / "keys.json", KEY_NAMES, _new_key)
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


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _make_session_key(folder: Path) -> None:
    private = folder / "session.json"
    if private.exists():
        return
    key = OKPKey.generate_key("Ed25519", {"kid": f"demo-{secrets.token_hex(4)}"}, auto_kid=False)
    write_private(folder / "jwks.json", json.dumps(KeySet([key]).as_dict(private=False)))
    write_private(private, json.dumps(key.as_dict(private=True)))


def _kept_secrets(path: Path, names: Iterable[str], make: Callable[[], str]) -> dict[str, str]:
    """One secret for each name. What stands in the file stays; what a later version of the
    platform needs besides is added."""
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name in names if name not in kept}
    if missing:
        write_private(path, json.dumps(kept | missing))
    return kept | missing


def write_private(path: Path, content: str) -> None:
    """All of it or nothing, readable by nobody else."""
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(content)
    os.replace(partial, path)


async def databases(admin_url: str, data_dir: Path, *, prefix: str = "ticedu") -> dict[str, str]:
    """One database and one role per service on this server; made where missing. service → URL.

    That of payments is migrated here, because its ledger then gets an owner of its own.
    """
    passwords = _kept_secrets(
        data_dir / "keys" / "databases.json", SERVICES, lambda: secrets.token_urlsafe(24)
    )
    admin = await asyncpg.connect(admin_url, timeout=5)
    try:
        urls = {
            name: await _database(admin, admin_url, f"{prefix}_{name}", passwords[name])
            for name in SERVICES
        }
    finally:
        await admin.close()
    await migrate_service("payments", urls["payments"])
    await _guard_ledger(admin_url, f"{prefix}_payments")
    return urls


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


async def _guard_ledger(admin_url: str, service: str) -> None:
    """$-9: journals and postings belong to a role that nobody signs in as. The service's role may
    read them and add to them; it can't change, empty or drop them, nor lift their triggers."""
    owner = f"{service}_ledger"
    admin = await asyncpg.connect(
        urlsplit(admin_url)._replace(path=f"/{service}").geturl(), timeout=5
    )
    try:
        async with admin.transaction():
            if not await _exists(admin, "pg_roles", "rolname", owner):
                await admin.execute(f"CREATE ROLE {owner} NOLOGIN")
            await admin.execute((HERE / "ledger.sql").read_text().format(owner=owner, role=service))
    finally:
        await admin.close()


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
