"""Which passwords are accepted (I-4). Pure.

8 to 64 characters, any characters, no rule of composition; refused is what is tried first: the
common ones, plain runs, and what everybody knows of the person.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from chassis.web.i18n import N_, Sentence

SHORTEST: Final = 8
LONGEST: Final = 64
ROWS: Final = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)
CONTEXT_LEFTOVER: Final = 4  # characters that must remain beside a known word
SITE_WORDS: Final = ("ticedu", "tic-edu", "tic edu", "ciqa", "ccib")

TOO_SHORT = N_("At least {n} characters.")
TOO_LONG = N_("At most {n} characters.")
COMMON = N_("This password is among the first that are tried. Please choose another one.")
KNOWN = N_("Please do not build the password from your name, numbers or address.")
UNEQUAL = N_("The two passwords differ. Please enter them again.")


def check(password: str, *, known: Iterable[str] = ()) -> str:
    """The password, if it is accepted. Raises ValueError with the sentence for the person.

    `known`: what others know of this person (name, numbers, address).
    """
    if len(password) < SHORTEST:
        raise ValueError(Sentence(TOO_SHORT, n=SHORTEST))
    if len(password) > LONGEST:
        raise ValueError(Sentence(TOO_LONG, n=LONGEST))
    folded = password.casefold()
    if folded in _common() or _is_run(folded):
        raise ValueError(COMMON)
    if any(_is_little_more_than(folded, word) for word in (*SITE_WORDS, *known)):
        raise ValueError(KNOWN)
    return password


def known_words(
    *, real_name: str = "", id_number: str = "", mobile: str = "", email: str = ""
) -> list[str]:
    """What a stranger would try for this person."""
    national = mobile.removeprefix("+86")
    local, _, _ = email.partition("@")
    parts = [id_number, id_number[6:14], id_number[-6:], national, national[-8:], email, local]
    account = f"{real_name}{id_number[:6]}{id_number[-4:]}" if id_number else ""
    return [word for word in (real_name, account, *parts) if word]


def _is_run(folded: str) -> bool:
    """aaaaaaaa, 12121212, 12345678, 87654321, qwertyui."""
    periods = any(folded == (folded[:n] * len(folded))[: len(folded)] for n in (1, 2))
    rows = any(folded in row or folded[::-1] in row for row in ROWS)
    return periods or rows


def _is_little_more_than(folded: str, word: str) -> bool:
    return word.casefold() in folded and len(folded) - len(word) < CONTEXT_LEFTOVER


@cache
def _common() -> frozenset[str]:
    text = (Path(__file__).parent / "data" / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.split())
