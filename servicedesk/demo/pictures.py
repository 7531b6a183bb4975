"""Pictures for the demo, drawn when it is made: before, after, a consent slip, and signatures."""

from __future__ import annotations

import io
from random import Random

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

_GROUNDS = (((206, 199, 186), (150, 138, 120)), ((196, 208, 220), (140, 156, 172)), ((188, 206, 198), (130, 156, 146)))


class Album:
    """A few drawings of each kind, made once and handed out by turns."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._signatures = [_signature(rng) for _ in range(6)]
        self._photos = {is_after: [_photo(rng, is_after=is_after) for _ in range(4)] for is_after in (False, True)}
        self._slips = [_slip(rng) for _ in range(2)]

    def signature(self) -> SimpleUploadedFile:
        return SimpleUploadedFile("signature.png", self._rng.choice(self._signatures), content_type="image/png")

    def photo(self, *, is_after: bool) -> SimpleUploadedFile:
        name = "after.jpg" if is_after else "before.jpg"
        return SimpleUploadedFile(name, self._rng.choice(self._photos[is_after]), content_type="image/jpeg")

    def slip(self) -> SimpleUploadedFile:
        return SimpleUploadedFile("slip.jpg", self._rng.choice(self._slips), content_type="image/jpeg")


def _signature(rng: Random) -> bytes:
    """A scrawl on nothing, as it is drawn on the phone."""
    picture = Image.new("RGBA", (240, 90), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    for start in (20, 95, 165):
        points = [(start + step * 7 + rng.randint(-4, 4), rng.randint(18, 74)) for step in range(8)]
        pen.line(points, fill=(24, 34, 45, 255), width=3, joint="curve")
    return _bytes(picture, "PNG")


def _photo(rng: Random, *, is_after: bool) -> bytes:
    """Pipe and puddle under a sink; dry afterwards. Plainly a drawing."""
    light, dark = rng.choice(_GROUNDS)
    picture = Image.linear_gradient("L").resize((480, 360))
    picture = Image.merge(
        "RGB",
        [
            picture.point(lambda value, a=a, b=b: round(a + (b - a) * value / 255))
            for a, b in zip(light, dark, strict=True)
        ],
    )
    pen = ImageDraw.Draw(picture)
    x = rng.randint(180, 260)
    pen.rectangle((x, 0, x + 34, 210), fill=(118, 124, 130))
    pen.rectangle((x - 14, 110, x + 48, 140), fill=(90, 96, 102) if not is_after else (176, 150, 96))
    pen.line((x + 34, 180, 470, 200 + rng.randint(-20, 20)), fill=(118, 124, 130), width=16)
    if not is_after:
        pen.ellipse((x - 70, 268, x + 120, 322), fill=(96, 116, 138))
    pen.text((14, 334), "DEMO / " + ("after" if is_after else "before"), fill=(250, 250, 250))
    return _bytes(picture, "JPEG")


def _slip(rng: Random) -> bytes:
    """The signed part of the work slip, or a consent written by hand."""
    picture = Image.new("RGB", (420, 300), (247, 246, 240))
    pen = ImageDraw.Draw(picture)
    for line in range(6):
        pen.line((30, 50 + line * 30, 390 - rng.randint(0, 90), 50 + line * 30), fill=(170, 176, 182), width=2)
    points = [(230 + step * 14, 250 + rng.randint(-16, 16)) for step in range(10)]
    pen.line(points, fill=(24, 34, 45), width=3, joint="curve")
    pen.text((30, 270), "DEMO", fill=(120, 126, 132))
    return _bytes(picture, "JPEG")


def _bytes(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()
