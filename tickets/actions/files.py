"""Pictures of a ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from residents.errors import InvalidInput
from residents.models import Staff
from residents.policies import require
from residents.tenancy import one_act
from tickets import policies
from tickets.errors import TicketClosed
from tickets.facts import moments, record
from tickets.models import Attachment, Ticket


def attach(
    ticket_id: int,
    *,
    by: Staff | None,
    upload: Any,
    purpose: str,
    visit_no: int = 0,
    taken_at: datetime | None = None,
    at: datetime | None = None,
) -> Attachment:
    """Store a picture of a ticket, re-encoded and under a random name. At most 20 files a ticket.

    Raises UploadRefused with a sentence that says what is wrong with the file; then nothing is stored.
    """
    from tickets.uploads import MAX_FILES, clean_picture

    if purpose not in Attachment.Purpose.values:
        raise InvalidInput(_("请选择照片的用途。"), field="purpose")
    picture = clean_picture(upload)
    with one_act():
        ticket = Ticket.objects.select_related("project").lock(ticket_id)
        if by is not None:
            require(by, policies.ATTACH, project_id=ticket.project_id)
        if ticket.closed_at is not None:
            raise TicketClosed
        if ticket.attachments.count() >= MAX_FILES:
            raise InvalidInput(_("每张工单最多 %(n)d 个文件。") % {"n": MAX_FILES}, field="file")
        entered, occurred = moments(ticket, at=at, occurred_at=None, by_person=False)
        row = Attachment(
            company_id=ticket.company_id,
            ticket=ticket,
            purpose=purpose,
            content_type=picture.content_type,
            name=picture.name,
            size=len(picture.content),
            width=picture.width,
            height=picture.height,
            uploaded_by=by,
            uploaded_at=entered,
            taken_at=taken_at,
            visit_no=visit_no,
        )
        row.file.save(f"{ticket.company_id}/{row.public_id.hex}.{picture.suffix}", picture.as_file(), save=False)
        row.save()
        record(
            ticket,
            "attached",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"attachment": str(row.public_id), "purpose": purpose},
        )
        return row
