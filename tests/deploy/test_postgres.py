"""The private PostgreSQL: whatever is killed, what was acknowledged stays and nothing is left."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import pytest

from deploy.prepare import ROOT
from deploy.servers import folders
from deploy.servers.postgres import PostgresServer, as_somebody, find_binaries
from deploy.servers.processes import ServerError, free_port
from tests.deploy.waiting import until

SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from deploy.servers.postgres import PostgresServer

async def run():
    server = PostgresServer(Path(sys.argv[1]), private=True)
    url = await server.start()
    print(server.pid, url, flush=True)
    await asyncio.sleep(60)

asyncio.run(run())
"""


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def note(url: str, text: str) -> None:
    await execute(url, "CREATE TABLE IF NOT EXISTS notes (body text PRIMARY KEY)")
    await execute(url, f"INSERT INTO notes VALUES ('{text}')")  # noqa: S608 - the test's own


async def notes(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [row["body"] for row in await connection.fetch("SELECT body FROM notes")]
    finally:
        await connection.close()


async def test_a_killed_server_is_back_with_its_data(tmp_path: Path) -> None:
    async with PostgresServer(tmp_path / "pg", private=True) as server:
        await note(server.url, "kept")
        before = server.pid
        server.kill()
        await until(lambda: server.pid not in (None, before))
        async with asyncio.timeout(20):
            while not await server.answers():
                await asyncio.sleep(0.02)

        assert await notes(server.url) == ["kept"]


async def test_a_killed_supervisor_takes_its_server_along_and_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISOR, str(folder), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    pid, url = (await supervisor.stdout.readline()).decode().split()
    await note(url, "kept")

    supervisor.kill()
    await supervisor.wait()
    await until(lambda: not folders.stands_in(int(pid), folder / "cluster"))

    async with PostgresServer(folder, private=True) as server:
        assert await notes(server.url) == ["kept"]


async def test_a_server_that_nobody_supervises_is_ended_by_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    async with PostgresServer(folder, private=True) as server:
        await note(server.url, "kept")
    stray = await asyncio.create_subprocess_exec(*_stray(folder))
    await until(lambda: (folder / "cluster" / "postmaster.pid").exists())

    async with PostgresServer(folder, private=True) as server:
        assert server.pid != stray.pid
        assert await notes(server.url) == ["kept"]
    await stray.wait()


def _stray(folder: Path) -> list[str]:
    """The command of a server without a leash, on the same files."""
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"port={free_port()}"]
    binary = str(find_binaries() / "postgres")
    return [*as_somebody(folder), binary, "-D", str(folder / "cluster"), *options,
            "-c", "unix_socket_directories="]  # fmt: skip


async def test_a_note_about_a_number_used_again_stops_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    async with PostgresServer(folder, private=True) as server:
        await note(server.url, "kept")
    (folder / "cluster" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder / 'cluster'}\n")

    async with PostgresServer(folder, private=True) as server:
        assert await notes(server.url) == ["kept"]


async def test_a_start_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    half = tmp_path / "pg" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    async with PostgresServer(tmp_path / "pg", private=True) as server:
        await note(server.url, "kept")

        assert await notes(server.url) == ["kept"]
        assert not half.exists()


async def test_two_programs_do_not_share_one_folder(tmp_path: Path) -> None:
    async with PostgresServer(tmp_path / "pg", private=True):
        with pytest.raises(ServerError, match="in use by another program"):
            await PostgresServer(tmp_path / "pg", private=True).start()


async def test_stop_leaves_nothing_running(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "pg", private=True)
    await server.start()
    pid, port = server.pid, server.port
    assert pid is not None
    await server.stop()

    assert not folders.stands_in(pid, tmp_path / "pg" / "cluster")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_the_password_is_asked_for_and_kept_from_others(tmp_path: Path) -> None:
    async with PostgresServer(tmp_path / "pg", private=True) as server:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://app:guess@127.0.0.1:{server.port}/postgres")

        assert (tmp_path / "pg" / "password").stat().st_mode & 0o077 == 0


async def test_the_log_says_nothing_of_a_person(tmp_path: Path) -> None:  # I-9
    async with PostgresServer(tmp_path / "pg", private=True) as server:
        await note(server.url, "110105199004086789")
        with pytest.raises(asyncpg.UniqueViolationError):
            await note(server.url, "110105199004086789")
        log = (tmp_path / "pg" / "postgresql.log").read_text()

        assert "duplicate key value" in log
        assert "110105199004086789" not in log


async def test_a_given_server_is_used_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@elsewhere/postgres")
    async with PostgresServer(tmp_path / "pg") as server:
        assert server.url == "postgresql://somebody@elsewhere/postgres"
        assert server.pid is None
        assert not (tmp_path / "pg").exists()
