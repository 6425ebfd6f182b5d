"""wechatpayv3, hardened: signatures and paths are its, the transport is ours.

The library follows redirects, knows proxies, believes an answer of any age, and asks for
certificates whenever a stranger names a serial. `HardenedCore` mends each of these.
"""

import json
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

import requests
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization

from .bills import BILL_MAX
from .port import BillNotReady, NotTrusted, Refused, SignatureProbe, Unknown

CONNECT_SECONDS = 3
READ_SECONDS = 10
FRESH_SECONDS = 300
ANSWER_MAX = 64 * 1024  # bytes; a bill is read elsewhere
SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
NEEDED = (*("wechatpay-signature", "wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial"),)
TRY_LATER = frozenset(
    {"SYSTEM_ERROR", "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "BANK_ERROR", "BANKERROR"}
)
NO_BILL = frozenset({"NO_STATEMENT_EXIST", "STATEMENT_CREATING"})
AS_IN_V2 = {  # one name for one refusal, whichever version speaks
    "ORDER_NOT_EXIST": "ORDERNOTEXIST",
    "ORDER_CLOSED": "ORDERCLOSED",
    "ORDER_PAID": "ORDERPAID",
    "RESOURCE_NOT_EXISTS": "REFUNDNOTEXIST",
    "NOT_ENOUGH": "NOTENOUGH",
}
CODE = re.compile(r"[A-Z0-9_]{3,64}")

Json = dict[str, Any]


class HardenedCore(Core):  # type: ignore[misc]  # wechatpayv3 has no types
    """Public-key mode only: one public key of WeChat's, known beforehand."""

    def __init__(self, *, base_url: str, **names: Any) -> None:
        super().__init__(**names)
        self._gate_way = base_url.rstrip("/")
        self._threads = threading.local()

    def _update_certificates(self) -> None:
        """Nobody makes us call out by naming a serial."""

    def request(
        self,
        path: str,
        method: RequestType = RequestType.GET,
        data: Json | None = None,
        skip_verify: bool = False,
        **_: object,
    ) -> Json | bytes:
        """A verified answer; the file of a bill (`skip_verify`) as it came, it is not signed.

        Raises `Unknown`, `Refused` with the code that API v2 would give, `BillNotReady`.
        """
        body = json.dumps(data) if data else ""
        headers = {
            "Accept": "application/octet-stream" if skip_verify else "application/json",
            "Content-Type": "application/json",
            "User-Agent": "tic-edu",
            "Wechatpay-Serial": self._public_key_id,
            "Authorization": build_authorization(
                path, method.value, self._mchid, self._cert_serial_no, self._private_key, data=body
            ),
        }
        try:
            response = self._session().request(
                method.value,
                self._gate_way + path,
                data=body.encode() or None,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            raw = _bounded(response, BILL_MAX if skip_verify else ANSWER_MAX)
        except OSError as error:  # requests' own are among them
            raise Unknown(type(error).__name__) from None
        if skip_verify and response.status_code == requests.codes.ok:
            return raw
        return self._read(response, raw)

    def _read(self, response: requests.Response, raw: bytes) -> Json:
        if response.status_code >= 500 or response.status_code in (429, 301, 302, 307, 308):
            raise Unknown(f"http {response.status_code}")
        try:
            self.check_signed(response.headers, raw)
            told = json.loads(raw) if raw else {}
        except (NotTrusted, ValueError, RecursionError) as reason:
            raise Unknown(f"unreadable answer: {type(reason).__name__} {reason}"[:120]) from None
        if not isinstance(told, dict):
            raise Unknown("unreadable answer: no object")
        if response.status_code not in (200, 204):
            raise _refusal(told)
        return told

    def check_signed(
        self, headers: Mapping[str, str], raw: bytes, *, now: float | None = None
    ) -> None:
        """Raises `NotTrusted` unless WeChat has signed exactly these bytes within five minutes;
        `SignatureProbe` where it signed wrongly on purpose."""
        given = {name.lower(): value for name, value in headers.items()}
        if any(not given.get(name) for name in NEEDED):
            raise NotTrusted("missing header")
        if given["wechatpay-signature"].startswith(PROBE):
            raise SignatureProbe("signature probe")
        if given["wechatpay-serial"] != self._public_key_id:
            raise NotTrusted("unknown serial")
        stamp = given["wechatpay-timestamp"]
        if not re.fullmatch(r"[0-9]{9,11}", stamp, re.ASCII):
            raise NotTrusted("form of timestamp")
        if abs((time.time() if now is None else now) - int(stamp)) > FRESH_SECONDS:
            raise NotTrusted("stale")
        kind = {"wechatpay-signature-type": SIGNATURE_TYPE}
        try:
            well = self._verify_signature({**kind, **given}, raw.decode())
        except Exception as error:  # the library raises bare ones
            raise NotTrusted(type(error).__name__) from None
        if not well:
            raise NotTrusted("signature")

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            session.max_redirects = 0
            self._threads.session = session
        return session


def _bounded(response: requests.Response, most: int) -> bytes:
    raw = b""
    for piece in response.iter_content(64 * 1024):
        raw += piece
        if len(raw) > most:
            response.close()
            raise Unknown("the answer is too large")
    return raw


def _refusal(told: Json) -> Exception:
    code = told.get("code")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        return Unknown("a refusal without a code")
    if code in TRY_LATER:
        return Unknown(code)
    if code in NO_BILL:
        return BillNotReady()
    return Refused(AS_IN_V2.get(code, code))
