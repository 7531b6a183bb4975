"""Pictures of a ticket: taken in safely, shown to those who may see the ticket and to nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from repairs import actions
from residents.tenancy import company_scope
from tests.browsing import client_of, htmx, on_duty_now
from tests.pictures import picture
from tests.repairs.test_repair_path import take
from tests.worlds import World, make_world
from tickets.models import Attachment, Ticket


@pytest.fixture
def ticket(garden: World, settings: Any, tmp_path: Path) -> Ticket:
    settings.MEDIA_ROOT = tmp_path
    on_duty_now(garden, "technician")
    return actions.report_repair(take(garden), project=garden.project, by=garden.front_desk)


def send(client: Client, ticket: Ticket, upload: Any, kind: str = "before") -> Any:
    data = {"kind": kind, **({"file": upload} if upload else {})}
    return client.post(f"/tickets/{ticket.public_id}/attach/", data, headers=htmx())


def test_a_picture_is_stored_and_shown_privately(garden: World, ticket: Ticket) -> None:
    client = client_of(garden.front_desk)

    answer = send(client, ticket, picture("厨房.jpg"))
    file = Attachment.objects.get(ticket=ticket)
    shown = client.get(f"/tickets/files/{file.public_id}/")

    assert answer.status_code == 204
    assert (file.purpose, file.visit_no) == ("before", 1)
    assert shown["Content-Type"] == "image/jpeg"
    assert shown["Cache-Control"] == "private, no-store"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown["Content-Security-Policy"]
    assert "script-src" not in shown["Content-Security-Policy"]
    assert shown["Content-Disposition"].startswith("inline")
    assert shown.getvalue()[:2] == b"\xff\xd8"


def test_it_stands_on_the_page_with_its_time(garden: World, ticket: Ticket) -> None:
    client = client_of(garden.front_desk)
    send(client, ticket, picture())

    page = client.get(f"/tickets/{ticket.public_id}/?tab=photos")

    assert len(page.context["photos"]) == 1
    assert page.context["events"][0].photos[0].caption.startswith("前 ")


def test_strangers_and_wrong_roles_get_nothing(garden: World, ticket: Ticket) -> None:
    send(client_of(garden.front_desk), ticket, picture())
    url = f"/tickets/files/{Attachment.objects.get(ticket=ticket).public_id}/"
    other = make_world("harbour")

    assert client_of(garden.technician).get(url).status_code == 404
    assert Client().get(url).status_code == 302
    with company_scope(other.company.pk):
        assert client_of(other.front_desk).get(url).status_code == 404


@pytest.mark.parametrize(
    "upload",
    [
        SimpleUploadedFile("page.jpg", b"<html><script>alert(1)</script>", content_type="image/jpeg"),
        SimpleUploadedFile("empty.jpg", b"", content_type="image/jpeg"),
        SimpleUploadedFile("paper.pdf", b"%PDF-1.4", content_type="application/pdf"),
        None,
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(garden: World, ticket: Ticket, upload: Any) -> None:
    answer = send(client_of(garden.front_desk), ticket, upload)

    assert answer.status_code == 422
    assert "data-problem" in answer.content.decode()
    assert not Attachment.objects.filter(ticket=ticket).exists()


def test_an_unknown_purpose_is_refused(garden: World, ticket: Ticket) -> None:
    assert send(client_of(garden.front_desk), ticket, picture(), kind="poster").status_code == 422


def test_a_file_that_has_gone_from_the_disk_is_not_found_rather_than_an_error(garden: World, ticket: Ticket) -> None:
    client = client_of(garden.front_desk)
    send(client, ticket, picture())
    file = Attachment.objects.get(ticket=ticket)
    Path(file.file.path).unlink()

    assert client.get(f"/tickets/files/{file.public_id}/").status_code == 404
