"""The certificate as a PDF: set by typst, sealed and signed by pyHanko (Z-6).

`Press.print` is a plain function that takes some tens of milliseconds of processor time: call it
in a thread. What it prints depends on the snapshot alone; only the signature differs each time.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Self

import segno
from pyhanko.keys import load_certs_from_pemder, load_private_key_from_pemder
from pyhanko.pdf_utils import content, layout
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from chassis.typesetting import typeset

from . import keys

HERE = Path(__file__).parent / "templates"
ISSUER = "中国出入境检验检疫协会"
SEAL_PURPOSE = "继续教育专用章"
SEAL_BOX = (594, 98, 702, 206)  # points from the lower left corner: 38 mm square over the issuer
SEAL_FIELD = "Seal"
QR_BORDER = 2  # modules of quiet zone; the page around it is white too


@dataclass(frozen=True, slots=True)
class Press:
    """What it takes to print certificates: who signs them, the seal, and where they are checked."""

    signer: signers.SimpleSigner
    seal: bytes  # a PDF of one page
    public_url: str

    @classmethod
    def open(cls, key_file: Path, chain_file: Path, public_url: str) -> Self:
        """Read the signing key and its chain: PEM, the signer's own certificate first.

        Raises `OSError` or `ValueError` when they can't be read.
        """
        leaf, *others = load_certs_from_pemder([str(chain_file)])
        signer = signers.SimpleSigner(
            signing_cert=leaf,
            signing_key=load_private_key_from_pemder(str(key_file), passphrase=None),
            cert_registry=SimpleCertificateStore.from_certs(others),
        )
        mark = "(demo)" if keys.is_demo(chain_file.read_bytes()) else ""
        return cls(signer, _seal(mark), public_url)

    def check_link(self, check_code: str) -> str:
        """Where the QR code leads: the public check (Z-5)."""
        return f"{self.public_url}/verify/{check_code}"

    def print(self, snapshot: Mapping[str, Any], *, check_code: str) -> bytes:
        """The finished document: PDF/A-1b by typst, then certified so that nothing may change."""
        return self.sign(self.typeset(snapshot, check_code=check_code))

    def typeset(self, snapshot: Mapping[str, Any], *, check_code: str) -> bytes:
        """The document before its signature; the same snapshot gives the same bytes."""
        issued_at = datetime.combine(date.fromisoformat(snapshot["issued_on"]), time(), UTC)
        inputs = {
            "data": json.dumps(snapshot, ensure_ascii=False),
            "qr": qr_picture(self.check_link(check_code)),
            "search_url": f"{self.public_url}/certificates/search",
        }
        return _compile("certificate.typ", inputs, issued_at)

    def sign(self, pdf: bytes) -> bytes:
        """PAdES with a visible seal; certifies the document and permits no change to it."""
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        fields.append_signature_field(
            writer, fields.SigFieldSpec(SEAL_FIELD, on_page=0, box=SEAL_BOX)
        )
        sealing = signers.PdfSigner(
            signers.PdfSignatureMetadata(
                field_name=SEAL_FIELD,
                name=ISSUER,
                reason=SEAL_PURPOSE,
                md_algorithm="sha256",
                subfilter=fields.SigSeedSubFilter.PADES,
                certify=True,
                docmdp_permissions=fields.MDPPerm.NO_CHANGES,
            ),
            signer=self.signer,
            stamp_style=StaticStampStyle(background=_Picture(self.seal), border_width=0),
        )
        signed = io.BytesIO()
        sealing.sign_pdf(writer, output=signed)
        return signed.getvalue()


def qr_picture(link: str) -> str:
    """A QR code as SVG; error correction M reads through a fold."""
    picture = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        picture, kind="svg", border=QR_BORDER, dark="#0a2b58", light="#fff"
    )
    return picture.getvalue().decode()


def _seal(mark: str) -> bytes:
    inputs = {"issuer": ISSUER, "purpose": SEAL_PURPOSE, "mark": mark}
    return _compile("seal.typ", inputs, datetime(2026, 1, 1, tzinfo=UTC))


def _compile(template: str, inputs: dict[str, str], made_at: datetime) -> bytes:
    return typeset(HERE / template, inputs, made_at=made_at, standard="a-1b")


class _Picture(content.PdfContent):
    """The first page of a PDF in memory, as the picture of a signature."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__()
        self.pdf = pdf

    def render(self) -> bytes:
        page = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self.pdf)))
        self.resources.xobject["/Seal"] = page
        left, bottom, right, top = page.get_object()["/BBox"]
        self.box = layout.BoxConstraints(width=right - left, height=top - bottom)
        return b"/Seal Do"
