"""What happens on a phone inside WeChat: who it is (OAuth), and the bridge that a page pays by."""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.wechat_pay import faults, protocol, protocol_v3
from simulators.wechat_pay.api import broken
from simulators.wechat_pay.control import read_json
from simulators.wechat_pay.merchant import Merchant
from simulators.wechat_pay.provider import NotPayable, Provider

CODE_SECONDS = 300
PARAMETERS_SECONDS = 300  # how long a signed dictionary may be used
PERSON = "wechat_person"  # the cookie by which a browser is one WeChat user
OK, FAIL = "get_brand_wcpay_request:ok", "get_brand_wcpay_request:fail"
SIGNED = ("appId", "timeStamp", "nonceStr", "package", "signType")


@dataclass(slots=True)
class Granted:
    openid: str
    until: float
    used: bool = False


def routes(till: Provider) -> list[Route]:
    granted: dict[str, Granted] = {}

    async def authorize(request: Request) -> Response:
        """snsapi_base: no question is asked, the browser goes back with a code."""
        asked = request.query_params
        problem = _unfit(till.merchant, request)
        if problem:
            return PlainTextResponse(problem, 400)
        person = request.cookies.get(PERSON) or f"oSimulated{secrets.token_hex(9)}"
        code = secrets.token_hex(16)
        granted[code] = Granted(person, till.clock.now() + CODE_SECONDS)
        query = urlencode({"code": code, "state": asked.get("state", "")})
        back = RedirectResponse(f"{asked['redirect_uri']}?{query}", status_code=302)
        back.set_cookie(PERSON, person, httponly=True, samesite="lax")
        return back

    async def access_token(request: Request) -> Response:
        asked = request.query_params
        fault = till.plan.take(faults.OAUTH)
        kind = fault.kind if fault else ""
        till.note("oauth", None, kind or "asked", fault)
        if kind in ("hang", "error_500"):
            return await broken(request, till, fault)
        if kind == "not_json":
            return PlainTextResponse("OK")
        if asked.get("appid") != till.merchant.app_id:
            return _error(40013, "invalid appid")
        if not secrets.compare_digest(asked.get("secret", ""), till.merchant.app_secret):
            return _error(40125, "invalid appsecret")
        grant = granted.get(asked.get("code", ""))
        if grant is None or grant.until < till.clock.now() or kind == "invalid_code":
            return _error(40029, "invalid code")
        if grant.used:
            return _error(40163, "code been used")
        grant.used = True
        return JSONResponse(
            {
                "access_token": secrets.token_urlsafe(40),
                "expires_in": 7200,
                "refresh_token": secrets.token_urlsafe(40),
                "openid": grant.openid,
                "scope": "snsapi_base",
            }
        )

    async def pay(request: Request) -> Response:
        """getBrandWCPayRequest as the real client does it: its answer is all that a page hears."""
        asked = await read_json(request)
        person = str(asked.pop("openid", "")) or request.cookies.get(PERSON, "")
        problem = check(till.merchant, asked, now=till.clock.now())
        if problem:
            return JSONResponse({"err_msg": FAIL, "err_desc": problem})
        try:
            till.pay_inside(str(asked["package"]).removeprefix("prepay_id="), person)
        except NotPayable as refused:
            return JSONResponse({"err_msg": FAIL, "err_desc": refused.reason})
        return JSONResponse({"err_msg": OK})

    async def bridge(request: Request) -> Response:
        script = BRIDGE.replace("ROOT", request.scope.get("root_path", ""))
        return Response(script, media_type="text/javascript")

    return [
        Route("/connect/oauth2/authorize", authorize),
        Route("/sns/oauth2/access_token", access_token),
        Route("/bridge/pay", pay, methods=["POST"]),
        Route("/bridge.js", bridge),
    ]


# What WeChat's browser gives to pages; a test or a tester puts it into an ordinary one.
BRIDGE = """
window.WeixinJSBridge = {
  invoke(name, parameters, hear) {
    const body = JSON.stringify(name === "getBrandWCPayRequest" ? parameters : {});
    fetch("ROOT/bridge/pay", { method: "POST", body }).then((said) => said.json()).then(hear);
  },
};
document.dispatchEvent(new Event("WeixinJSBridgeReady"));
"""


def check(merchant: Merchant, asked: dict[str, Any], *, now: float) -> str:
    """Why the client would not open the payment; empty when it would."""
    if sorted(asked) != sorted([*SIGNED, "paySign"]):
        return "not exactly the six parameters"
    if not all(isinstance(value, str) for value in asked.values()):
        return "a parameter is no text"
    if asked["appId"] != merchant.app_id or not asked["package"].startswith("prepay_id="):
        return "appId or package"
    stamp = asked["timeStamp"]
    if not (stamp.isascii() and stamp.isdigit()) or abs(now - int(stamp)) > PARAMETERS_SECONDS:
        return "timeStamp"
    if not _is_signed(merchant, asked):
        return "paySign"
    return ""


def _is_signed(merchant: Merchant, asked: dict[str, str]) -> bool:
    fields = {name: asked[name] for name in SIGNED}
    if asked["signType"] == "RSA":
        lines = [asked[name] for name in ("appId", "timeStamp", "nonceStr", "package")]
        return merchant.v3 is not None and protocol_v3.verify(
            merchant.v3.merchant_public_key, lines, asked["paySign"]
        )
    if asked["signType"] not in protocol.SIGN_TYPES:
        return False
    return protocol.is_signed(
        {**fields, "sign": asked["paySign"]}, merchant.api_key, asked["signType"]
    )


def _unfit(merchant: Merchant, request: Request) -> str:
    asked = request.query_params
    back = urlsplit(asked.get("redirect_uri", ""))
    if asked.get("appid") != merchant.app_id:
        return "invalid appid"
    if asked.get("response_type") != "code" or asked.get("scope") != "snsapi_base":
        return "response_type is code, scope is snsapi_base"
    if not asked.get("state", "").isalnum() or len(asked["state"]) > 128:
        return "state is letters and digits, 128 at most"
    if (
        back.scheme not in ("http", "https")
        or back.query
        or back.hostname
        not in (
            *("127.0.0.1", "localhost"),
            urlsplit(f"//{request.headers.get('host', '')}").hostname,
        )
    ):
        return "redirect_uri is not of the agreed domain"
    return ""


def _error(code: int, message: str) -> Response:
    return JSONResponse({"errcode": code, "errmsg": message})
