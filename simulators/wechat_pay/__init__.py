"""A stand-in for WeChat Pay (API v2), written from the published documents alone."""

from simulators.wechat_pay.app import create_app

__all__ = ["create_app"]
