"""Which client speaks with WeChat, as the settings say."""

from cryptography import x509

from ..wechat_settings import WeChatSettings
from .port import Provider
from .wechat_login import WeChatLogin
from .wechat_v2 import WeChat
from .wechat_v3 import WeChatV3

__all__ = ["connect", "connect_login"]


def connect(settings: WeChatSettings) -> Provider:
    """The client that the settings ask for; no call is made yet."""
    if settings.wechat_api_version == "v3":
        return _connect_v3(settings)
    return WeChat(
        base_url=settings.wechat_api_base_url,
        app_id=settings.wechat_app_id,
        mch_id=settings.wechat_mch_id,
        api_key=settings.wechat_api_key.get_secret_value(),
        sign_type=settings.wechat_sign_type,
        notify_url=settings.notify_url,
        client_ip=settings.wechat_client_ip,
        certificate=settings.wechat_certificate,
    )


def _connect_v3(settings: WeChatSettings) -> Provider:
    files, public_key_file = settings.wechat_certificate, settings.wechat_public_key_file
    assert files is not None, "the settings have checked it"
    assert public_key_file is not None
    certificate = x509.load_pem_x509_certificate(files[0].read_bytes())
    return WeChatV3(
        base_url=settings.wechat_api_base_url,
        app_id=settings.wechat_app_id,
        mch_id=settings.wechat_mch_id,
        apiv3_key=settings.wechat_apiv3_key.get_secret_value(),
        serial=f"{certificate.serial_number:040X}",  # as WeChat writes it
        private_key=files[1].read_text(),
        public_key=public_key_file.read_text(),
        public_key_id=settings.wechat_public_key_id,
        notify_url=settings.notify_url,
    )


def connect_login(settings: WeChatSettings) -> WeChatLogin:
    """Who pays inside WeChat, whichever version takes the money."""
    return WeChatLogin(
        authorize_url=settings.wechat_authorize_url,
        token_url=settings.wechat_token_url,
        app_id=settings.wechat_app_id,
        app_secret=settings.wechat_app_secret.get_secret_value(),
    )
