"""The provider's time."""

import time


class Clock:
    """Seconds since the epoch, moved forward by the control API. Expiry, refunds and bills
    follow it."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def now(self) -> float:
        return time.time() + self.ahead_seconds
