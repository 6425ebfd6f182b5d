"""Keys for signing certificates: making demo ones, and telling them from real ones (Z-6).

A deployment gets its key and certificate chain from a certification authority. For a laptop,
`python -m services.certificates.keys FOLDER` makes a private authority and a signing key whose
names say DEMO; production refuses them.
"""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DEMO_MARK = "DEMO"
ROOT_YEARS, LEAF_YEARS = 20, 10


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """PEM files: the signing key, its certificate followed by the others up to the root."""

    key: Path
    chain: Path
    root: Path


def files_in(folder: Path) -> KeyFiles:
    return KeyFiles(
        folder / "certificate-key.pem",
        folder / "certificate-chain.pem",
        folder / "certificate-root.pem",
    )


def make(folder: Path) -> dict[str, str]:
    """The demo's signing key as environment variables; made at the first call.

    The key is written last: what a crash has left half done is made again.
    """
    files = files_in(folder)
    if not files.key.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_files(files)
    return {"CERTIFICATE_KEY_FILE": str(files.key), "CERTIFICATE_CHAIN_FILE": str(files.chain)}


def _make_files(files: KeyFiles) -> None:
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, leaf_name = _name("TIC EDU demo root"), _name("TIC EDU demo certificates")
    root = _root_certificate(root_name, root_key)
    leaf = _leaf_certificate(leaf_name, leaf_key, issuer=root_name, issuer_key=root_key)
    files.root.write_bytes(_pem(root))
    files.chain.write_bytes(_pem(leaf) + _pem(root))
    _write_key(files.key, leaf_key)


def is_demo(chain: bytes) -> bool:
    """Whether the first certificate of a PEM chain was made here."""
    subject = x509.load_pem_x509_certificates(chain)[0].subject
    units = subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return any(unit.value == DEMO_MARK for unit in units)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TIC EDU"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEMO_MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, years: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_documents: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_documents,
        content_commitment=signs_documents,
        key_cert_sign=not signs_documents,
        crl_sign=not signs_documents,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _root_certificate(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return (
        _builder(name, name, key.public_key(), ROOT_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_documents=False), critical=True)
        .sign(key, hashes.SHA256())
    )


def _leaf_certificate(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        _builder(name, issuer, key.public_key(), LEAF_YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_documents=True), critical=True)
        .add_extension(authority, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_bytes(pem)
    draft.replace(path)


if __name__ == "__main__":
    made = make(Path(sys.argv[1])).items()
    sys.stdout.writelines(f"{name}={value}\n" for name, value in made)
