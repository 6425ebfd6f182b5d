"""API v2 encrypts what it tells of a refund, and does not sign it."""

import base64
import hashlib
from xml.etree.ElementTree import Element, SubElement, tostring

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulators.wechat_pay.protocol import Fields

BLOCK_BITS = 128


def encrypt(fields: Fields, api_key: str) -> str:
    """`<root>` in AES-256-ECB under the lower-case MD5 of the key, padded, in base64."""
    root = Element("root")
    for name, value in fields.items():
        SubElement(root, name).text = value
    padder = padding.PKCS7(BLOCK_BITS).padder()
    text = padder.update(bytes(tostring(root, encoding="utf-8"))) + padder.finalize()
    key = hashlib.md5(api_key.encode(), usedforsecurity=False).hexdigest().encode()
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return base64.b64encode(encryptor.update(text) + encryptor.finalize()).decode()
