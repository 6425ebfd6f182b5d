"""A simulated SF Express: the order interface of its open platform."""

from simulators.sf_express.app import create_app

__all__ = ["create_app"]
