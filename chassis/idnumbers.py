"""Resident ID numbers as services may handle them: normalised, masked, or as a keyed hash (I-9).

Identity alone keeps the number itself (encrypted). Who must find a person by an ID number
compares `id_number_mac`; who must show one shows `mask`.
"""

import hashlib
import hmac
import unicodedata

LENGTH = 18


def normalise(id_number: str) -> str:
    """One spelling per number: half-width, without spaces, an upper-case X."""
    return "".join(unicodedata.normalize("NFKC", id_number).split()).upper()


def id_number_mac(key: bytes, id_number: str) -> str:
    """The keyed hash that stands for an ID number: HMAC-SHA-256, hex, 64 characters.

    `key` is `ID_NUMBER_MAC_KEY` (32 bytes), the same in every service that compares numbers. A
    plain hash would be useless: there are only about 10^11 possible numbers.
    """
    return hmac.new(key, normalise(id_number).encode(), hashlib.sha256).hexdigest()


def mask(id_number: str) -> str:
    """`110105********6789`: what everybody without the permission may see."""
    number = normalise(id_number)
    return f"{number[:6]}{'*' * 8}{number[-4:]}"
