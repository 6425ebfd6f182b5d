"""The message door: which events payments listens to, and why."""

from . import goods, learners
from .door import consumer

__all__ = ["consumer", "goods", "learners"]
