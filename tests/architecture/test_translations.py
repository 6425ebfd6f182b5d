"""Every sentence that a person may read is there in Chinese, and says the same blanks."""

import re
from pathlib import Path

import pytest

from chassis.web.i18n import read_catalogue
from tests.architecture import messages

BLANKS = re.compile(r"%\((\w+)\)s|\{(\w+)\}")
CHASSIS = messages.folders()[0]


@pytest.mark.parametrize("folder", messages.folders(), ids=lambda folder: folder.name)
def test_every_sentence_is_there_in_chinese(folder: Path) -> None:
    known = read_catalogue(messages.locale_of(CHASSIS), messages.locale_of(folder))
    missing = {msgid: where for where, msgid in messages.sentences(folder) if msgid not in known}
    assert not missing, "\n".join(f"{where}: {msgid}" for msgid, where in missing.items())


@pytest.mark.parametrize("folder", messages.folders(), ids=lambda folder: folder.name)
def test_a_translation_fills_no_blank_that_the_sentence_lacks(folder: Path) -> None:
    for msgid, entry in read_catalogue(messages.locale_of(folder)).items():
        chinese = entry if isinstance(entry, str) else entry[0]
        allowed = {*_blanks(msgid), "n", "num"} if isinstance(entry, tuple) else _blanks(msgid)
        assert _blanks(chinese) <= allowed, msgid


@pytest.mark.parametrize("folder", messages.folders(), ids=lambda folder: folder.name)
def test_chinese_pages_hold_no_exclamation_marks(folder: Path) -> None:
    for msgid, entry in read_catalogue(messages.locale_of(folder)).items():
        assert "！" not in str(entry), msgid
        assert "点击这里" not in str(entry), msgid


def _blanks(text: str) -> set[str]:
    return {name for pair in BLANKS.findall(text) for name in pair if name}
