"""The bus on RabbitMQ. Plain connections under our own supervision: publishing and consuming
apart, a timeout round every publish, consumers that come back after anything."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.abc import AbstractIncomingMessage as Incoming
from aio_pika.exceptions import PublishError
from aiormq import spec

from chassis import topology
from chassis.bus import BusAway, Receive, ReceiveBeats
from chassis.lanes import Lane, lanes_for
from chassis.service import is_cancelled
from contracts.envelope import CONTENT_TYPE, Message
from contracts.subscriptions import HEARD

log = structlog.get_logger()

HEARTBEAT_SECONDS = 10
CONNECT_SECONDS = 5
PUBLISH_SECONDS = 3
PREFETCH_EVENTS = 20
RECONNECT_MIN_SECONDS, RECONNECT_MAX_SECONDS = 0.3, 3.0
DRAIN_SECONDS = 8
PROBE_SECONDS = 1.0

OnChannel = Callable[[AbstractChannel, asyncio.Event], Awaitable[None]]


class RabbitBus:
    """One per process. `name` shows in the broker's list of connections."""

    def __init__(self, url: str, *, name: str) -> None:
        self._url = url
        self._name = name
        self._sender: _Sender = _Sender(url, name=f"{name} publishes")
        self._beats_sender: _Sender = _Sender(url, name=f"{name} sends beats")
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._consuming: dict[str, bool] = {}

    async def start(self) -> None:
        self._stopping.clear()
        self._loops.append(asyncio.create_task(self._keep_sending_possible(), name="bus senders"))

    async def _keep_sending_possible(self) -> None:
        """Open what is not open, also while there is nothing to send: else a process that
        failed once would say for ever that it is not ready."""
        while not self._stopping.is_set():
            for sender in (self._sender, self._beats_sender):
                if not sender.is_open:
                    with suppress(BusAway):
                        async with sender.channel():
                            pass
            await _first_of(self._stopping, seconds=PROBE_SECONDS)

    async def stop(self) -> None:
        self._stopping.set()
        if self._loops:
            _, late = await asyncio.wait(self._loops, timeout=DRAIN_SECONDS)
            for loop in late:
                loop.cancel()
        await self._sender.close()
        await self._beats_sender.close()

    async def publish(self, messages: Sequence[Message]) -> None:
        async with self._sender.channel() as channel:
            exchange = await channel.get_exchange(topology.EXCHANGE, ensure=False)
            for message in messages:
                await self._publish(exchange, message)

    async def _publish(self, exchange: AbstractExchange, message: Message) -> None:
        outgoing = aio_pika.Message(
            message.body,
            headers=dict(message.headers),
            content_type=CONTENT_TYPE,
            message_id=message.event_id,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        try:
            await exchange.publish(outgoing, message.name, mandatory=True)
        except PublishError as unroutable:
            if message.name in HEARD:
                raise BusAway(f"no queue for {message.name}") from unroutable

    async def send_to_shard(self, shard: int, body: bytes) -> None:
        async with self._beats_sender.channel() as channel:
            # aio-pika's own layer would cost as much again.
            underlay = await channel.get_underlay_channel()
            await underlay.basic_publish(
                body,
                routing_key=topology.shard_queue(shard),
                properties=spec.Basic.Properties(delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                mandatory=True,
            )

    async def subscribe(self, service: str, names: Sequence[str], receive: Receive) -> None:
        async def consume(channel: AbstractChannel, lost: asyncio.Event) -> None:
            await channel.set_qos(PREFETCH_EVENTS)
            await _consume_events(channel, service, receive, lost, self._stopping)

        self._keep_consuming(f"{service} hears", consume)

    async def subscribe_shards(self, receive: ReceiveBeats) -> None:
        async def consume(lane: Lane, channel: AbstractChannel, lost: asyncio.Event) -> None:
            await lane.consume(channel, lost, self._stopping)

        for number, lane in enumerate(lanes_for(receive)):
            self._keep_consuming(f"progress folds beats {number}", partial(consume, lane))

    def _keep_consuming(self, name: str, consume: OnChannel) -> None:
        loop = asyncio.create_task(self._consume_forever(name, consume), name=name)
        self._loops.append(loop)

    async def _consume_forever(self, name: str, consume: OnChannel) -> None:
        while not self._stopping.is_set():
            try:
                await self._consume_while_connected(name, consume)
            except asyncio.CancelledError:
                if is_cancelled():
                    raise  # else aiormq raised it, at a broker that went silent
                log.warning("consumer_reconnects", consumer=name, reason="connection stuck")
            except Exception as reason:
                log.warning("consumer_reconnects", consumer=name, reason=type(reason).__name__)
            self._consuming[name] = False
            if not self._stopping.is_set():
                await asyncio.sleep(random.uniform(RECONNECT_MIN_SECONDS, 1.0))

    async def _consume_while_connected(self, name: str, consume: OnChannel) -> None:
        connection = await _connect(self._url, name)
        async with connection:
            lost = asyncio.Event()
            connection.close_callbacks.add(lambda *_: lost.set())
            channel = await connection.channel()
            channel.close_callbacks.add(lambda *_: lost.set())
            await topology.declare_all(channel)
            underlay = await channel.get_underlay_channel()
            underlay.on_consumer_cancel_callbacks.add(lambda *_: lost.set())
            self._consuming[name] = True
            await consume(channel, lost)

    def healthy(self) -> bool:
        senders = (self._sender, self._beats_sender)
        return all(self._consuming.values()) and all(sender.is_open for sender in senders)


async def _consume_events(
    channel: AbstractChannel,
    service: str,
    receive: Receive,
    lost: asyncio.Event,
    stopping: asyncio.Event,
) -> None:
    """Settle deliveries side by side, each acknowledged after its transaction."""

    async def settle(incoming: Incoming) -> None:
        await receive(_message(incoming))
        await incoming.ack()

    in_hand: set[asyncio.Task[None]] = set()

    async def take(incoming: Incoming) -> None:
        task = asyncio.create_task(settle(incoming))
        in_hand.add(task)
        task.add_done_callback(finished)

    def finished(task: asyncio.Task[None]) -> None:
        in_hand.discard(task)
        if not task.cancelled() and (reason := task.exception()):
            log.warning("delivery_not_settled", reason=type(reason).__name__)
            lost.set()

    queue = await channel.get_queue(topology.events_queue(service), ensure=False)
    tag = await queue.consume(take)
    await _first_of(lost, stopping)
    if not channel.is_closed:
        await queue.cancel(tag)
        if in_hand:
            await asyncio.wait(in_hand, timeout=DRAIN_SECONDS)
    for task in in_hand:
        task.cancel()


def _message(incoming: Incoming) -> Message:
    headers = {key: str(value) for key, value in incoming.headers.items()}
    name = incoming.routing_key or ""
    return Message(incoming.message_id or "", name, incoming.body, headers)


async def _first_of(*events: asyncio.Event, seconds: float | None = None) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _connect(url: str, name: str) -> AbstractConnection:
    return await aio_pika.connect(
        url,
        timeout=CONNECT_SECONDS,
        heartbeat=HEARTBEAT_SECONDS,
        client_properties={"connection_name": name},
    )


class _Sender:
    """One publishing connection, opened when needed; whatever goes wrong is `BusAway`."""

    def __init__(self, url: str, *, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._opening = asyncio.Lock()
        self._try_again_at = 0.0
        self._wait_seconds = RECONNECT_MIN_SECONDS

    @property
    def is_open(self) -> bool:
        return self._channel is not None and not self._channel.is_closed

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel with publisher confirms, for a short use."""
        try:
            channel = await self._open()
            async with asyncio.timeout(PUBLISH_SECONDS):
                yield channel
        except BusAway:
            raise
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            self._channel = None
            raise BusAway("the broker is silent") from None
        except Exception as reason:
            self._channel = None
            raise BusAway(type(reason).__name__) from reason

    async def _open(self) -> AbstractChannel:
        if self._channel is not None and not self._channel.is_closed:
            return self._channel
        async with self._opening:
            if self._channel is not None and not self._channel.is_closed:
                return self._channel
            loop = asyncio.get_running_loop()
            if loop.time() < self._try_again_at:
                raise BusAway("the broker can't be reached")
            self._try_again_at = loop.time() + self._wait_seconds
            self._wait_seconds = min(self._wait_seconds * 2, RECONNECT_MAX_SECONDS)
            await self.close()
            self._connection = await _connect(self._url, self._name)
            channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            await topology.declare_all(channel)
            self._channel = channel
            self._wait_seconds = RECONNECT_MIN_SECONDS
            return channel

    async def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and not connection.is_closed:
            try:
                async with asyncio.timeout(2):
                    await connection.close()
            except (Exception, asyncio.CancelledError) as reason:
                if isinstance(reason, asyncio.CancelledError) and is_cancelled():
                    raise
                log.warning("close_failed", connection=self._name, reason=type(reason).__name__)
