"""What hostile bodies at WeChat's door may cost: no call, no memory, no secret in the log."""

import asyncio
import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

from tests.payments.conftest import API_KEY, MakeShop, Shop
from tests.payments.test_wechat_messages import GENUINE, LAUGHS, PAID, signed, xml

DOORS = ("/webhooks/wechat", "/webhooks/wechat/refunds")
REPOSITORY = Path(__file__).parents[2]
GROWTH_KB = 20_000
HOSTILE = [
    LAUGHS + b"]><xml><a>&j;</a></xml>",
    b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><xml><a>&e;</a></xml>",
    b"<x>" * 9999 + b"</x>" * 9999,
    b"<xml>" + b"<a/>" * 12_000 + b"</xml>",
    b"<xml><a>" + b"x" * 60_000 + b"</a></xml>",
    GENUINE.replace(b"</xml>", b"<total_fee>1</total_fee></xml>"),
]
MEASURE = f"""
import json, sys
from base64 import b64decode
from services.payments.providers.port import NotTrusted
from services.payments.providers.wechat_xml import parse_notify

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

bodies = [b64decode(body) for body in json.load(sys.stdin)]
before = peak()
for raw in bodies:
    try:
        parse_notify(raw, app_id="a", mch_id="m", key="{API_KEY}")
    except NotTrusted:
        pass
print(peak() - before)
"""


async def test_no_hostile_document_makes_us_call_anybody(shop: Shop) -> None:  # case 17
    called = 0

    def count(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal called
        called += 1
        writer.close()

    canary = await asyncio.start_server(count, "127.0.0.1", 0)
    there = f"http://127.0.0.1:{canary.sockets[0].getsockname()[1]}/x.dtd"
    async with canary:
        for document in (
            f"<!DOCTYPE xml SYSTEM '{there}'>{GENUINE.decode()}",
            f"<!DOCTYPE xml PUBLIC '-//X//Y' '{there}'><xml/>",
            f"<!DOCTYPE xml [<!ENTITY e SYSTEM '{there}'>]><xml><sign>&e;</sign></xml>",
            f"<!DOCTYPE xml [<!ENTITY % e SYSTEM '{there}'> %e;]><xml><sign>1</sign></xml>",
        ):
            for door in DOORS:
                answer = await shop.running.client.post(door, content=document.encode())
                assert (answer.status_code, b"FAIL" in answer.content) == (400, True)
        await asyncio.sleep(0.1)
        assert called == 0
        _, writer = await asyncio.open_connection(*canary.sockets[0].getsockname())
        writer.close()
        await asyncio.sleep(0.1)
        assert called == 1, "the canary does hear"


async def test_hostile_documents_cost_no_memory() -> None:  # case 17
    """Measured in a process of its own: a peak never comes down again."""
    bodies = json.dumps([b64encode(raw).decode() for raw in HOSTILE])
    measured = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", MEASURE],
        input=bodies.encode(),
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    assert int(measured.stdout) < GROWTH_KB


async def test_nonsense_leaves_no_trace_and_no_key_in_the_log(
    shop: Shop, log_file: Path
) -> None:  # case 18
    before = log_file.stat().st_size
    for raw in (*HOSTILE, b"", b"<xml/>", b"{}", b"\xff", b"text", b"<xml>\xff</xml>"):
        for door in DOORS:
            answer = await shop.running.client.post(door, content=raw)
            assert 400 <= answer.status_code < 500
    logged = log_file.read_bytes()[before:].decode()
    assert "notifications_not_trusted" in logged
    assert API_KEY not in logged
    assert '"exception"' not in logged


async def test_the_other_sign_type_is_refused_and_the_money_found_all_the_same(
    make_shop: MakeShop,
) -> None:  # case 20
    shop = await make_shop(wechat_sign_type="HMAC-SHA256")
    learner = shop.learner()
    order = await shop.open_order(learner)
    await shop.fault("notify", "lost")
    await shop.scan(order["code_url"])
    [paid] = (await shop.provider_state())["orders"]
    number, transaction_id = order["out_trade_no"], paid["transaction_id"]
    told = {**PAID, "out_trade_no": number, "transaction_id": transaction_id}
    answer = await shop.post_notification(xml(signed(told, "MD5")))
    assert (answer.status_code, b"FAIL" in answer.content) == (400, True)
    await shop.assert_nothing_happened(learner, order["order_id"])
    await shop.sweep()
    await shop.assert_paid_once(learner, order)
