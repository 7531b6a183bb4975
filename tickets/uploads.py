"""Pictures: checked before they are decoded, decoded, encoded anew, so that nothing of the original bytes is kept."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from tickets.errors import UploadRefused

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 1600
MAX_FILES = 20
FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class Picture:
    """A clean picture, ready to store: JPEG, or PNG where transparency matters (signatures)."""

    content: bytes
    content_type: str
    suffix: str
    name: str
    width: int
    height: int

    def as_file(self) -> ContentFile[bytes]:
        return ContentFile(self.content)


def clean_picture(upload: Any) -> Picture:
    """Decode a JPEG, PNG or WebP of at most 10 MB and 40 million pixels and encode it anew, at most 1600 px a side.

    Place, camera and other metadata are dropped. Raises UploadRefused with a sentence for the person.
    """
    if upload is None or not getattr(upload, "size", 0):
        raise UploadRefused(_("没有收到文件，请重新选择。"), field="file")
    if upload.size > MAX_BYTES:
        raise UploadRefused(_("照片超过 10 MB，请压缩后再传。"), field="file")
    try:
        with warnings.catch_warnings():
            # Pillow's own warning starts above our limit, and the sentence below says more.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(upload, formats=FORMATS)
        with opened:
            # The size stands in the header: refuse a pixel bomb before a single pixel is decoded.
            if opened.width * opened.height > MAX_PIXELS:
                raise UploadRefused(
                    _("照片尺寸 %(w)d×%(h)d 太大，请用不超过 4000 万像素的照片。")
                    % {"w": opened.width, "h": opened.height},
                    field="file",
                )
            transparent = opened.mode in {"RGBA", "LA", "P"}
            picture = ImageOps.exif_transpose(opened)
            picture.thumbnail((MAX_SIDE, MAX_SIDE))
            clean = picture.convert("RGBA" if transparent else "RGB")
            # Pillow carries comments, profiles and text blocks from file to file in here.
            clean.info.clear()
    except UploadRefused:
        raise
    except Image.DecompressionBombError as error:
        raise UploadRefused(_("照片尺寸太大，请用不超过 4000 万像素的照片。"), field="file") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error) as error:
        raise UploadRefused(_("这不是可用的照片（只收 JPG、PNG、WebP）。"), field="file") from error
    out = io.BytesIO()
    if transparent:
        clean.save(out, "PNG", optimize=True)
        content_type, suffix = "image/png", "png"
    else:
        clean.save(out, "JPEG", quality=85, optimize=True)
        content_type, suffix = "image/jpeg", "jpg"
    name = str(getattr(upload, "name", "") or "photo")[-120:].replace("\x00", "")
    return Picture(out.getvalue(), content_type, suffix, name, clean.width, clean.height)
