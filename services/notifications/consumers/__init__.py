"""The message door: what happens elsewhere becomes a mail, once for each event and template."""

from . import money, people
from .door import consumer

__all__ = ["consumer", "money", "people"]
