"""What happened to a ticket, in words, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from residents.words import listed, yuan
from tickets.kinds import TicketKind, kind_of
from tickets.models import Attachment, Callback, Ticket, TicketEvent
from tickets.queries.shown import Photo, photo_of
from tickets.sla.definitions import definition

PAGE = 40
LATE_ENTRY = timedelta(minutes=1)
"""Entered this much after it happened, an event says when it was entered."""

CORE_LABELS: dict[str, Promise] = {
    "comment": _("写跟进"),
    "attached": _("上传照片"),
    "urged": _("催办"),
    "edited": _("更正内容"),
    "promise_made": _("登记承诺"),
    "promise_kept": _("承诺已兑现"),
    "promise_replaced": _("另约承诺时间"),
    "reporter_added": _("加报事人"),
    "reporter_replied": _("回复报事人"),
    "merged_in": _("并入一张重复的工单"),
    "approval_asked": _("申请减免费用"),
    "approval_decided": _("审批减免"),
    "reported_up": _("上报"),
    "report_answered": _("上级决定"),
    "breached": _("超时"),
    "escalated": _("已通知"),
    "clock_corrected": _("登记较晚，实际按时"),
    "clock_moved": _("时限改到"),
}
CORE_ICONS = {
    "comment": "note",
    "attached": "camera",
    "urged": "bell",
    "edited": "pencil",
    "promise_made": "clock",
    "promise_kept": "clock",
    "promise_replaced": "clock",
    "reporter_added": "user",
    "reporter_replied": "message",
    "merged_in": "link",
    "approval_asked": "receipt",
    "approval_decided": "receipt",
    "reported_up": "upload",
    "report_answered": "check",
    "breached": "alert-triangle",
    "escalated": "bell",
    "clock_corrected": "clock",
    "clock_moved": "calendar-event",
}
NOTES = ("note", "words", "explanation", "progress", "decision")
"""Where an event keeps what somebody wrote, when it is no reason or result."""
SIDE = ("comment", "attached", "edited", "clock_moved", "urged")
"""Left out when only the key events are asked for."""
WEEKDAYS = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))


@dataclass(frozen=True)
class Line:
    """One event as components/timeline.html draws it. `entered_at` is set when it was typed in later."""

    id: int
    at: datetime
    entered_at: datetime | None
    day: str
    icon: str
    who: str
    verb: str
    detail: str
    text: str
    visible: bool
    breach: bool
    photos: tuple[Photo, ...]


@dataclass(frozen=True)
class Timeline:
    lines: list[Line]
    total: int
    older: int | None
    """The id before which the next page begins, None on the last one."""


def timeline_of(ticket: Ticket, files: Iterable[Attachment], *, key_only: bool, before: int | None) -> Timeline:
    """A page of the ticket's events. Two statements."""
    events = ticket.events.select_related("actor")
    total = events.count()
    if key_only:
        events = events.exclude(kind__in=SIDE)
    if before is not None:
        events = events.filter(pk__lt=before)
    found = list(events.order_by("-pk")[: PAGE + 1])
    page = found[:PAGE]
    known = {str(file.public_id): file for file in files}
    kind = kind_of(ticket)
    lines: list[Line] = []
    day = ""
    for event in page:
        today = _day(event.occurred_at)
        lines.append(_line(event, kind, known, "" if today == day else today))
        day = today
    return Timeline(lines, total, page[-1].pk if len(found) > PAGE else None)


def label_of(kind: TicketKind, event_kind: str) -> str:
    """The word for a kind of event, or a sentence of the source for the reader; another code as it stands."""
    return str(kind.event_labels.get(event_kind) or CORE_LABELS.get(event_kind) or _t(event_kind))


def _line(event: TicketEvent, kind: TicketKind, files: dict[str, Attachment], day: str) -> Line:
    file = files.get(str(event.data.get("attachment", "")))
    is_late = event.entered_at - event.occurred_at >= LATE_ENTRY and event.actor_id is not None
    return Line(
        id=event.pk,
        at=event.occurred_at,
        entered_at=event.entered_at if is_late else None,
        day=day,
        icon=kind.event_icons.get(event.kind) or CORE_ICONS.get(event.kind, "check"),
        who=event.actor.name if event.actor else _actor(event.actor_label),
        verb=label_of(kind, event.kind),
        detail=_detail(event, kind),
        text=str(event.data.get("text") or event.data.get("reason") or event.data.get("result") or _note(event.data)),
        visible=event.audience == TicketEvent.Audience.OWNER and event.kind == "comment",
        breach=event.kind == "breached",
        photos=(photo_of(file),) if file else (),
    )


def _actor(label: str) -> str:
    return {"owner": _t("业主"), "system": _t("系统")}.get(label, label or _t("系统"))


def _note(data: dict[str, Any]) -> str:
    return next((str(data[name]) for name in NOTES if data.get(name)), "")


def _detail(event: TicketEvent, kind: TicketKind) -> str:
    data = event.data
    if event.kind in ("breached", "escalated", "clock_corrected", "clock_moved"):
        return _about_clock(event)
    parts = [kind.details(event)]
    if event.kind == "attached":
        parts.append(str(dict(Attachment.Purpose.choices).get(data.get("purpose", ""), "")))
    if event.kind == "edited":
        old, new = data.get("old", {}), data.get("new", {})
        parts += [f"{old.get(name) or '—'} → {value}" for name, value in new.items()]
    if event.kind.startswith("promise") and data.get("promised_at"):
        parts.append(str(data.get("subject", "")))
        parts.append(_moment(data["promised_at"]))
    if event.kind == "reported_up":
        parts += data.get("to", [])
    if data.get("into") or event.kind == "merged_in":
        parts.append(str(data.get("into") or data.get("from", "")))
    if event.kind in ("callback_done", "callback_negative", "second_callback_done", "callback_attempted"):
        outcome = dict(Callback.Outcome.choices).get(data.get("outcome", ""), "")
        parts.append(str(outcome))
        if data.get("satisfaction"):
            parts.append(_t("满意度 %(n)d") % {"n": data["satisfaction"]})
        if data.get("demand"):
            parts.append(_t("要求：%(demand)s") % {"demand": data["demand"]})
        if data.get("told"):
            parts.append(_t("已告知 %(people)s") % {"people": listed(data["told"])})
    if data.get("amount_fen") and event.kind.startswith("approval"):
        parts.append(yuan(data["amount_fen"]))
    if event.kind == "approval_decided":
        parts.append(_t("同意") if data.get("granted") else _t("退回"))
    if data.get("archive_number"):
        parts.append(data["archive_number"])
    if event.kind in ("reporter_added",):
        parts.append(str(data.get("name", "")))
    if data.get("as_deputy"):
        parts.append(_t("代行"))
    if data.get("backdated_seconds"):
        parts.append(_t("晚 %(n)d 小时补录") % {"n": data["backdated_seconds"] // 3600})
    return " · ".join(part for part in parts if part)


def _about_clock(event: TicketEvent) -> str:
    data = event.data
    try:
        label = str(definition(data.get("rule", "")).label)
    except KeyError:
        label = str(data.get("rule", ""))
    if event.kind == "escalated":
        people = listed(data.get("to", []))
        level = _t("提醒") if not data.get("level") else _t("升级 %(n)d") % {"n": data["level"]}
        if data.get("dropped"):
            return _t("%(clock)s · %(level)s，已办完，不再通知") % {"clock": label, "level": level}
        return _t("%(clock)s · %(level)s：%(people)s") % {"clock": label, "level": level, "people": people}
    if event.kind == "clock_moved":
        return f"{label} {_moment(data.get('new_due', ''))}"
    return _t("%(clock)s，时限 %(due)s") % {"clock": label, "due": _moment(data.get("due", ""))}


def _moment(text: str) -> str:
    moment = parse_datetime(text) if text else None
    return f"{timezone.localtime(moment):%m-%d %H:%M:%S}" if moment else ""


def _day(moment: datetime) -> str:
    local = timezone.localtime(moment)
    # Translators: a date format of Django: n is the number of the month, M its name, j the day.
    date = date_format(local, _t("n月j日"))
    return _t("%(date)s %(weekday)s") % {"date": date, "weekday": WEEKDAYS[local.weekday()]}
