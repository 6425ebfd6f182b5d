"""The message door: which events payments listens to, and why."""

from . import certificates, goods, learners
from .door import consumer

__all__ = ["certificates", "consumer", "goods", "learners"]
