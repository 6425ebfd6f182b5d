"""wechatpy, hardened. It verifies no answer, follows redirects, waits for ever and logs the key at
DEBUG; `HardenedPay` mends each of these, and nothing else of wechatpy may be called."""

import logging
import re
import threading
from pathlib import Path
from typing import Any

import requests
from wechatpy.exceptions import WeChatPayException
from wechatpy.pay import WeChatPay as WechatpyClient

from .bills import BILL_MAX
from .port import BillNotReady, NotTrusted, Refused, Unknown
from .wechat_xml import Fields, SignType, flat_xml, is_signed

CONNECT_SECONDS = 3
READ_SECONDS = 10
TRY_LATER = frozenset({"SYSTEMERROR", "BIZERR_NEED_RETRY", "FREQUENCY_LIMITED"})
NO_BILL = "20002"
WITH_CERTIFICATE = "secapi/"  # these endpoints want the merchant's TLS certificate
BILL = "pay/downloadbill"
XML_TEXT = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*")

logging.getLogger("wechatpy").setLevel(logging.WARNING)


class HardenedPay(WechatpyClient):  # type: ignore[misc]  # wechatpy has no types
    """wechatpy with every answer verified, no redirects, hard timeouts, a session per thread.

    `certificate`: the files of the merchant's TLS certificate and its key, for refunds.
    """

    def __init__(
        self,
        *,
        base_url: str,
        sign_type: SignType,
        certificate: tuple[Path, Path] | None = None,
        **names: str,
    ) -> None:
        self.API_BASE_URL = base_url.rstrip("/") + "/"
        self.sign_type = sign_type
        self._certificate = certificate and (str(certificate[0]), str(certificate[1]))
        self._threads = threading.local()
        super().__init__(timeout=(CONNECT_SECONDS, READ_SECONDS), **names)

    @property
    def _http(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            session.max_redirects = 0
            self._threads.session = session
        return session

    @_http.setter
    def _http(self, shared: requests.Session) -> None:
        """wechatpy offers one session to all threads; it is not taken."""
        shared.close()

    def _request(self, method: str, url_or_endpoint: str, **options: Any) -> Any:
        _check_values(options["data"])
        if self.sign_type != "MD5":
            options["data"].setdefault("sign_type", self.sign_type)
        if url_or_endpoint.startswith(WITH_CERTIFICATE) and self._certificate:
            options["cert"] = self._certificate
        try:
            return super()._request(method, url_or_endpoint, allow_redirects=False, **options)
        except OSError as error:  # requests' own are among them, and an absent certificate
            raise Unknown(type(error).__name__) from None
        except WeChatPayException as error:
            if error.return_code is None or error.errcode in TRY_LATER:
                raise Unknown(error.errcode or "http error") from None
            raise Refused(error.errcode or str(error.return_code)) from None

    def _handle_result(self, response: requests.Response) -> Any:
        if response.status_code != requests.codes.ok:
            raise Unknown(f"http {response.status_code}")
        if str(response.request.url).endswith(f"/{BILL}"):
            return _bill(response.content)
        try:
            fields = flat_xml(response.content)
        except NotTrusted as reason:
            raise Unknown(f"unreadable answer: {reason}") from None
        if fields.get("return_code") != "SUCCESS":
            raise Unknown("unsigned refusal")  # a failed return_code carries no signature
        if not is_signed(fields, self.api_key, self.sign_type):
            raise Unknown("answer not signed by WeChat")
        if (fields.get("appid"), fields.get("mch_id")) != (self.appid, self.mch_id):
            raise Unknown("answer for somebody else")
        answer: Fields = dict(super()._handle_result(response))
        return answer


def _bill(content: bytes) -> str:
    """The text of a bill, which carries no signature: its reader checks the totals."""
    if len(content) > BILL_MAX:
        raise Unknown("the bill is too large")
    if not content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<xml"):
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unknown("the bill is no text") from None
    try:
        fields = flat_xml(content)
    except NotTrusted as reason:
        raise Unknown(f"unreadable answer: {reason}") from None
    no_bill = fields.get("return_msg", "").replace(" ", "").lower() == "nobillexist"
    if fields.get("error_code") == NO_BILL or no_bill:
        raise BillNotReady
    raise Unknown("unsigned refusal")


def _check_values(data: dict[str, object]) -> None:
    """wechatpy writes values into CDATA as they are: what could break out of it is refused."""
    for name, value in data.items():
        if isinstance(value, bool | float):
            raise TypeError(f"{name} must be int or str")
        if isinstance(value, str) and ("]]>" in value or not XML_TEXT.fullmatch(value)):
            raise ValueError(f"{name} has forbidden characters")
