"""Who pays inside WeChat: OAuth of its browser, silent (`snsapi_base`).

The app's secret and the code travel in an address, as WeChat wants it. `http.client` writes no log
line, follows no redirect and knows no proxy, so that they stay there.
"""

import http.client
import json
import re
from urllib.parse import urlencode, urlsplit

from .port import Refused, Unknown
from .threads import Threads

TIMEOUT_SECONDS = 5.0
ANSWER_MAX = 16 * 1024  # bytes
CODE = re.compile(r"[0-9A-Za-z_\-]{8,512}")
OPENID = re.compile(r"[0-9A-Za-z_\-]{6,128}")


class WeChatLogin:
    """`authorize_url` is for browsers, `token_url` for us."""

    def __init__(self, *, authorize_url: str, token_url: str, app_id: str, app_secret: str) -> None:
        self._authorize_url = authorize_url
        self._token = urlsplit(token_url)
        self._app_id = app_id
        self._app_secret = app_secret
        self._threads = Threads()

    def address(self, *, back_to: str, state: str) -> str:
        """Where the browser asks WeChat who it is; it comes back with a code and this state."""
        asked = {
            "appid": self._app_id,
            "redirect_uri": back_to,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{self._authorize_url}?{urlencode(asked)}#wechat_redirect"

    async def identify(self, code: str) -> str:
        """The openid that a code stands for; each code works once. Raises `Refused`, `Unknown`."""
        if not CODE.fullmatch(code):
            raise Refused("invalid code")
        return await self._threads.call(lambda: self._exchange(code))

    def stop(self) -> None:
        self._threads.stop()

    def _exchange(self, code: str) -> str:
        told = _read(self._get(code))
        if "errcode" in told and told["errcode"] != 0:
            raise Refused(str(told["errcode"]))
        openid = told.get("openid")
        if not isinstance(openid, str) or not OPENID.fullmatch(openid):
            raise Unknown("answer without a payer")
        return openid

    def _get(self, code: str) -> bytes:
        kind = http.client.HTTPSConnection
        if self._token.scheme == "http":
            kind = http.client.HTTPConnection  # type: ignore[assignment]
        connection = kind(self._token.netloc, timeout=TIMEOUT_SECONDS)
        query = urlencode(
            {
                "appid": self._app_id,
                "secret": self._app_secret,
                "code": code,
                "grant_type": "authorization_code",
            }
        )
        try:
            connection.request("GET", f"{self._token.path}?{query}")
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise Unknown(f"http {answer.status}")
            return answer.read(ANSWER_MAX)
        except (OSError, http.client.HTTPException) as error:
            raise Unknown(type(error).__name__) from None
        finally:
            connection.close()


def _read(body: bytes) -> dict[str, object]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Unknown("unreadable answer") from None
    if not isinstance(told, dict):
        raise Unknown("unreadable answer")
    return told
