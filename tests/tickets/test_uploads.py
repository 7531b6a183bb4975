"""Pictures of tickets: only pictures, none too large, nothing kept of the file but what can be seen."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from PIL import Image, PngImagePlugin

from residents.errors import InvalidInput
from tests.repairs.paths import picture, refused, repair_in
from tests.worlds import T, World
from tickets.actions import attach
from tickets.errors import TicketClosed, UploadRefused
from tickets.models import Attachment


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path) -> Any:
    with override_settings(MEDIA_ROOT=tmp_path):
        yield


def _file(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def _huge_png(width: int, height: int) -> bytes:
    """A PNG whose header claims a size; the pixels behind it would take gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def _attach(world: World, upload: Any, **facts: Any) -> Attachment:
    ticket = world.__dict__["ticket"]
    return attach(
        ticket.pk, **{"by": world.technician, "upload": upload, "purpose": "after", "at": T("10:20"), **facts}
    )


@pytest.fixture
def site(garden: World) -> World:
    garden.__dict__["ticket"] = repair_in(garden, "in_work")
    return garden


@pytest.mark.parametrize(
    ("upload", "word"),
    [
        (lambda: None, "没有收到文件"),
        (lambda: _file(b""), "没有收到文件"),
        (lambda: _file(b"<html><script>alert(1)</script></html>"), "只收 JPG、PNG、WebP"),
        (lambda: _file(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo.svg"), "只收 JPG、PNG、WebP"),
        (lambda: picture("photo.jpg", "GIF"), "只收 JPG、PNG、WebP"),
        (lambda: picture("photo.jpg", "BMP"), "只收 JPG、PNG、WebP"),
        (lambda: _file(picture().read()[:200]), "只收 JPG、PNG、WebP"),
        (lambda: _file(b"\xff\xd8\xff\xe0" + bytes(500)), "只收 JPG、PNG、WebP"),
        (lambda: _file(_huge_png(12_000, 12_000)), "12000×12000"),
        (lambda: _file(_huge_png(60_000, 60_000)), "尺寸太大"),
        (lambda: _file(b"\xff\xd8" + bytes(10 * 1024 * 1024)), "10 MB"),
    ],
    ids=["none", "empty", "html", "svg", "gif", "bmp", "cut off", "header only", "12000x12000", "bomb", "10 MB"],
)
def test_what_is_not_a_picture_we_store_is_refused_with_the_reason(site: World, upload: Any, word: str) -> None:
    with refused(UploadRefused, field="file", saying=word):
        _attach(site, upload())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_stored_anew_under_a_random_name_of_its_company(site: World, kind: str) -> None:
    row = _attach(site, picture("../../厨房 水槽.jpg", kind))

    assert row.name.endswith("厨房 水槽.jpg")
    assert "/" not in row.name
    assert (
        row.file.name == f"{site.company.pk}/{row.public_id.hex}.{'jpg' if row.content_type == 'image/jpeg' else 'png'}"
    )
    with row.file.open() as stored:
        assert Image.open(stored).size == (40, 30)
    assert (row.width, row.height, row.size) == (40, 30, row.file.size)


def test_a_large_photo_is_made_smaller(site: World) -> None:
    row = _attach(site, picture(size=(4000, 3000)))

    assert (row.width, row.height) == (1600, 1200)


def test_place_camera_and_comments_do_not_survive(site: World) -> None:
    exif = Image.Exif()
    exif[0x010F] = "CameraMaker"
    exif[0x9286] = "SECRET-COMMENT"
    exif.get_ifd(0x8825)[1] = "N"
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Location", "SECRET-COMMENT")

    jpeg = _attach(site, picture(exif=exif, comment=b"SECRET-COMMENT", icc_profile=b"SECRET-COMMENT" * 20))
    png = _attach(site, picture("p.png", "PNG", pnginfo=notes, icc_profile=b"SECRET-COMMENT" * 20))

    for row in (jpeg, png):
        with row.file.open() as stored:
            content = stored.read()
        assert b"SECRET-COMMENT" not in content
        assert b"CameraMaker" not in content
        opened = Image.open(io.BytesIO(content))
        assert not opened.getexif()
        assert not {"comment", "icc_profile", "Location"} & set(opened.info)


def test_a_photo_taken_sideways_is_stored_upright(site: World) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    row = _attach(site, picture(size=(40, 30), exif=exif))

    assert (row.width, row.height) == (30, 40)


def test_a_ticket_takes_twenty_files_and_refuses_the_next(site: World) -> None:
    for _ in range(20):
        _attach(site, picture())

    with refused(InvalidInput, field="file", saying="20"):
        _attach(site, picture())


def test_a_file_says_what_it_is_and_a_closed_ticket_takes_none(site: World) -> None:
    with refused(InvalidInput, field="purpose"):
        _attach(site, picture(), purpose="selfie")

    closed = repair_in(site, "cancelled", not_duplicate=True)
    with refused(TicketClosed):
        attach(closed.pk, by=site.technician, upload=picture(), purpose="after", at=T("10:20"))
