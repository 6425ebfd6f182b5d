"""Draws the demo video 「六面吃水的读取」 and lets ffmpeg compress it.

    apt-get install ffmpeg
    python -m services.catalogue.demo.make_video

Pillow draws every frame (the font comes from the wheel noto-cjk-sans-otc), ffmpeg makes a silent
H.264 baseline file of 75 s and a few hundred kB. It was run once; the result is kept beside it.
"""

import math
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, FRAMES_A_SECOND = 640, 360, 8
OUTPUT: Final = Path(__file__).parent / "media" / "six-drafts.mp4"
FONT_INDEX: Final = 2  # Simplified Chinese in the collection

NIGHT, SEA, HULL, PAINT = "#0b1a2e", "#123a63", "#2c5a94", "#8c3f2a"
WHITE, SOFT, AMBER = "#ffffff", "#a9c3e2", "#ffc46b"

Draw = ImageDraw.ImageDraw
Scene = Callable[[Draw, float], None]


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    with resources.as_file(
        resources.files("noto_cjk_sans_otc") / "NotoSansCJK-Regular.ttc"
    ) as path:
        return ImageFont.truetype(str(path), size, index=FONT_INDEX)


def write(draw: Draw, place: tuple[float, float], text: str, size: int, fill: str = WHITE) -> None:
    draw.text(place, text, font=font(size), fill=fill, anchor="ls")


def heading(draw: Draw, text: str) -> None:
    write(draw, (36, 52), text, 25)
    draw.line([(36, 66), (604, 66)], fill="#27486f", width=2)


def wave(draw: Draw, level: float, seconds: float, height: float, fill: str = SEA) -> None:
    """Water below a moving line."""
    crest = [(x, level + height * math.sin(x / 46 + seconds * 1.4)) for x in range(0, WIDTH + 8, 8)]
    draw.polygon([*crest, (WIDTH, HEIGHT), (0, HEIGHT)], fill=fill)


def ship(draw: Draw) -> None:
    draw.polygon([(70, 160), (560, 160), (598, 128), (566, 250), (104, 250)], fill=HULL)
    draw.polygon([(88, 210), (584, 210), (566, 250), (104, 250)], fill=PAINT)
    draw.rectangle([104, 112, 182, 160], fill="#dce7f4")
    for x in (122, 146, 170):
        draw.rectangle([x - 7, 124, x + 5, 136], fill=NIGHT)


def marks(draw: Draw, x: int, lit: bool) -> None:
    colour = AMBER if lit else WHITE
    draw.line([(x, 176), (x, 248)], fill=colour, width=3)
    for y in range(182, 248, 11):
        draw.line([(x - 7, y), (x + 7, y)], fill=colour, width=3)


def bullets(
    draw: Draw, lines: list[str], seconds: float, *, top: int = 112, each: float = 2
) -> None:
    """Lines that come one after the other."""
    for number, line in enumerate(lines):
        if seconds >= number * each:
            y = top + number * 44
            draw.ellipse([40, y - 14, 48, y - 6], fill=AMBER)
            write(draw, (62, y), line, 21)


def opening(draw: Draw, seconds: float) -> None:
    wave(draw, 286, seconds, 6)
    write(draw, (60, 140), "船舶水尺计重", 40)
    write(draw, (60, 192), "六面吃水的读取", 30, AMBER)
    write(draw, (60, 236), "进出口商品检验鉴定人员继续教育 · 示例课件", 18, SOFT)


def principle(draw: Draw, seconds: float) -> None:
    heading(draw, "一、道理：排开多少水，就装了多少货")
    keel = 244 + min(seconds, 8) * 4  # the ship sinks in as it is loaded
    wave(draw, 232, seconds, 3)
    draw.polygon([(170, keel - 100), (470, keel - 100), (440, keel), (200, keel)], fill=HULL)
    draw.polygon([(182, keel - 60), (458, keel - 60), (440, keel), (200, keel)], fill=PAINT)
    for number in range(int(min(seconds, 8) // 2) + 1):
        left = 196 + number * 50
        draw.rectangle([left, keel - 122, left + 42, keel - 101], fill=SOFT)
    write(draw, (62, 322), "装货前后两次读吃水，查排水量，相减得货重。", 21)


def six_places(draw: Draw, seconds: float) -> None:
    heading(draw, "二、六处：艏、舯、艉，左舷右舷各读一次")
    ship(draw)
    wave(draw, 236, seconds, 3, "#0f3156")
    now = int(seconds // 3) % 3
    for index, (x, name) in enumerate([(560, "艏"), (330, "舯"), (112, "艉")]):
        marks(draw, x, index == now)
        write(draw, (x - 42, 300), f"{name}吃水", 21, AMBER if index == now else WHITE)
        write(draw, (x - 42, 328), "左 · 右", 18, SOFT)


def numerals(draw: Draw, seconds: float) -> None:
    heading(draw, "三、读法：字高 10 厘米，看水线切在哪里")
    for number in range(4):
        bottom = 300 - number * 56
        draw.rectangle([96, bottom - 28, 102, bottom], fill=WHITE)
        write(draw, (116, bottom), f"{9.0 + number * 0.2:.1f} m", 27)
    level = 244 + 20 * math.sin(seconds * 1.1)
    draw.line([(70, level), (250, level)], fill=AMBER, width=3)
    reading = 9.0 + (300 - level) / 280
    write(draw, (300, 160), "水线切在字底：读整数", 21)
    write(draw, (300, 204), "切在字顶：再加 0.10 m", 21)
    write(draw, (300, 262), f"现在约 {reading:.2f} m", 27, AMBER)


def waves(draw: Draw, seconds: float) -> None:
    heading(draw, "四、有浪时：看完几个周期，再取平均")
    wave(draw, 236, seconds * 1.6, 16)
    draw.line([(0, 236), (WIDTH, 236)], fill=AMBER, width=2)
    write(draw, (396, 228), "平均水线", 18, AMBER)
    bullets(draw, ["记下波峰、波谷的读数，至少五组", "两人同时读，相差大就重读"], seconds, top=116)


def mean(draw: Draw, seconds: float) -> None:
    heading(draw, "五、平均：先左右，再艏艉，舯占六份")
    bullets(
        draw,
        [
            "艏、舯、艉各取左右平均：F、M、A",
            "先校正到垂线，再算拱陷",
            "总平均吃水 D ＝（F ＋ 6M ＋ A）÷ 8",
            "例：8.96、9.18、9.42，得 D ＝ 9.18 m",
        ],
        seconds,
    )


def corrections(draw: Draw, seconds: float) -> None:
    heading(draw, "六、还要修正")
    bullets(
        draw,
        [
            "纵倾修正：船不平，漂心不在船中",
            "密度修正：港水与 1.025 t/m³ 不同",
            "扣去压载水、燃油、淡水和常数",
            "原始读数当场记录，双方签字",
        ],
        seconds,
    )


def closing(draw: Draw, seconds: float) -> None:
    wave(draw, 292, seconds, 5)
    write(draw, (60, 132), "记住三句话", 32)
    bullets(
        draw,
        ["六处都要读，左右不能省", "有浪取平均，两人对读数", "记录要当场，签字再离船"],
        seconds,
        top=180,
    )


SCENES: Final[list[tuple[float, Scene]]] = [
    (6, opening),
    (10, principle),
    (12, six_places),
    (12, numerals),
    (10, waves),
    (10, mean),
    (9, corrections),
    (6, closing),
]
TOTAL_SECONDS: Final = sum(seconds for seconds, _ in SCENES)


def frames() -> Iterator[bytes]:
    shown = 0
    for length, scene in SCENES:
        for number in range(int(length * FRAMES_A_SECOND)):
            image = Image.new("RGB", (WIDTH, HEIGHT), NIGHT)
            draw = ImageDraw.Draw(image)
            scene(draw, number / FRAMES_A_SECOND)
            done = shown / (TOTAL_SECONDS * FRAMES_A_SECOND)
            draw.rectangle([0, HEIGHT - 4, WIDTH * done, HEIGHT], fill=AMBER)
            shown += 1
            yield image.tobytes()


def make(output: Path = OUTPUT) -> None:
    output.parent.mkdir(exist_ok=True)
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{WIDTH}x{HEIGHT}", "-r", str(FRAMES_A_SECOND), "-i", "-"]
    command += ["-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p"]
    command += ["-preset", "veryslow", "-crf", "30", "-g", str(FRAMES_A_SECOND * 5)]
    command += ["-movflags", "+faststart", "-map_metadata", "-1", str(output)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for frame in frames():
            encoder.stdin.write(frame)
        encoder.stdin.close()
    if encoder.returncode:
        raise SystemExit("ffmpeg could not make the video")


if __name__ == "__main__":
    make()
