"""A phone inside WeChat: its browser, its OAuth, its bridge."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.payments.conftest import Learner, Shop

WECHAT_BROWSER = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 MicroMessenger/8.0.50"
)


@dataclass
class Phone:
    """One WeChat user, signed in here as a learner."""

    shop: Shop
    learner: Learner
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str) -> httpx.Response:
        headers = {**self.learner.headers, "User-Agent": WECHAT_BROWSER}
        answer = await self.learner.client.get(path, headers=headers | self._cookie())
        self._keep(answer)
        return answer

    async def go_to_wechat(self, order_id: str) -> httpx.Response:
        """Follow the button to WeChat; what WeChat's redirect says."""
        sent = await self.get(f"/orders/{order_id}/wechat")
        assert sent.status_code == 303, sent.text
        answer = await self.shop.till.get(sent.headers["location"], headers=self._cookie())
        assert answer.status_code == 302, answer.text
        self._keep(answer)
        self.shop.till.cookies.clear()
        return answer

    async def code(self, order_id: str) -> str:
        """What WeChat's OAuth gives to an app of ours."""
        back = await self.go_to_wechat(order_id)
        return str(httpx.URL(back.headers["location"]).params["code"])

    async def come_back(self, address: str) -> httpx.Response:
        back = urlsplit(address)
        return await self.get(f"{back.path}?{back.query}")

    async def begin(self, order_id: str) -> dict[str, str]:
        """From the button to the parameters that the page gives to the bridge."""
        back = await self.go_to_wechat(order_id)
        ready = await self.come_back(back.headers["location"])
        assert ready.headers["location"] == f"/orders/{order_id}#pay-now", ready.headers
        return await self.parameters(order_id)

    async def parameters(self, order_id: str) -> dict[str, str]:
        order = await self.learner.get_order(order_id)
        [payment] = [p for p in order["payments"] if p["method"] == "wechat_jsapi"]
        parameters: dict[str, str] = payment["bridge"]
        return parameters

    async def invoke(self, parameters: dict[str, str]) -> str:
        """What WeChat's bridge says to the page."""
        answer = await self.shop.till.post("/bridge/pay", json=parameters, headers=self._cookie())
        return str(answer.json()["err_msg"])

    def _cookie(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}

    def _keep(self, answer: httpx.Response) -> None:
        self.cookies.update(answer.cookies)
        self.learner.client.cookies.clear()


async def placed(shop: Shop, learner: Learner, *, hours: int = 10) -> dict[str, Any]:
    answer = await learner.order(await shop.sell(hours=hours))
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order
