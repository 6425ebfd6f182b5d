"""A stand-in for everybody's mail server: takes mail by SMTP, shows it in a browser."""

from simulators.mailbox.app import create_app

__all__ = ["create_app"]
