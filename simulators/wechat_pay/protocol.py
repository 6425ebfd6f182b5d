"""What travels: flat XML, its signature, Beijing time. Knows nothing of orders."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

MD5 = "MD5"
HMAC_SHA256 = "HMAC-SHA256"
SIGN_TYPES = (MD5, HMAC_SHA256)
BEIJING = timezone(timedelta(hours=8))
TIME_FORMAT = "%Y%m%d%H%M%S"

Fields = dict[str, str]


class NotXml(ValueError):
    """The body is not one flat `<xml>` element with unique names."""


def sign(fields: Mapping[str, str], key: str, sign_type: str = MD5) -> str:
    """The upper-case hex signature over all non-empty fields but `sign`, in ASCII order."""
    pairs = [f"{name}={fields[name]}" for name in sorted(fields) if name != "sign" and fields[name]]
    text = "&".join([*pairs, f"key={key}"]).encode()
    if sign_type == HMAC_SHA256:
        return hmac.new(key.encode(), text, hashlib.sha256).hexdigest().upper()
    return hashlib.md5(text, usedforsecurity=False).hexdigest().upper()


def signed(fields: Mapping[str, str], key: str, sign_type: str = MD5) -> Fields:
    """The non-empty fields with a fresh nonce and their signature."""
    full = {name: value for name, value in fields.items() if value}
    full["nonce_str"] = secrets.token_hex(16)
    return {**full, "sign": sign(full, key, sign_type)}


def is_signed(fields: Mapping[str, str], key: str, sign_type: str = MD5) -> bool:
    given = fields.get("sign", "").encode()
    return hmac.compare_digest(given, sign(fields, key, sign_type).encode())


def read(body: bytes) -> Fields:
    """The fields of a message. Raises `NotXml`; a DTD, nesting or a repeated name is refused."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise NotXml(type(error).__name__) from None
    fields: Fields = {}
    for child in root:
        if len(child) or child.tag in fields:
            raise NotXml(child.tag)
        fields[child.tag] = child.text or ""
    if root.tag != "xml":
        raise NotXml(root.tag)
    return fields


def write(fields: Mapping[str, str]) -> bytes:
    root = Element("xml")
    for name, value in fields.items():
        SubElement(root, name).text = value
    return bytes(tostring(root, encoding="utf-8"))


def beijing(moment: float) -> str:
    """`yyyyMMddHHmmss` in Beijing of a moment in seconds since the epoch."""
    return datetime.fromtimestamp(moment, BEIJING).strftime(TIME_FORMAT)


def long_beijing(moment: float) -> str:
    """`yyyy-MM-dd HH:mm:ss` in Beijing."""
    return datetime.fromtimestamp(moment, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def moment(text: str) -> float:
    """Seconds since the epoch of `yyyyMMddHHmmss` in Beijing. Raises `ValueError`."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=BEIJING).timestamp()
