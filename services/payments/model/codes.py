"""Codes and serials of study cards ($-4). A code is bearer money: 75 random bits and a check
character; a serial is public and says nothing about the code."""

import hashlib
import hmac
import secrets
import unicodedata
from datetime import datetime

from chassis import clock
from chassis.refusals import Invalid

from .orders import NUMBER_ALPHABET as ALPHABET

RANDOM = 15  # characters: 75 bits
LENGTH = RANDOM + 1
GROUP = 4  # printed XXXX-XXXX-XXXX-XXXX
SERIAL_RANDOM = 8
TYPED_MAX = 64  # characters, with blanks and dashes
READ_AS = str.maketrans("OIL", "011")


class MistypedCode(Invalid):
    """This is not the code of a study card. Compare it with the card, character by character."""

    def __init__(self) -> None:
        super().__init__({"code": self.message})


def draw_code() -> str:
    """A fresh code as it is printed. Seal it, show it once, never log it."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return grouped(drawn + check_character(drawn))


def draw_serial(now: datetime) -> str:
    """`K` + day in China + random characters, for example K261128-7K3Q9M4T."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(SERIAL_RANDOM))
    return f"K{now.astimezone(clock.CHINA):%y%m%d}-{drawn}"


def check_character(characters: str) -> str:
    """Luhn modulo 32: it notices every single wrong character."""
    size = len(ALPHABET)
    total = 0
    for place, character in enumerate(reversed(characters)):
        weighed = ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += weighed // size + weighed % size
    return ALPHABET[-total % size]


def normalise(typed: str) -> str:
    """The sixteen characters of a code as somebody typed it: in lower case, with blanks, dashes,
    O for 0, I or L for 1. Raises `MistypedCode`, which counts as no guess."""
    wide = unicodedata.normalize("NFKC", typed[:TYPED_MAX]).upper()
    kept = "".join(c for c in wide if not c.isspace() and unicodedata.category(c) != "Pd")
    code = kept.translate(READ_AS)
    if len(code) != LENGTH or not set(code) <= set(ALPHABET):
        raise MistypedCode
    if check_character(code[:-1]) != code[-1]:
        raise MistypedCode
    return code


def grouped(code: str) -> str:
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def code_mac(key: bytes, code: str) -> str:
    """What is kept of a code: HMAC-SHA-256 of its normalised form, hex, 64 characters. A slow
    hash would gain nothing at 75 bits."""
    return hmac.new(key, normalise(code).encode(), hashlib.sha256).hexdigest()
