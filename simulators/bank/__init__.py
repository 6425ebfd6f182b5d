"""A stand-in for the association's bank: money arrives, and a statement says so."""

from simulators.bank.app import create_app

__all__ = ["create_app"]
