"""How the front desk takes a repair down: the answers behind `tickets.intake` (rules REP-03 to REP-10)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from repairs.actions import RepairIntake, dispatch_repair, made_by, same_fault, take_down
from repairs.errors import TechnicianUnavailable
from repairs.models import RepairCategory, RepairOrder
from repairs.ranking import Ranking, rank_technicians
from repairs.warranty import warranty_of
from repairs.workflow import WORKFLOW
from residents.errors import DomainError, InvalidInput
from residents.models import Project, Staff, Unit
from residents.tenancy import one_act, scope_now
from residents.words import listed, yuan
from tickets.acting import act_url
from tickets.actions import add_reporter
from tickets.intake import (
    LINK_DUPLICATE,
    LINK_NONE,
    LINK_REWORK,
    POOL,
    Cover,
    Match,
    Matter,
    Outlook,
    Paid,
    PriceLine,
    Saved,
    Suggestion,
    Taken,
)
from tickets.models import Response, Ticket
from tickets.sla.definitions import MINUTE
from tickets.sla.engine import rules_for

REWORK_WITHIN = timedelta(days=30)
"""A repair of the same matter in the same home so soon after the last one is probably a rework."""

PREPARE = {
    "给排水": gettext_lazy("请先关角阀或总阀，移开柜内物品。"),
    "电气": gettext_lazy("请先关对应的空气开关，不要再合闸。"),
    "燃气": gettext_lazy("请关阀、开窗，不要开关电器，人先离开。"),
    "空调": gettext_lazy("请清出空调下方的地方。"),
}
"""What the customer is reminded to do before somebody comes, by the system of the matter (rule REP-04)."""

FIELDS = {
    "when": "visit",
    "promised_at": "window_to",
    "not_duplicate": "link",
    "technician": "assignee",
    "name": "contact_name",
    "accepted_by": "contact_name",
}
"""Fields of a refusal by the domain's words, as the desk's form calls them."""


class DeskIntake:
    """The desk's questions about repairs."""

    def matter(self, value: str, words: str = "", *, project: Project, is_public: bool) -> Matter:
        return _matter(_meant(value, words, is_public=is_public))

    def search(self, query: str, *, project: Project, is_public: bool, limit: int = 8) -> list[Matter]:
        rows = _named(query, is_public=is_public)
        times = _times(project) if rows and not is_public else ""
        return [_matter(category, times) for category in rows[:limit]]

    def common(self, *, limit: int = 6) -> list[Matter]:
        named = RepairCategory.objects.only("code", "name", "group", "trade", "template", "is_public_area")
        rows = named.filter(is_active=True, is_public_area=False).order_by("position", "initials")
        return [_matter(category) for category in rows[:limit]]

    def outlook(
        self,
        matter: str,
        *,
        project: Project,
        unit: Unit | None,
        place: str = "",
        at: datetime,
        chosen: str = "",
        people: bool = True,
        matches: bool = True,
    ) -> Outlook:
        category = _category(matter)
        if category is None:
            return Outlook()
        ranking = rank_technicians(project, trade=category.trade, unit=unit, at=at) if people else None
        warranty = warranty_of(category, unit, on=at.astimezone(project.tzinfo).date())
        in_home = not category.is_public_area and unit is not None
        return Outlook(
            suggestions=_suggestions(ranking, chosen) if ranking else (),
            paid=_paid(category, warranty.basis) if in_home and not warranty.covered else None,
            cover=_cover(warranty.basis, covered=warranty.covered) if in_home else None,
            matches=[_match(t, at) for t in _alike(category, project, unit, place.strip(), at)] if matches else (),
        )

    def submit(self, taken: Taken, *, project: Project, by: Staff, at: datetime | None = None) -> Saved:
        if (made := made_by(taken.form_key, project)) is not None:
            return Saved(made, _("这张单已经登记过，没有重复。"))
        try:
            with one_act():
                return _submit(taken, project=project, by=by, at=at or scope_now())
        except DomainError as error:
            error.field = FIELDS.get(error.field, error.field)
            if error.rule == "REP-07" and not error.field:
                error.field = "price_told"
            raise
        except IntegrityError:
            # The same form sent twice at the same moment: the other one came first.
            if (made := made_by(taken.form_key, project)) is None:
                raise
            return Saved(made, _("这张单已经登记过，没有重复。"))


def _submit(taken: Taken, *, project: Project, by: Staff, at: datetime) -> Saved:
    category = _meant(taken.matter, taken.words, is_public=taken.is_public)
    name = taken.contact_name or (taken.caller.name if taken.caller else "")
    phone = taken.contact_phone or (taken.caller.phone if taken.caller and not taken.contact_name else "")
    link, linked = _answer(taken, category, project, at)
    if link == LINK_DUPLICATE and linked is not None:
        add_reporter(
            linked.pk,
            by=by,
            name=name,
            phone=phone,
            unit=taken.unit,
            person=taken.caller,
            form_key=taken.form_key,
            at=at,
            occurred_at=taken.occurred_at,
        )
        return Saved(linked, _("已并入这张单，并记下报事人 %(name)s。") % {"name": name})
    if taken.price_told and not name:
        raise InvalidInput(_("请填写同意收费的人。"), rule="REP-07", field="contact_name")
    ticket = take_down(
        RepairIntake(
            category=category,
            when=taken.visit,
            unit=taken.unit,
            place=taken.place.strip(),
            description=taken.description,
            window_from=taken.window_from,
            window_to=taken.window_to,
            explanation=taken.explanation,
            reporter=taken.caller,
            contact_name=name,
            contact_phone=phone,
            channel=taken.channel,
            contact_ended_at=contact_end(taken.contact_ended_at, occurred_at=taken.occurred_at, at=at),
            is_important=taken.is_important,
            price_told=taken.price_told,
            not_duplicate=link in (LINK_NONE, LINK_REWORK),
            told_next_day=taken.told_next_day,
            rework_of=linked if link == LINK_REWORK else None,
            form_key=taken.form_key,
        ),
        project=project,
        by=by,
        at=at,
        occurred_at=taken.occurred_at,
    )
    if ticket.response == Response.CANNOT:
        return Saved(ticket, _("已登记“不能办”，等客服中心负责人确认。"))
    if not taken.dispatch:
        return Saved(ticket, _("已登记，待派单。"))
    technician = _technician(taken.assignee, category, project=project, unit=taken.unit, at=at)
    ticket = dispatch_repair(ticket.pk, by=by, technician=technician, at=at, made=ticket)
    undo = act_url(ticket, "take_back")
    if technician is None:
        return Saved(ticket, _("已放入抢单池。"), undo)
    return Saved(ticket, _("已派给 %(to)s。") % {"to": f"{technician.name} {technician.number}"}, undo)


def contact_end(ended: datetime | None, *, occurred_at: datetime | None, at: datetime) -> datetime | None:
    """When the conversation ended: the minute to tell engineering counts from there, if that was before the saving.

    Of a report that is typed in later and names no end, it ended when it was made. Raises InvalidInput for an end in
    the future or before the report (rule REP-06).
    """
    if ended is None:
        return occurred_at
    if ended > at:
        raise InvalidInput(_("通话结束时间晚于现在，请核对。"), rule="REP-06", field="contact_ended_at")
    if occurred_at is not None and ended < occurred_at:
        raise InvalidInput(_("通话结束时间早于接报时间，请核对。"), rule="REP-06", field="contact_ended_at")
    return ended


def _technician(
    assignee: str, category: RepairCategory, *, project: Project, unit: Unit | None, at: datetime
) -> Staff | None:
    """The person with this number, the first who can be sent for "", None for the pool."""
    if assignee == POOL:
        return None
    if assignee:
        person = Staff.objects.filter(number=assignee, is_active=True).first()
        if person is None:
            raise InvalidInput(_("没有这位技工，请重新选择。"), field="assignee")
        return person
    first = rank_technicians(project, trade=category.trade, unit=unit, at=at).first
    if first is None:
        raise TechnicianUnavailable(_("现在没有能派的技工：请放入抢单池，或仅登记。"), field="assignee")
    return first.staff


def _category(code: str) -> RepairCategory | None:
    return RepairCategory.objects.select_related("tariff").filter(code=code, is_active=True).first() if code else None


def _meant(value: str, words: str, *, is_public: bool) -> RepairCategory:
    """The category chosen from a list, unless something was typed over it; else the only one the words can mean."""
    chosen = _category(value)
    if chosen is None or words not in ("", chosen.name):
        found = _named(words, is_public=is_public)
        named = [category for category in found if category.name == words] or found
        if not named:
            sentence = _("没有“%(words)s”这个事项，请从列表里选一个。") if words else _("请选择事项。")
            raise InvalidInput(sentence % {"words": words} if words else sentence, rule="REP-04", field="matter")
        if len(named) > 1:
            names = listed(category.name for category in named[:4])
            raise InvalidInput(
                _("“%(words)s”有几种，请选一种：%(names)s。") % {"words": words, "names": names}, field="matter"
            )
        chosen = named[0]
    if chosen.is_public_area != is_public:
        where = _("公共") if chosen.is_public_area else _("户内")
        raise InvalidInput(
            _("“%(name)s”是%(where)s事项，请改选范围。") % {"name": chosen.name, "where": where}, field="matter"
        )
    return chosen


def _named(query: str, *, is_public: bool) -> list[RepairCategory]:
    """Categories of the scope by pinyin initials, code, characters of the name, or system; the best first."""
    words = query.strip()
    if not words:
        return []
    low = words.lower()
    named = Q(initials__startswith=low) | Q(code__startswith=low) | Q(name__contains=words) | Q(group=words)
    rows = list(
        RepairCategory.objects.select_related("tariff")
        .filter(named, is_active=True, is_public_area=is_public)
        .order_by("position", "initials")[:50]
    )
    rows.sort(key=lambda category: (category.initials != low, not category.initials.startswith(low)))
    return rows


def _answer(taken: Taken, category: RepairCategory, project: Project, at: datetime) -> tuple[str, Ticket | None]:
    """What the clerk said about a possible same fault, and of which ticket (rule REP-10). One statement, if any.

    "None of them", said of another list than the one offered now, is no answer: the question is asked again.
    """
    if not taken.link:
        return "", None
    alike = _alike(category, project, taken.unit, taken.place.strip(), at)
    outlook = Outlook(matches=[_match(ticket, at) for ticket in alike])
    if taken.link == outlook.decline:
        return LINK_NONE, None
    for ticket, match in zip(alike, outlook.matches, strict=True):
        if taken.link == match.value:
            return match.kind, ticket
    if taken.link.startswith(LINK_NONE):
        return "", None
    raise InvalidInput(_("要关联的工单找不到了，请重新选择。"), rule="REP-10", field="link")


def _matter(category: RepairCategory, times: str = "") -> Matter:
    scope = _("公共") if category.is_public_area else _("户内")
    return Matter(
        value=category.code,
        label=category.name,
        path=f"{category.group} › {scope}",
        hint=" · ".join(part for part in (str(category.get_trade_display()), times) if part),
        template=category.template,
        prepare=str(PREPARE.get(category.group, "")),
    )


def _times(project: Project) -> str:
    """The time allowed until arrival and start, as the project's rules have it now."""
    rules = rules_for(project.pk, ("REP-16", "REP-17"))
    words = (("REP-16", _("到场 %(n)d 分")), ("REP-17", _("开工 %(n)d 分")))
    return " · ".join(text % {"n": rules[code].value // MINUTE} for code, text in words if code in rules)


def _suggestions(ranking: Ranking, chosen: str) -> list[Suggestion]:
    first = ranking.first
    offered = {c.staff.number for c in ranking.candidates if not c.reason}
    checked = chosen if chosen == POOL or chosen in offered else (first.staff.number if first else "")
    return [
        *(
            Suggestion(
                value=c.staff.number,
                name=c.staff.name,
                trade=c.trade,
                note=c.note,
                reason=c.reason,
                checked=c.staff.number == checked,
            )
            for c in ranking.candidates
        ),
        Suggestion(
            value=POOL,
            name=_("工程部抢单池"),
            trade="",
            note=_("在班 %(n)d 人") % {"n": ranking.on_duty},
            checked=checked == POOL,
        ),
    ]


def _paid(category: RepairCategory, basis: str) -> Paid:
    tariff = category.tariff
    lines = [PriceLine(tariff.name, f"{yuan(tariff.price_fen)} / {tariff.per}")] if tariff else []
    return Paid(
        title=_("收费维修：%(basis)s") % {"basis": basis},
        form_name=_("开《%(form)s》，先告知收费标准") % {"form": RepairOrder.Form.REPAIR_ORDER.label},
        lines=lines,
    )


def _cover(basis: str, *, covered: bool) -> Cover:
    form = RepairOrder.Form.WORK_ORDER if covered else RepairOrder.Form.REPAIR_ORDER
    title = _("保修期内") if covered else _("收费维修")
    return Cover(
        title=title, detail=_("%(basis)s · 开《%(form)s》") % {"basis": basis, "form": form.label}, covered=covered
    )


def _alike(category: RepairCategory, project: Project, unit: Unit | None, place: str, at: datetime) -> list[Ticket]:
    """Open repairs of the matter there, and in a home those finished lately (rule REP-10). One statement."""
    here = place or (unit.label if unit else "")
    if not here or (unit is None and not category.is_public_area):
        return []
    same = same_fault(category, project, unit=unit, place=here)
    if category.is_public_area:
        same = same.open()
    else:
        same = same.filter(Q(closed_at=None) | Q(handled_at__gte=at - REWORK_WITHIN))
    return list(same.order_by("-pk")[:3])


def _match(ticket: Ticket, at: datetime) -> Match:
    kind = LINK_DUPLICATE if ticket.is_open else LINK_REWORK
    days = max((at - ticket.reported_at).days, 0)
    title = _("同类报修还没办完") if ticket.is_open else _("%(n)d 天内同类报修") % {"n": max(days, 1)}
    state = WORKFLOW.state(ticket.state).label
    return Match(f"{kind}:{ticket.public_id}", kind, title, f"{ticket.title} · {state}", ticket.short_number)
