"""The message door: which events payments listens to, and why."""

from . import goods, learners, withdrawals
from .door import consumer

__all__ = ["consumer", "goods", "learners", "withdrawals"]
