"""Servers and tools from Debian's packages: found, else installed, with or without root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from deploy.servers.processes import ServerError, say_to_terminal

INSTALL_SECONDS = 600
RABBITMQ_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# The whole of Erlang that RabbitMQ uses: a part of it from elsewhere would not fit.
ERLANG_PARTS = (
    "base asn1 crypto public-key mnesia runtime-tools ssl eldap ftp tftp inets snmp os-mon "
    "parsetools syntax-tools tools xmerl"
)
RABBITMQ_PACKAGES = [*(f"erlang-{part}" for part in ERLANG_PARTS.split()), "rabbitmq-server"]
CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome"]
CHROMIUM_PACKAGES = ["chromium", "fonts-noto-cjk"]
POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Rabbitmq:
    """Where an installed RabbitMQ stands, and what its environment needs besides."""

    script: Path
    name_server: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def find_or_install_rabbitmq() -> Rabbitmq:
    """Raises ServerError with what to do when RabbitMQ is neither here nor to be had."""
    found = _installed_rabbitmq() or _unpacked_rabbitmq()
    if found is not None:
        return found
    say_to_terminal("RabbitMQ is not installed; Debian's package is being fetched.")
    _fetch(
        "RabbitMQ",
        ["rabbitmq-server"],
        RABBITMQ_PACKAGES,
        "Install it with: sudo apt-get install rabbitmq-server, or set AMQP_URL to one of yours.",
    )
    found = _installed_rabbitmq() or _unpacked_rabbitmq()
    if found is None:
        raise ServerError(
            "Debian's package rabbitmq-server is installed but its script is missing."
        )
    return found


def find_or_install_chromium() -> Path:
    """The program for the browser tests. Raises ServerError when it is not to be had."""
    found = _chromium()
    if found is not None:
        return found
    say_to_terminal("Chromium is not installed; Debian's package is being fetched.")
    advice = "Install it with: sudo apt-get install chromium, or set CHROMIUM to its path."
    _fetch("Chromium", CHROMIUM_PACKAGES, None, advice)
    found = _chromium()
    if found is None:
        raise ServerError(f"Chromium was fetched but is not where it was expected. {advice}")
    return found


def find_or_install_redis() -> Path:
    """What the tests' record store needs. Raises ServerError when it is not to be had."""
    found = _redis()
    if found is not None:
        return found
    say_to_terminal("Redis is not installed; Debian's package is being fetched.")
    advice = "Install it with: sudo apt-get install redis-server."
    _fetch("Redis", ["redis-server"], None, advice)
    found = _redis()
    if found is None:
        raise ServerError(f"Redis was fetched but is not where it was expected. {advice}")
    return found


def cache_folder() -> Path:
    """Where packages are unpacked for an ordinary user; nothing outside of it is changed."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tic-edu"


def _root_folder() -> Path:
    return cache_folder() / "debian"


def _installed_rabbitmq() -> Rabbitmq | None:
    name_server = shutil.which("epmd")
    if RABBITMQ_SCRIPT.exists() and name_server:
        return Rabbitmq(script=RABBITMQ_SCRIPT, name_server=Path(name_server))
    return None


def _unpacked_rabbitmq() -> Rabbitmq | None:
    root = _root_folder()
    erlang = root / "usr" / "lib" / "erlang"
    scripts = sorted(root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"))
    if not scripts or not (erlang / "bin" / "epmd").exists():
        return None
    path = f"{erlang / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}"
    return Rabbitmq(
        script=scripts[-1],
        name_server=erlang / "bin" / "epmd",
        environment={"ERL_ROOTDIR": str(erlang), "PATH": path},
    )


def _chromium() -> Path | None:
    given = os.environ.get("CHROMIUM")
    if given:
        return Path(given)
    installed = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if installed:
        return Path(installed)
    unpacked = _root_folder() / "usr" / "lib" / "chromium" / "chromium"
    return _starter(unpacked) if unpacked.exists() else None


def _redis() -> Path | None:
    installed = shutil.which("redis-server")
    if installed:
        return Path(installed)
    unpacked = _root_folder() / "usr" / "bin" / "redis-server"
    return _starter(unpacked) if unpacked.exists() else None


def _starter(program: Path) -> Path:
    """A script that starts the unpacked program with the unpacked libraries."""
    libraries = ":".join(map(str, sorted(_root_folder().glob("usr/lib/*-linux-gnu*"))))
    starter = cache_folder() / program.name
    starter.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{libraries}" exec "{program}" "$@"\n')
    starter.chmod(0o700)
    return starter


def _fetch(
    what: str, packages: Sequence[str], to_unpack: Sequence[str] | None, advice: str
) -> None:
    """Install as root; else unpack `to_unpack`, or what apt says is missing, into the cache."""
    if not shutil.which("apt-get"):
        raise ServerError(f"{what} is needed and this is not a Debian system. {advice}")
    try:
        if os.geteuid() == 0:
            _install(packages)
        else:
            _unpack(packages, to_unpack)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = str(error.stderr or error.stdout or error).strip().splitlines()[-3:]
        raise ServerError(f"{what} could not be fetched ({' '.join(said)}). {advice}") from None


def _install(packages: Sequence[str]) -> None:
    options = ["install", "-y", "--no-install-recommends", *packages]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services_started():
        try:
            _run(["apt-get", *options], env=environment)
        except subprocess.CalledProcessError:  # the lists may be missing or old
            _run(["apt-get", "update"], env=environment)
            _run(["apt-get", *options], env=environment)


def _unpack(packages: Sequence[str], to_unpack: Sequence[str] | None) -> None:
    downloads = cache_folder() / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    try:
        names = to_unpack or _missing(packages, [])
        _run(["apt-get", "download", *names], folder=downloads)
    except subprocess.CalledProcessError:  # no lists on this machine: keep some of our own
        own = _own_lists()
        _run(["apt-get", *own, "update"])
        names = to_unpack or _missing(packages, own)
        _run(["apt-get", *own, "download", *names], folder=downloads)
    for archive in downloads.glob("*.deb"):
        _run(["dpkg", "-x", str(archive), str(_root_folder())])
    shutil.rmtree(downloads)
    _free_erlang_from_its_place()


def _missing(packages: Sequence[str], options: Sequence[str]) -> list[str]:
    """What apt would install for `packages` on this machine."""
    plan = _run(["apt-get", *options, "-s", "install", "--no-install-recommends", *packages])
    return re.findall(r"^Inst (\S+)", plan, flags=re.MULTILINE)


def _own_lists() -> list[str]:
    base = cache_folder() / "apt"
    for name in ("state/lists/partial", "cache/archives/partial"):
        (base / name).mkdir(parents=True, exist_ok=True)
    return [
        f"-oDir::State={base / 'state'}",
        f"-oDir::Cache={base / 'cache'}",
        "-oDir::State::status=/var/lib/dpkg/status",
    ]


def _free_erlang_from_its_place() -> None:
    """Debian's `erl` ignores ERL_ROOTDIR; let the unpacked one heed it."""
    erlang = _root_folder() / "usr" / "lib" / "erlang"
    for script in [*erlang.glob("bin/erl"), *erlang.glob("erts-*/bin/erl")]:
        text = script.read_text()
        fixed = text.replace(
            "ROOTDIR=/usr/lib/erlang\n", 'ROOTDIR="${ERL_ROOTDIR:-/usr/lib/erlang}"\n'
        )
        script.unlink()  # it may be a link to the other one
        script.write_text(fixed)
        script.chmod(0o755)


def _no_services_started() -> AbstractContextManager[None]:
    """Debian starts a server when it is installed; this system may have no way to, nor want it."""
    return nullcontext() if POLICY.exists() else _policy()


@contextmanager
def _policy() -> Iterator[None]:
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _run(
    argv: Sequence[str], *, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    done = subprocess.run(
        argv, cwd=folder, env=env, check=True, capture_output=True, text=True,
        timeout=INSTALL_SECONDS,
    )  # fmt: skip
    return done.stdout
