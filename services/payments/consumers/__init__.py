"""The message door: which events payments listens to, and why."""

from . import certificates, goods, learners, withdrawals
from .door import consumer

__all__ = ["certificates", "consumer", "goods", "learners", "withdrawals"]
