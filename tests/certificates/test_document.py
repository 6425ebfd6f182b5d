"""The document: what it says, that it is signed, that nothing in it can change (Z-1, Z-6)."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import segno
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.generic import NameObject, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from services.certificates import document, keys
from services.certificates.document import Press
from services.certificates.settings import CertificatesSettings

from .pdf_text import text_of

URL = "https://edu.example.com"
SNAPSHOT = {
    "form": "holder",
    "number": "JXJY-2026-000123",
    "real_name": "钟检",
    "id_number_masked": "110105********6789",
    "hours": 40,
    "cycle_starts_on": "2022-03-02",
    "cycle_ends_on": "2026-03-01",
    "study_started_on": "2025-11-03",
    "satisfied_on": "2026-02-03",
    "category": "水平考试合格证",
    "original_number": "JY-2011-03872",
    "issued_on": "2026-03-05",
    "valid_until": "2030-03-01",
}
TITLE = {
    "title_category": "高级工程师",
    "title_authority": "人力资源和社会保障部",
    "title_number": "GC-2019-01",
}
CODE = "Q3J5bk9aTm9tYXRjaGVzIQ"

Validate = Callable[[bytes], PdfSignatureStatus]


@pytest.fixture(scope="module")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> keys.KeyFiles:
    folder = tmp_path_factory.mktemp("keys")
    keys.make(folder)
    return keys.files_in(folder)


@pytest.fixture(scope="module")
def press(key_files: keys.KeyFiles) -> Press:
    return Press.open(key_files.key, key_files.chain, URL)


@pytest.fixture(scope="module")
def validate(key_files: keys.KeyFiles) -> Validate:
    """What a reader that trusts our root says of the one signature of a PDF."""

    def validate(pdf: bytes) -> PdfSignatureStatus:
        [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        trust = ValidationContext(trust_roots=[load_cert_from_pemder(str(key_files.root))])
        return validate_pdf_signature(signature, trust)

    return validate


def printed(press: Press, **changes: Any) -> bytes:
    return press.print(SNAPSHOT | changes, check_code=CODE)


def test_it_says_who_what_and_until_when(press: Press) -> None:
    text = text_of(printed(press))
    for words in (
        "中国出入境检验检疫协会",
        "继续教育学习证明",
        "钟检",
        "110105********6789",
        "JXJY-2026-000123",
        "水平考试合格证",  # Z-1: a holder's category and number
        "JY-2011-03872",
        "40",
        f"{URL}/certificates/search",
    ):
        assert words in text
    plain = "".join(text.split())
    assert "2022年3月2日至2026年3月1日" in plain
    assert "2030年3月1日" in plain


def test_a_newcomers_form_says_from_when_to_when(press: Press) -> None:  # Z-1
    plain = "".join(text_of(printed(press, form="newcomer")).split())
    assert "自2025年11月3日起至2026年2月3日止" in plain
    assert "原证书编号" not in plain


def test_a_titled_learners_form_names_the_title(press: Press) -> None:  # Z-1
    text = text_of(printed(press, form="titled", **TITLE))
    for words in TITLE.values():
        assert words in text


@pytest.mark.parametrize(
    "name", ["龘", "㛃", "䶮", "𬱖", "𫖯", "阿依古丽·买买提", "李㛃䶮𬱖", "Li Wén"]
)
def test_rare_names_are_set_and_can_be_copied(press: Press, name: str) -> None:
    pdf = press.typeset(SNAPSHOT | {"real_name": name}, check_code=CODE)
    assert name in text_of(pdf)


def test_a_name_is_text_and_never_markup(press: Press) -> None:
    assert "#sys *a* $x$" in text_of(printed(press, real_name="#sys *a* $x$"))


def test_the_same_facts_give_the_same_page(press: Press) -> None:
    once, twice = (press.typeset(SNAPSHOT, check_code=CODE) for _ in range(2))
    assert once == twice


def test_the_code_leads_to_the_public_check(press: Press) -> None:  # Z-6
    link = press.check_link(CODE)
    assert link == f"{URL}/verify/{CODE}"
    drawn = document.qr_picture(link)
    other = document.qr_picture(link + "x")
    assert drawn != other
    size = segno.make(link, error="m", micro=False).symbol_size(border=document.QR_BORDER)[0]
    assert f'width="{size}"' in drawn


def test_the_signature_is_intact_trusted_and_covers_everything(
    press: Press, validate: Validate
) -> None:
    status = validate(printed(press))
    assert status.bottom_line
    assert status.intact
    assert status.trusted
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.docmdp_ok


def test_it_is_certified_so_that_nothing_may_be_added(press: Press) -> None:
    [signature] = PdfFileReader(io.BytesIO(printed(press))).embedded_signatures
    assert signature.docmdp_level is MDPPerm.NO_CHANGES


def test_one_flipped_byte_breaks_the_signature(press: Press, validate: Validate) -> None:
    pdf = bytearray(printed(press))
    place = pdf.index(b"stream") + 40  # inside the first compressed stream
    pdf[place] ^= 1
    assert not validate(bytes(pdf)).intact


def test_a_change_after_signing_is_not_permitted(press: Press, validate: Validate) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(printed(press)))
    writer.root[NameObject("/Lang")] = pdf_string("en")
    writer.update_root()
    changed = io.BytesIO()
    writer.write(changed)
    assert not validate(changed.getvalue()).bottom_line


def test_the_seal_is_what_the_signature_looks_like(press: Press) -> None:
    page = PdfFileReader(io.BytesIO(printed(press))).root["/Pages"]["/Kids"][0]
    [widget] = page["/Annots"]
    seal = widget.get_object()
    assert seal["/AP"]["/N"].data
    assert len(seal["/Rect"]) == 4


def test_another_root_does_not_vouch_for_it(press: Press, tmp_path: Path) -> None:
    keys.make(tmp_path)
    stranger = load_cert_from_pemder(str(keys.files_in(tmp_path).root))
    [signature] = PdfFileReader(io.BytesIO(printed(press))).embedded_signatures
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[stranger]))
    assert status.intact
    assert not status.trusted


def test_demo_keys_are_made_once_and_known_as_such(key_files: keys.KeyFiles) -> None:
    before = key_files.key.read_bytes()
    keys.make(key_files.key.parent)
    assert key_files.key.read_bytes() == before
    assert key_files.key.stat().st_mode & 0o077 == 0
    assert keys.is_demo(key_files.chain.read_bytes())


def test_production_refuses_the_demo_key(key_files: keys.KeyFiles) -> None:
    given: dict[str, Any] = {
        "public_url": URL,
        "database_url": "postgresql://certificates@127.0.0.1/certificates",
        "jwks_file": Path("jwks.json"),
        "certificate_key_file": key_files.key,
        "certificate_chain_file": key_files.chain,
        "id_number_mac_key": base64.b64encode(bytes(32)).decode(),
    }
    assert CertificatesSettings(app_env="demo", **given).public_url == URL
    with pytest.raises(ValueError, match="the demo's certificate"):
        CertificatesSettings(app_env="production", **given)
