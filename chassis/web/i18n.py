"""Chinese and English: which language a request speaks, and how a sentence is said in it.

msgids are the English sentences; Chinese stands in `locale/zh_CN.po` files, which are read as they
are, without a compile step.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po
from starlette.requests import Request

CHINESE: Final = "zh-CN"
ENGLISH: Final = "en"
COOKIE: Final = "lang"

Entry = str | tuple[str, ...]
Catalogue = Mapping[str, Entry]


class Sentence(str):
    """A msgid together with what fills its blanks: `Sentence("At least {n} characters.", n=8)`."""

    values: dict[str, object]

    def __new__(cls, msgid: str, **values: object) -> "Sentence":
        sentence = super().__new__(cls, msgid)
        sentence.values = values
        return sentence


def N_(msgid: str) -> str:
    """Mark a msgid that is translated where it is shown, not where it is written."""
    return msgid


def read_catalogue(*folders: Path) -> dict[str, Entry]:
    """The Chinese sentences of several `locale` folders; a later folder wins."""
    entries: dict[str, Entry] = {}
    for folder in folders:
        path = folder / "zh_CN.po"
        if not path.exists():
            continue
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_CN"):
                if message.id and message.string:
                    msgid = message.id if isinstance(message.id, str) else message.id[0]
                    entries[msgid] = _entry(message.string)
    return entries


def _entry(string: str | list[str] | tuple[str, ...]) -> Entry:
    return string if isinstance(string, str) else tuple(string)


class Translator:
    """Says sentences in one language."""

    def __init__(self, lang: str, chinese: Catalogue) -> None:
        self.lang = lang
        self._chinese = chinese

    def knows(self, msgid: str) -> bool:
        """Whether the sentence is one of ours (and so may carry markup)."""
        return str(msgid) in self._chinese

    def gettext(self, msgid: str) -> str:
        """The sentence in this language, its blanks unfilled."""
        entry = self._chinese.get(str(msgid), str(msgid)) if self.lang == CHINESE else str(msgid)
        return entry if isinstance(entry, str) else entry[0]

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """As `gettext`, choosing by number; Chinese has one form."""
        if self.lang == CHINESE and singular in self._chinese:
            return self.gettext(singular)
        return singular if n == 1 else plural


_translator: ContextVar[Translator | None] = ContextVar("translator", default=None)
_SILENT = Translator(ENGLISH, {})


def translator() -> Translator:
    """The translator of the request being answered; English outside of one."""
    return _translator.get() or _SILENT


def speak(chosen: Translator) -> None:
    """Answer the rest of this request in that language."""
    _translator.set(chosen)


def gettext(msgid: str, **values: object) -> str:
    """A sentence in the request's language, its `%(blanks)s` or `{blanks}` filled."""
    own = msgid.values if isinstance(msgid, Sentence) else {}
    return fill(translator().gettext(msgid), {**own, **values})


def ngettext(singular: str, plural: str, n: int, **values: object) -> str:
    """As `gettext`, for a number: `n` fills `%(n)s`."""
    return fill(translator().ngettext(singular, plural, n), {"n": n, **values})


def fill(text: str, values: Mapping[str, object]) -> str:
    """Fill blanks of either style. Without values the text stays as it is, `%` and all."""
    if not values:
        return text
    return text % values if "%(" in text else text.format(**values)


def choose(request: Request) -> str:
    """The language of a request: `?lang=`, else the cookie of the switch, else Chinese. Not what
    the browser asks for: many an office computer in China speaks English, its user does not."""
    for wish in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wish:
            return _language(wish)
    return CHINESE


def _language(wish: str) -> str:
    return ENGLISH if wish.lower().startswith("en") else CHINESE
