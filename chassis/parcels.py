"""Parcels: what may stand in no event, handed from one service to another sealed.

An event travels in clear through the broker and into logs of other people's tools. A study card's
code, an ID number or a voucher does not: its owner seals it into a file under `parcel_id`, and the
event names only that id. Sealed with AES-256-GCM under `PARCEL_KEY`, bound to the id.

A parcel is sealed before its event's transaction commits: one too many does no harm.
"""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.files import Files, NoSuchFile

NONCE_BYTES = 12
SUFFIX = ".sealed"


class NoSuchParcel(LookupError):
    """There is no parcel under this id, or it can not be opened: sealed with another key or under
    another id, or changed since."""


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str  # as a mail shows it
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    fields: Mapping[str, str] = field(repr=False)
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)


class Parcels:
    """The shelf on which the services leave parcels for each other."""

    def __init__(self, files: Files, key: bytes) -> None:
        self._files = files
        self._cipher = AESGCM(key)

    @classmethod
    def open(cls, url: str, data_dir: Path, key: bytes) -> "Parcels":
        """`url` such as s3://bucket/parcels, or empty for a folder that the services share."""
        return cls(Files.open(url, data_dir / "parcels"), key)

    async def seal(self, parcel_id: UUID, parcel: Parcel) -> None:
        """Leave a parcel; once more under the same id replaces it."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, _pack(parcel), parcel_id.bytes)
        await self._files.put(_name(parcel_id), nonce + sealed)

    async def unseal(self, parcel_id: UUID) -> Parcel:
        """The parcel. Raises `NoSuchParcel`."""
        try:
            content = await self._files.get(_name(parcel_id))
            nonce, sealed = content[:NONCE_BYTES], content[NONCE_BYTES:]
            opened = self._cipher.decrypt(nonce, sealed, parcel_id.bytes)
        except (NoSuchFile, InvalidTag, ValueError):  # ValueError: cut short
            raise NoSuchParcel(str(parcel_id)) from None
        return _unpack(opened)

    async def sealed_before(self, moment: datetime) -> list[UUID]:
        """The parcels that were left before this moment; other files are passed over."""
        names = await self._files.list_before(moment)
        return [parcel_id for name in names if (parcel_id := _parcel_id(name))]

    async def delete(self, parcel_id: UUID) -> None:
        await self._files.delete(_name(parcel_id))


def _name(parcel_id: UUID) -> str:
    return f"{parcel_id}{SUFFIX}"


def _parcel_id(name: str) -> UUID | None:
    try:
        parcel_id = UUID(name.removesuffix(SUFFIX))
    except ValueError:
        return None
    return parcel_id if name == _name(parcel_id) else None


def _pack(parcel: Parcel) -> bytes:
    attachments = [
        [one.name, one.content_type, b64encode(one.content).decode()] for one in parcel.attachments
    ]
    return json.dumps({"fields": dict(parcel.fields), "attachments": attachments}).encode()


def _unpack(raw: bytes) -> Parcel:
    content = json.loads(raw)
    return Parcel(
        fields=content["fields"],
        attachments=tuple(
            Attachment(name, content_type, b64decode(encoded))
            for name, content_type, encoded in content["attachments"]
        ),
    )
