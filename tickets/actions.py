"""What people do to any ticket beside its workflow: comments, files, promises, urging, merging, approvals."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from residents.errors import GateClosed, InvalidInput, NotAllowed, StaleVersion
from residents.models import Person, Project, Staff, Unit
from residents.policies import Policy, require
from residents.roles import LINE_ABOVE, Role
from tickets import policies
from tickets.errors import IllegalTransition, TicketClosed
from tickets.facts import moments, record
from tickets.kinds import kind
from tickets.live import publish_on_commit
from tickets.models import (
    Approval,
    Attachment,
    Notice,
    Promise,
    Response,
    Ticket,
    TicketEvent,
    TicketReporter,
)
from tickets.sla import engine
from tickets.sla.ladder import holders
from tickets.texts import checked


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What the desk knows when a matter is taken, whatever its kind. Times are aware."""

    title: str
    place: str
    description: str = ""
    category: str = ""
    is_public_area: bool = False
    unit: Unit | None = None
    reporter: Person | None = None
    contact_name: str = ""
    contact_phone: str = ""
    channel: str = "phone"
    response: str = Response.NOW
    explanation: str = ""
    promised_at: datetime | None = None
    is_important: bool = False
    form_key: uuid.UUID | None = None


def existing_for(form_key: uuid.UUID | None) -> Ticket | None:
    """The ticket the same form has already made, if it was submitted before. One narrow statement if not."""
    if form_key is None:
        return None
    made = Ticket.objects.filter(form_key=form_key).values_list("pk", flat=True)[:1]
    return Ticket.objects.get(pk=made[0]) if made else None


def open_ticket(
    kind_code: str, intake: Reported, *, project: Project, by: Staff | None, entered_at: datetime, occurred_at: datetime
) -> Ticket:
    """Insert the row and give it a number. The kind's own verb adds its record and the first event.

    Raises InvalidInput when the three-way answer is incomplete (rule GEN-03), a text cannot be stored, or the home or
    the person belongs to another project (rule GEN-08). Needs an open transaction.
    """
    _check_belonging(intake, project, by)
    description = checked(intake.description, field="description", at_most=5000)
    place = checked(intake.place, field="place", at_most=80)
    explanation = checked(intake.explanation, field="explanation", at_most=500)
    if intake.response == Response.CANNOT and not explanation:
        raise InvalidInput(_("答复“不能办”要写明对业主的解释。"), rule="GEN-03", field="explanation")
    if intake.response == Response.LATER and intake.promised_at is None:
        raise InvalidInput(_("约定以后办，要填写承诺时间。"), rule="GEN-03", field="promised_at")
    if intake.promised_at is not None and intake.promised_at <= entered_at:
        raise InvalidInput(_("承诺时间要晚于现在。"), rule="GEN-04", field="promised_at")
    ticket = Ticket(
        company_id=project.company_id,
        project=project,
        number=next_number(project, kind(kind_code).number_prefix, at=entered_at),
        kind=kind_code,
        state=kind(kind_code).workflow.initial,
        title=intake.title,
        description=description,
        category=intake.category,
        is_public_area=intake.is_public_area,
        unit=intake.unit,
        place=place,
        reporter=intake.reporter,
        contact_name=checked(intake.contact_name, field="contact_name", at_most=40),
        contact_phone=checked(intake.contact_phone, field="contact_phone", at_most=20),
        channel=checked(intake.channel, field="channel", at_most=12),
        response=intake.response,
        explanation=explanation,
        is_important=intake.is_important,
        owner=by,
        reported_at=occurred_at,
        entered_at=entered_at,
        last_step_at=occurred_at,
        form_key=intake.form_key,
    )
    ticket.save(force_insert=True)
    return ticket


def _check_belonging(intake: Reported, project: Project, by: Staff | None) -> None:
    """Nothing of another project or company gets onto a ticket, whoever built the request (rule GEN-08)."""
    if by is not None and by.company_id != project.company_id:
        raise NotAllowed(rule="GEN-08")
    if intake.unit is not None and intake.unit.project_id != project.pk:
        raise InvalidInput(_("这个房号不在本项目内。"), rule="GEN-08", field="unit")
    person = intake.reporter
    if person is not None and not person.occupancies.filter(unit__project=project).exists():
        raise InvalidInput(_("这位业户不在本项目内。"), rule="GEN-08", field="reporter")


def next_number(project: Project, prefix: str, *, at: datetime) -> str:
    """GD-20260317-042: prefix, local day, counter of the project and day. One statement; gaps allowed, repeats not."""
    day = at.astimezone(project.tzinfo).date()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tickets_ticketcounter (company_id, project_id, prefix, day, last) VALUES (%s, %s, %s, %s, 1) "
            "ON CONFLICT (company_id, project_id, prefix, day) "
            "DO UPDATE SET last = tickets_ticketcounter.last + 1 RETURNING last",
            [project.company_id, project.pk, prefix, day],
        )
        counter: int = cursor.fetchone()[0]
    return f"{prefix}-{day:%Y%m%d}-{counter:03d}"


@contextmanager
def _touch(
    ticket_id: int,
    policy: Policy,
    *,
    by: Staff,
    at: datetime | None,
    occurred_at: datetime | None = None,
    version: int | None = None,
    also_closed: bool = False,
) -> Iterator[tuple[Ticket, datetime, datetime]]:
    """Lock a ticket for an act beside its workflow: checks the person, the version, and that it is still open."""
    with transaction.atomic():
        ticket = Ticket.objects.select_related("project").lock(ticket_id)
        require(by, policy, project_id=ticket.project_id)
        if version is not None and version != ticket.version:
            raise StaleVersion
        if ticket.closed_at is not None and not also_closed:
            raise TicketClosed
        entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=False)
        yield ticket, entered, occurred


def add_comment(
    ticket_id: int, *, by: Staff, text: str, to_owner: bool = False, at: datetime | None = None
) -> TicketEvent:
    """Write a line on the timeline, internal or visible to the owner (rule REP-40). At most 2,000 characters."""
    text = checked(text, field="text", at_most=2000, needed=_("请先写内容。"))
    policy = policies.COMMENT_TO_OWNER if to_owner else policies.COMMENT
    with _touch(ticket_id, policy, by=by, at=at, also_closed=True) as (ticket, entered, occurred):
        audience = TicketEvent.Audience.OWNER if to_owner else TicketEvent.Audience.INTERNAL
        return record(
            ticket, "comment", by=by, entered_at=entered, occurred_at=occurred, data={"text": text}, audience=audience
        )


def urge(ticket_id: int, *, by: Staff, at: datetime | None = None) -> TicketEvent:
    """Chase whoever holds the ticket: the assignee, else the engineering duty manager."""
    with _touch(ticket_id, policies.URGE, by=by, at=at) as (ticket, entered, occurred):
        event = record(ticket, "urged", by=by, entered_at=entered, occurred_at=occurred)
        people = [ticket.assignee] if ticket.assignee else []
        if not people:
            people = holders(Role.ENGINEERING_DUTY, project_id=ticket.project_id, at=entered)
        notify(
            ticket,
            people,
            kind="urged",
            text=_("催办：%(title)s · %(place)s") % {"title": ticket.title, "place": ticket.place},
            key=f"event/{event.pk}",
            at=entered,
        )
        return event


def notify(ticket: Ticket, people: list[Staff], *, kind: str, text: str, key: str, at: datetime) -> None:
    """Put a line into people's notice centres. The same key again changes nothing."""
    Notice.objects.bulk_create(
        [
            Notice(
                company_id=ticket.company_id,
                project_id=ticket.project_id,
                staff=person,
                ticket=ticket,
                kind=kind,
                text=text[:200],
                dedup_key=key,
                created_at=at,
            )
            for person in people
        ],
        ignore_conflicts=True,
    )
    publish_on_commit(ticket, "notice", staff=[person.pk for person in people])


def acknowledge(notice_id: int, *, by: Staff, at: datetime) -> Notice:
    """收到: stops the alarm for this person, never the clock. Safe to repeat."""
    with transaction.atomic():
        notice = Notice.objects.select_for_update(of=("self",), no_key=True).get(pk=notice_id, staff=by)
        if notice.acknowledged_at is None:
            notice.acknowledged_at = at
            notice.save(update_fields=("acknowledged_at",))
        return notice


def report_up(
    ticket_id: int, *, by: Staff, reason: str, at: datetime | None = None, occurred_at: datetime | None = None
) -> TicketEvent:
    """Pass a matter beyond one's own power to the line above before it grows (rule GEN-06)."""
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明需要上级解决什么。"), rule="GEN-06")
    with _touch(ticket_id, policies.REPORT_UP, by=by, at=at, occurred_at=occurred_at) as (ticket, entered, occurred):
        people: dict[int, Staff] = {}
        for role in by.roles_in(ticket.project_id):
            for above in LINE_ABOVE.get(role, ()):
                people.update({p.pk: p for p in holders(above, project_id=ticket.project_id, at=entered)})
        event = record(
            ticket,
            "reported_up",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"reason": reason, "to": [f"{p.name} {p.number}" for p in people.values()]},
        )
        notify(
            ticket,
            list(people.values()),
            kind="reported_up",
            text=_("%(name)s 上报：%(title)s · %(reason)s")
            % {"name": by.name, "title": ticket.title, "reason": reason},
            key=f"event/{event.pk}",
            at=entered,
        )
        return event


# Promises


def make_promise(
    ticket_id: int, *, by: Staff | None, subject: str, promised_at: datetime, at: datetime | None = None
) -> Promise:
    """Record a time promised to the customer; its clock runs without grace (rule GEN-04)."""
    with transaction.atomic():
        ticket = Ticket.objects.select_related("project").lock(ticket_id)
        if by is not None:
            require(by, policies.PROMISE, project_id=ticket.project_id)
        if ticket.closed_at is not None:
            raise TicketClosed
        entered, _occurred = moments(ticket, at=at, occurred_at=None, by_person=False)
        return promise(ticket, by=by, subject=subject, promised_at=promised_at, at=entered)


def promise(ticket: Ticket, *, by: Staff | None, subject: str, promised_at: datetime, at: datetime) -> Promise:
    """The same for a ticket that is already locked."""
    subject = checked(subject, field="subject", at_most=80, needed=_("请写明承诺了什么。"), rule="GEN-04")
    if promised_at <= at:
        raise InvalidInput(_("承诺时间要晚于现在。"), rule="GEN-04", field="promised_at")
    made = Promise.objects.create(
        company_id=ticket.company_id, ticket=ticket, subject=subject, promised_at=promised_at, made_by=by, made_at=at
    )
    record(
        ticket,
        "promise_made",
        by=by,
        entered_at=at,
        occurred_at=at,
        data={"promise": made.pk, "subject": subject, "promised_at": promised_at.isoformat()},
    )
    return made


def keep_promise(
    promise_id: int, *, by: Staff, at: datetime | None = None, occurred_at: datetime | None = None
) -> Promise:
    """What was promised has been done. Keeping a kept promise changes nothing."""
    found = Promise.objects.get(pk=promise_id)
    with _touch(found.ticket_id, policies.PROMISE, by=by, at=at, occurred_at=occurred_at) as (
        ticket,
        entered,
        occurred,
    ):
        row = Promise.objects.select_for_update(of=("self",), no_key=True).get(pk=promise_id)
        if row.replaced_by_id is not None:
            raise IllegalTransition(_("这个承诺已经改约，请登记新的承诺。"))
        if occurred < row.made_at:
            raise InvalidInput(_("兑现时间早于承诺的时间，请核对。"), rule="GEN-01", field="occurred_at")
        if row.kept_at is None:
            row.kept_at = occurred
            row.save(update_fields=("kept_at",))
            record(ticket, "promise_kept", by=by, entered_at=entered, occurred_at=occurred, data={"promise": row.pk})
        return row


def replace_promise(
    promise_id: int, *, by: Staff, promised_at: datetime, progress: str, at: datetime | None = None
) -> Promise:
    """Tell the customer before the time passes that it cannot be kept, and agree a new time (rule GEN-04).

    `progress` is what the customer was told. After the old time has passed the old breach stays (rule GEN-02).
    """
    progress = checked(progress, field="progress", at_most=500, needed=_("请写明联系业主时告知的进展。"), rule="GEN-04")
    found = Promise.objects.get(pk=promise_id)
    with _touch(found.ticket_id, policies.PROMISE, by=by, at=at) as (ticket, entered, occurred):
        old = Promise.objects.select_for_update(of=("self",), no_key=True).get(pk=promise_id)
        if old.kept_at is not None or old.replaced_by_id is not None:
            raise IllegalTransition(_("这个承诺已经兑现或改过。"))
        if promised_at <= entered:
            raise InvalidInput(_("承诺时间要晚于现在。"), rule="GEN-04", field="promised_at")
        new = Promise.objects.create(
            company_id=ticket.company_id,
            ticket=ticket,
            subject=old.subject,
            promised_at=promised_at,
            made_by=by,
            made_at=entered,
        )
        old.replaced_by = new
        old.save(update_fields=("replaced_by",))
        record(
            ticket,
            "promise_replaced",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={
                "promise": new.pk,
                "replaces": old.pk,
                "promised_at": promised_at.isoformat(),
                "progress": progress,
            },
        )
        return new


# Editing, reporters, merging


MOST_FEN = 100_000_000
"""A million yuan: more is a slip of the finger."""

EDITABLE = {"title": 80, "description": 5000, "contact_name": 40, "contact_phone": 20, "is_important": 0}
"""What may be corrected, and how long each text may be."""


def edit_ticket(
    ticket_id: int, *, by: Staff, changes: dict[str, Any], reason: str, version: int, at: datetime | None = None
) -> Ticket:
    """Correct what was taken down. Old and new values stay on the timeline with the reason (rule GEN-10)."""
    if set(changes) - set(EDITABLE):
        raise InvalidInput(_("这些内容不能在这里改。"), rule="GEN-10")
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明更正原因。"), rule="GEN-10")
    changes = {
        name: bool(value)
        if name == "is_important"
        else checked(
            str(value),
            field=name,
            at_most=EDITABLE[name],
            needed=_("事项不能为空。") if name == "title" else "",
            rule="GEN-10",
        )
        for name, value in changes.items()
    }
    with _touch(ticket_id, policies.EDIT, by=by, at=at, version=version) as (ticket, entered, occurred):
        old = {name: getattr(ticket, name) for name in changes if getattr(ticket, name) != changes[name]}
        if not old:
            return ticket
        for name in old:
            setattr(ticket, name, changes[name])
        ticket.version += 1
        ticket.save()
        record(
            ticket,
            "edited",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"old": old, "new": {name: changes[name] for name in old}, "reason": reason},
        )
        return ticket


def add_reporter(
    ticket_id: int,
    *,
    by: Staff,
    name: str,
    phone: str = "",
    unit: Unit | None = None,
    person: Person | None = None,
    form_key: uuid.UUID | None = None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
) -> TicketReporter:
    """Somebody else reports the same fault: linked to the open ticket instead of a new one (rules REP-01, REP-10).

    The same `form_key` again returns the reporter already added.
    """
    name = checked(name, field="name", at_most=40, needed=_("请填写报事人。"), rule="REP-01")
    phone = checked(phone, field="phone", at_most=20)
    with _touch(ticket_id, policies.EDIT, by=by, at=at, occurred_at=occurred_at) as (ticket, entered, occurred):
        _check_belonging(Reported(title=name, place="", unit=unit, reporter=person), ticket.project, by)
        key = str(form_key) if form_key else None
        added = ticket.events.filter(kind="reporter_added", data__form_key=key).first() if key else None
        if added is not None:
            return TicketReporter.objects.get(pk=added.data["reporter"])
        row = TicketReporter.objects.create(
            company_id=ticket.company_id,
            ticket=ticket,
            person=person,
            unit=unit,
            name=name,
            phone=phone,
            reported_at=occurred,
        )
        record(
            ticket,
            "reporter_added",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"reporter": row.pk, "name": name, "form_key": key},
        )
        return row


def reply_to_reporter(
    reporter_id: int, *, by: Staff, words: str = "", at: datetime | None = None, occurred_at: datetime | None = None
) -> TicketReporter:
    """Tell one reporter that the public fault is fixed, not before it is (rule REP-02). Twice changes nothing."""
    words = checked(words, field="words", at_most=500)
    found = TicketReporter.objects.get(pk=reporter_id)
    with _touch(found.ticket_id, policies.CALL_BACK, by=by, at=at, occurred_at=occurred_at, also_closed=True) as (
        ticket,
        entered,
        occurred,
    ):
        if ticket.handled_at is None:
            raise GateClosed(_("修好以后的告知才算回复；进展请写在跟进里。"), rule="REP-02")
        if occurred < ticket.handled_at:
            raise InvalidInput(_("回复时间早于完工时间，请核对。"), rule="GEN-01", field="occurred_at")
        row = TicketReporter.objects.select_for_update(of=("self",), no_key=True).get(pk=reporter_id)
        if row.replied_at is None:
            row.replied_at = occurred
            row.save(update_fields=("replied_at",))
            record(
                ticket,
                "reporter_replied",
                by=by,
                entered_at=entered,
                occurred_at=occurred,
                data={"reporter": row.pk, "words": words},
            )
        return row


def merge_tickets(
    source_id: int, *, into_id: int, by: Staff, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """Close a ticket as a duplicate of an open one of the same kind (rule REP-10); returns the one that stays.

    Its clocks are cancelled with that reason, the other keeps the earlier start, and every reporter keeps the right
    to a reply.
    """
    from tickets.workflow import step

    with transaction.atomic():
        for pk in sorted((source_id, into_id)):
            Ticket.objects.lock(pk)
        target = Ticket.objects.select_related("project").get(pk=into_id)
        source_now = Ticket.objects.get(pk=source_id)
        if source_id == into_id or target.kind != source_now.kind or target.project_id != source_now.project_id:
            raise InvalidInput(_("只能并入同一项目、同一类型的另一张工单。"), rule="REP-10", field="into")
        if target.closed_at is not None:
            raise TicketClosed(_("要并入的工单已经结束。"))
        with step(source_id, "merge", by=by, at=at, version=version, data={"into": target.number}) as taken:
            engine.take_earlier_start(target, taken.ticket, at=taken.entered_at)
            taken.ticket.merged_into = target
            _hand_over_reporters(taken.ticket, target)
            if taken.ticket.reported_at < target.reported_at:
                target.reported_at = taken.ticket.reported_at
            target.version += 1
            target.save()
        record(
            target,
            "merged_in",
            by=by,
            entered_at=taken.entered_at,
            occurred_at=taken.entered_at,
            data={"from": taken.ticket.number, "from_id": str(taken.ticket.public_id)},
        )
        return target


def _hand_over_reporters(source: Ticket, target: Ticket) -> None:
    """Whoever reported the duplicate is a reporter of the ticket that stays (rule REP-10)."""
    if TicketReporter.objects.filter(ticket=source).update(ticket=target, came_from=source):
        return
    name = source.contact_name or (source.reporter.name if source.reporter else "")
    if name:
        TicketReporter.objects.create(
            company_id=target.company_id,
            ticket=target,
            person=source.reporter,
            unit=source.unit,
            name=name,
            phone=source.contact_phone,
            reported_at=source.reported_at,
            came_from=source,
        )


# Approvals


def ask_approval(
    ticket_id: int, *, by: Staff, subject: str, reason: str, amount_fen: int = 0, at: datetime | None = None
) -> Approval:
    """Ask a superior for a yes, for example for relief of fees (rules REP-28, ROLE-10). Money in fen."""
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明申请原因。"), rule="ROLE-10")
    if not 0 <= amount_fen <= MOST_FEN:
        raise InvalidInput(_("金额不对，请核对。"), field="amount", rule="ROLE-10")
    with _touch(ticket_id, policies.ASK_APPROVAL, by=by, at=at) as (ticket, entered, occurred):
        row = Approval.objects.create(
            company_id=ticket.company_id,
            ticket=ticket,
            subject=subject,
            reason=reason,
            amount_fen=amount_fen,
            asked_by=by,
            asked_at=entered,
        )
        record(
            ticket,
            "approval_asked",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"approval": row.pk, "subject": subject, "amount_fen": amount_fen, "reason": reason},
        )
        notify(
            ticket,
            holders(Role.ESTATE_MANAGER, project_id=ticket.project_id, at=entered),
            kind="approval",
            text=_("待批：%(title)s · %(reason)s") % {"title": ticket.title, "reason": reason},
            key=f"approval/{row.pk}",
            at=entered,
        )
        return row


def decide_approval(
    approval_id: int, *, by: Staff, granted: bool, note: str = "", at: datetime | None = None
) -> Approval:
    """Say yes or no. Nobody decides what he asked for himself (rule ROLE-18)."""
    note = checked(note, field="note", at_most=500)
    found = Approval.objects.get(pk=approval_id)
    with _touch(found.ticket_id, policies.APPROVE_RELIEF, by=by, at=at) as (ticket, entered, occurred):
        row = Approval.objects.select_for_update(of=("self",), no_key=True).get(pk=approval_id)
        if row.decision != Approval.Decision.WAITING:
            raise IllegalTransition(_("已经批过了。"))
        if row.asked_by_id == by.pk:
            raise GateClosed(_("不能审批自己的申请。"), rule="ROLE-18")
        row.decision = Approval.Decision.GRANTED if granted else Approval.Decision.REFUSED
        row.decided_by, row.decided_at, row.note = by, entered, note
        row.save()
        record(
            ticket,
            "approval_decided",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"approval": row.pk, "granted": granted, "note": note},
        )
        return row


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
    with transaction.atomic():
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
