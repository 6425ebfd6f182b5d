"""ID numbers at rest: AES-256-GCM for reading back, a keyed hash for finding (I-9).

A sealed number belongs to one learner's row: the row's identity is authenticated with it, so that
a sealed value copied to another row does not open.
"""

import secrets
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis import idnumbers

KEY_VERSION: Final = 1
NONCE_BYTES: Final = 12


class Vault:
    """`encryption_key`, `mac_key`: 32 bytes each, kept outside the database."""

    def __init__(self, *, encryption_key: bytes, mac_key: bytes) -> None:
        self._cipher = AESGCM(encryption_key)
        self._mac_key = mac_key

    def seal(self, id_number: str, *, learner_id: UUID) -> bytes:
        """Key version (1 byte), nonce (12 bytes), ciphertext and tag."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, id_number.encode(), _place(learner_id))
        return bytes([KEY_VERSION]) + nonce + sealed

    def open(self, sealed: bytes, *, learner_id: UUID) -> str:
        """The number. Raises cryptography's InvalidTag when it was sealed for another row."""
        nonce, text = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        return self._cipher.decrypt(nonce, text, _place(learner_id)).decode()

    def mac(self, id_number: str) -> str:
        return idnumbers.id_number_mac(self._mac_key, id_number)


def _place(learner_id: UUID) -> bytes:
    return f"learners|id_number_sealed|{learner_id}|{KEY_VERSION}".encode()
