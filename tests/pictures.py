"""Small pictures as a browser would send them."""

from __future__ import annotations

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def picture(name: str = "photo.jpg", *, side: int = 40, kind: str = "JPEG") -> SimpleUploadedFile:
    """A grey square."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), (120, 120, 120)).save(out, kind)
    return SimpleUploadedFile(name, out.getvalue(), content_type=f"image/{kind.lower()}")
