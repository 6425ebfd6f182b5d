"""API v2 tells of a refund in a message that is encrypted and not signed: whoever knows the key can
write one, and ECB has no integrity. So it is only ever a hint to look now."""

import base64
import binascii
import hashlib

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .port import NotTrusted
from .wechat_xml import flat_xml, require

OUT_REFUND_NO = r"[0-9A-Za-z_\-|*@]{1,64}"
BLOCK_BYTES = 16
PADDINGS = (128, 256)  # bits: PKCS7 with blocks of 16 bytes, or of 32


def read_refund_hint(raw: bytes, *, app_id: str, mch_id: str, key: str) -> str:
    """The number of the refund that it is about. Raises `NotTrusted`."""
    fields = flat_xml(raw)
    if fields.get("return_code") != "SUCCESS":
        raise NotTrusted("not a success")
    if (fields.get("appid"), fields.get("mch_id")) != (app_id, mch_id):
        raise NotTrusted("appid or mch_id")
    inner = flat_xml(_decrypted(fields.get("req_info", ""), key), root="root")
    require(inner, "out_refund_no", OUT_REFUND_NO)
    return inner["out_refund_no"]


def _decrypted(text: str, key: str) -> bytes:
    try:
        sealed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotTrusted("req_info is no base64") from None
    if not sealed or len(sealed) % BLOCK_BYTES:
        raise NotTrusted("req_info has no whole blocks")
    aes_key = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest().encode()
    decryptor = Cipher(algorithms.AES(aes_key), modes.ECB()).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    for bits in PADDINGS:
        unpadder = padding.PKCS7(bits).unpadder()
        try:
            return bytes(unpadder.update(padded) + unpadder.finalize())
        except ValueError:
            continue
    raise NotTrusted("req_info was not written with our key")
