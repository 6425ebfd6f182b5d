"""Files: vouchers, evidence, PDFs, media. A folder by default, S3-compatible in production."""

from datetime import datetime
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

FILES_AWAY: Final = (BaseError, OSError)
"""What is raised while the files themselves can't be reached, as opposed to `NoSuchFile`."""


class NoSuchFile(LookupError):
    """There is no file under this name."""


class Files:
    """One service's files. Names are relative paths such as `certificates/2026/x.pdf`, made by
    the service itself and never by a person."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def open(cls, url: str, folder: Path) -> "Files":
        """`url` such as s3://bucket/prefix (its credentials come from AWS_… variables), or empty
        for `folder`."""
        if url:
            return cls(from_url(url))
        folder.mkdir(parents=True, exist_ok=True)
        return cls(LocalStore(folder))

    async def put(self, name: str, content: bytes) -> None:
        """Store the file, in place of any earlier one."""
        await obstore.put_async(self._store, name, content)

    async def get(self, name: str) -> bytes:
        """The file's content. Raises `NoSuchFile`."""
        try:
            result = await obstore.get_async(self._store, name)
        except FileNotFoundError:
            raise NoSuchFile(name) from None
        return bytes(await result.bytes_async())

    async def exists(self, name: str) -> bool:
        try:
            await obstore.head_async(self._store, name)
        except FileNotFoundError:
            return False
        return True

    async def list_before(self, moment: datetime) -> list[str]:
        """The names of all files that were stored before this moment."""
        found: list[str] = []
        async for some in obstore.list(self._store):
            found += [one["path"] for one in some if one["last_modified"] < moment]
        return found

    async def delete(self, name: str) -> None:
        """The file is gone; it may have been gone before."""
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return
