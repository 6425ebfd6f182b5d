"""Captchas as people meet them: a picture to read, and the same spoken (I-5)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from captcha.audio import AudioCaptcha
from captcha.image import ImageCaptcha

PAPER: Final = (241, 246, 252)
INK: Final = (10, 43, 88, 255)  # dark on light: people of sixty read these digits


# The library takes a character's brightness for its opacity, which makes dark ink pale.
OPACITY: Final = [min(255, level * 7) for level in range(256)]


class CaptchaMedia:
    """Draws and speaks answers in a thread of its own, off the event loop."""

    def __init__(self) -> None:
        self._image = ImageCaptcha(width=220, height=72)
        self._image.lookup_table = OPACITY
        self._audio = AudioCaptcha()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="captcha")

    async def image(self, answer: str) -> bytes:
        """A PNG of 220 by 72 pixels."""
        draw = partial(self._image.generate, answer, "png", PAPER, INK)
        buffer = await asyncio.get_running_loop().run_in_executor(self._thread, draw)
        return buffer.getvalue()

    async def audio(self, answer: str) -> bytes:
        """A WAV file in which a voice reads the characters over noise."""
        speak = partial(self._audio.generate, answer.upper())
        return bytes(await asyncio.get_running_loop().run_in_executor(self._thread, speak))

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
