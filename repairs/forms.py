"""The forms of a repair's acts: what each asks, and the verb behind it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from repairs import actions, policies
from repairs.actions import Material, last_dispatch
from repairs.availability import is_worker, workers_of
from repairs.models import UNFINISHED, Outcome, TariffItem, Visit
from repairs.ranking import rank_technicians
from repairs.workflow import has_signature, order_of
from residents.models import Staff
from residents.tenancy import one_act, scope_now
from residents.words import yuan
from tickets.acting import ActForm, ActionForm, LateForm, Submitted, moment_field, text_field
from tickets.actions import attach
from tickets.forms import TAIL_FORMS, LateReasonForm
from tickets.models import Attachment, Callback, Ticket

POOL = "pool"
OFFERED = 5
"""How many technicians a dispatch offers, best first."""
MATERIAL_ROWS = 3
MOST_YUAN = 1_000_000


def _yuan(label: Any, *, required: bool = True, **more: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=required, min_value=0, max_value=MOST_YUAN, decimal_places=2, max_digits=9, **more
    )


def _fen(yuan: Decimal | None) -> int:
    return int((yuan or Decimal(0)) * 100)


class DispatchForm(LateForm):
    technician = forms.ChoiceField(label=_("派给"), widget=forms.RadioSelect)
    oral = forms.BooleanField(label=_("口头派工"), required=False)
    note = text_field(_("交代"), required=False)
    override_reason = text_field(_("仍然派单的原因"), required=False, help_text=_("不在班、暂不接单或工种不符时必填。"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order = order_of(self.ticket)
        ranking = rank_technicians(
            self.ticket.project, trade=order.trade, unit=self.ticket.unit, at=scope_now(), limit=OFFERED
        )
        others = (
            workers_of(self.ticket.project_id)
            .exclude(pk__in=[c.staff.pk for c in ranking.candidates])
            .order_by("pinyin", "number")
        )
        rows = [
            (str(c.staff.pk), " · ".join(filter(None, (c.staff.name, c.trade, c.reason or c.note))))
            for c in ranking.candidates
            if c.staff.pk != self.ticket.assignee_id
        ]
        rows.append((POOL, _t("工程部抢单池 · 在班 %(n)d 人") % {"n": ranking.on_duty}))
        rows += [(str(person.pk), person.name) for person in others if person.pk != self.ticket.assignee_id]
        choice = self.fields["technician"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = rows
        choice.ui = "list"  # type: ignore[attr-defined]
        choice.initial = rows[0][0]


class ReceiverForm(ActForm):
    receiver = forms.ModelChoiceField(label=_("签收人"), queryset=Staff.objects.none())
    cautions = text_field(_("交代的注意事项"), required=False, most=500, rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Staff.objects.filter(memberships__role__in=policies.ENGINEERING, is_active=True).working_in(
            self.ticket.project_id
        )
        self.fields["receiver"].queryset = people.order_by("pinyin", "number")  # type: ignore[attr-defined]
        self.fields["receiver"].initial = self.ticket.assignee_id


class PriceForm(LateForm):
    tariff = forms.ModelChoiceField(
        label=_("收费项目"), queryset=TariffItem.objects.none(), required=False, empty_label=_("不在标准内")
    )
    amount = _yuan(_("告知的金额（元）"), required=False, help_text=_("有收费项目的，不填即按标准。"))
    accepted_by = text_field(_("同意收费的人"), most=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tariff"].queryset = TariffItem.objects.current(self.ticket.project)  # type: ignore[attr-defined]
        self.fields["tariff"].label_from_instance = lambda row: (  # type: ignore[attr-defined]
            f"{row.name} · {yuan(row.price_fen)} / {row.per}"
        )

    @classmethod
    def start(cls, ticket: Ticket) -> dict[str, Any]:
        return {"tariff": order_of(ticket).category.tariff_id}


class WarrantyForm(ActForm):
    in_warranty = forms.TypedChoiceField(
        label=_("归属"),
        choices=(("1", _("保修期内")), ("0", _("收费维修"))),
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
    reason = text_field(_("更正原因"), most=120)


class ExplanationForm(ActForm):
    explanation = text_field(_("对业主的解释"), most=500, rows=3)


class WindowForm(ActForm):
    window_from = moment_field(_("上门开始"))
    window_to = moment_field(_("上门结束"))
    reason = text_field(_("改约原因"), required=False)
    agreed_with = text_field(_("同意改约的人"), required=False, most=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        visit = Visit.objects.filter(ticket=self.ticket, number=order_of(self.ticket).visit_no).first()
        is_moved = visit is not None and actions.moves_a_promise(self.ticket, visit)
        self.fields["reason"].required = self.fields["agreed_with"].required = is_moved


class ReappointForm(LateForm):
    reason = text_field(_("失约原因"), most=200, rows=2)
    window_from = moment_field(_("新的上门开始"))
    window_to = moment_field(_("新的上门结束"))


class ArriveForm(LateForm):
    method = forms.ChoiceField(
        label=_("怎样登记的"),
        choices=(("phone", _("电话报到")), ("manual", _("手机签到"))),
        widget=forms.RadioSelect,
        required=False,
        initial="phone",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.ticket.assignee_id is None:
            self.fields["technician"] = forms.ModelChoiceField(
                label=_t("到场的技工"),
                queryset=workers_of(self.ticket.project_id).order_by("pinyin", "number"),
                required=not is_worker(self.staff, self.ticket.project_id),
                error_messages={"required": _t("这一单还没有技工：请选择到场的技工。")},
            )


class LeaveEarlyForm(LateForm):
    """Consent is a photograph of the signed sheet or a signature on the phone."""

    outcome = forms.ChoiceField(
        label=_("还差什么"),
        choices=[("", _("其他")), *((word, Outcome(word).label) for word in UNFINISHED)],
        required=False,
    )
    reason = text_field(_("为什么没修完"), required=False, rows=2)
    consent = forms.FileField(label=_("书面同意照片"), required=False, allow_empty_file=True)
    signature = forms.FileField(label=_("或请业主签字"), required=False, allow_empty_file=True)
    next_from = moment_field(_("下次上门开始"), required=False)
    next_to = moment_field(_("下次上门结束"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["consent"].ui = "photos"  # type: ignore[attr-defined]
        self.fields["consent"].widget.attrs["accept"] = "image/*"
        self.fields["signature"].ui = "signature"  # type: ignore[attr-defined]
        self.fields["signature"].widget.attrs["accept"] = "image/png,image/jpeg"


class FinishForm(LateForm):
    outcome = forms.ChoiceField(
        label=_("结果"), choices=Outcome.choices, widget=forms.RadioSelect, required=False, initial=Outcome.FIXED
    )
    result = text_field(_("处理结果"), most=1000, rows=2)
    is_cleaned = forms.BooleanField(label=_("已清理现场"), required=False)
    is_tested = forms.BooleanField(label=_("已请业主试用"), required=False)
    signature = forms.FileField(label=_("业主签字"), required=False, allow_empty_file=True)
    signed_on_paper = forms.BooleanField(label=_("业主已在作业联上签字"), required=False)
    part_spec = text_field(_("配件规格"), required=False)
    labour = _yuan(_("人工费（元）"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.ticket.is_public_area:
            self.fields["is_tested"].label = _t("已测试正常")
            del self.fields["signature"], self.fields["signed_on_paper"]
        else:
            self.fields["signature"].widget.attrs["accept"] = "image/png,image/jpeg"
        if order_of(self.ticket).in_warranty:
            del self.fields["labour"]
        elif charged := order_of(self.ticket).charge_fen:
            # A rework adds to the bill: what is typed again is charged twice.
            self.fields["labour"].help_text = _t("只填这次新产生的费用；前次已计 %(sum)s。") % {"sum": yuan(charged)}
        late = self.fields.pop("occurred_at")
        for number in range(MATERIAL_ROWS):
            self.fields[f"material_{number}"] = text_field(
                _t("材料 %(n)d") % {"n": number + 1}, required=False, most=60
            )
            self.fields[f"quantity_{number}"] = forms.DecimalField(
                label=_t("数量"), required=False, min_value=0, max_digits=8, decimal_places=2
            )
            if not order_of(self.ticket).in_warranty:
                self.fields[f"price_{number}"] = _yuan(_t("单价（元）"), required=False)
        self.fields["occurred_at"] = late

    def material_rows(self) -> list[list[forms.BoundField]]:
        """The bound fields of each line: name, quantity and, where the customer pays, price."""
        names = ("material", "quantity", "price")
        return [
            [self[f"{name}_{number}"] for name in names if f"{name}_{number}" in self.fields]
            for number in range(MATERIAL_ROWS)
        ]

    def has_materials(self) -> bool:
        """Whether a line was begun, so that the page shows the lines again."""
        return any(row[0].value() for row in self.material_rows())

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data["materials"] = tuple(
            Material(
                name=name,
                quantity=float(data.get(f"quantity_{number}") or 1),
                price_fen=_fen(data.get(f"price_{number}")),
            )
            for number in range(MATERIAL_ROWS)
            if (name := (data.get(f"material_{number}") or "").strip())
        )
        return data

    def missing(self) -> list[str]:
        """What the finish still lacks, in the words of its button."""
        lacks: list[str] = []
        for name in ("result", "is_cleaned", "is_tested"):
            if not self[name].value():
                lacks.append(str(self.fields[name].label))
        if "signature" in self.fields and not has_signature(self.ticket):
            lacks.append(_t("业主签字"))
        return lacks


class PartsForm(ActForm):
    part_spec = text_field(_("配件规格"), required=False)


class SlipForm(LateForm):
    part_spec = text_field(_("配件规格型号"), required=False, help_text=_("没有换配件的请写“不涉及”。"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["part_spec"].required = not order_of(self.ticket).part_spec

    @classmethod
    def start(cls, ticket: Ticket) -> dict[str, Any]:
        return {"part_spec": order_of(ticket).part_spec}


class WaiveForm(ActForm):
    amount = _yuan(_("减免金额（元）"))


class FeeForm(ActForm):
    receipt_number = text_field(_("收据号"), most=30)


class CancelForm(ActForm):
    withdrawn_by = text_field(_("撤回人"), most=40)
    reason = text_field(_("撤回原因"), rows=2)
    method = forms.ChoiceField(
        label=_("怎样确认的"),
        choices=[(way.value, way.label) for way in (Callback.Method.PHONE, Callback.Method.VISIT)],
        widget=forms.RadioSelect,
    )
    confirmed_at = moment_field(_("确认时间"), required=False, help_text=_("不填即现在。"))


def _dispatch(asked: Submitted) -> str:
    data = asked.data
    chosen = data["technician"]
    technician = None if chosen == POOL else Staff.objects.get(pk=int(chosen))
    ticket = actions.dispatch_repair(
        asked.ticket.pk,
        by=asked.by,
        technician=technician,
        oral=data["oral"],
        note=data["note"],
        override_reason=data["override_reason"],
        occurred_at=asked.occurred_at,
        version=asked.version,
    )
    name = technician.name if technician else _t("抢单池")
    return _t("已派给 %(name)s · %(number)s") % {"name": name, "number": ticket.short_number}


def _take_back(asked: Submitted) -> None:
    actions.take_back_dispatch(asked.ticket.pk, by=asked.by, version=asked.version)


def _inform(asked: Submitted) -> None:
    actions.inform_engineering(asked.ticket.pk, by=asked.by, occurred_at=asked.occurred_at)


def _tell_price(asked: Submitted) -> None:
    data = asked.data
    actions.tell_price(
        asked.ticket.pk,
        by=asked.by,
        accepted_by=data["accepted_by"],
        tariff=data["tariff"],
        amount_fen=None if data["amount"] is None else _fen(data["amount"]),
        occurred_at=asked.occurred_at,
    )


def _correct_warranty(asked: Submitted) -> None:
    data = asked.data
    actions.correct_warranty(asked.ticket.pk, by=asked.by, in_warranty=data["in_warranty"], reason=data["reason"])


def _close_unservable(asked: Submitted) -> None:
    actions.close_unservable(asked.ticket.pk, by=asked.by, explanation=asked.data["explanation"], version=asked.version)


def _accept(asked: Submitted) -> None:
    actions.accept_repair(asked.ticket.pk, by=asked.by, occurred_at=asked.occurred_at, version=asked.version)


def _return(asked: Submitted) -> None:
    actions.return_repair(
        asked.ticket.pk,
        by=asked.by,
        reason=asked.data["reason"],
        occurred_at=asked.occurred_at,
        version=asked.version,
    )


def _set_appointment(asked: Submitted) -> None:
    data = asked.data
    actions.set_appointment(
        asked.ticket.pk,
        by=asked.by,
        window_from=data["window_from"],
        window_to=data["window_to"],
        reason=data["reason"],
        agreed_with=data["agreed_with"],
        version=asked.version,
    )


def _apologise(asked: Submitted) -> None:
    actions.apologise(
        asked.ticket.pk,
        by=asked.by,
        reason=asked.data["reason"],
        occurred_at=asked.occurred_at,
        version=asked.version,
    )


def _reappoint(asked: Submitted) -> None:
    data = asked.data
    actions.reappoint(
        asked.ticket.pk,
        by=asked.by,
        reason=data["reason"],
        window_from=data["window_from"],
        window_to=data["window_to"],
        occurred_at=asked.occurred_at,
        version=asked.version,
    )


def _arrive(asked: Submitted) -> None:
    actions.arrive(
        asked.ticket.pk,
        by=asked.by,
        method=asked.data["method"] or "manual",
        technician=asked.data.get("technician"),
        occurred_at=asked.occurred_at,
        version=asked.version,
    )


def _start(asked: Submitted) -> None:
    actions.start_work(asked.ticket.pk, by=asked.by, occurred_at=asked.occurred_at, version=asked.version)


@one_act()
def _leave_early(asked: Submitted) -> None:
    data = asked.data
    upload = data["consent"] or data["signature"]
    consent = None
    if upload:
        consent = attach(
            asked.ticket.pk,
            by=asked.by,
            upload=upload,
            purpose=Attachment.Purpose.CONSENT,
            visit_no=order_of(asked.ticket).visit_no,
        )
    actions.leave_early(
        asked.ticket.pk,
        by=asked.by,
        consent=consent,
        window_from=data["next_from"],
        window_to=data["next_to"],
        reason=data["reason"],
        outcome=data["outcome"],
        occurred_at=asked.occurred_at,
        version=asked.version,
    )


def _leave(asked: Submitted) -> None:
    actions.leave_site(asked.ticket.pk, by=asked.by, occurred_at=asked.occurred_at)


@one_act()
def _finish(asked: Submitted) -> str:
    data = asked.data
    if data.get("signature"):
        attach(
            asked.ticket.pk,
            by=asked.by,
            upload=data["signature"],
            purpose=Attachment.Purpose.SIGNATURE,
            visit_no=order_of(asked.ticket).visit_no,
        )
    ticket = actions.finish_work(
        asked.ticket.pk,
        by=asked.by,
        result=data["result"],
        outcome=data["outcome"] or Outcome.FIXED,
        is_tested=data["is_tested"],
        is_cleaned=data["is_cleaned"],
        part_spec=data["part_spec"],
        materials=data["materials"],
        labour_fen=_fen(data.get("labour")),
        signed_on_paper=data.get("signed_on_paper", False),
        occurred_at=asked.occurred_at,
        version=asked.version,
    )
    return _t("已报完工 · %(number)s") % {"number": ticket.short_number}


def _report_completion(asked: Submitted) -> None:
    actions.report_completion(asked.ticket.pk, by=asked.by, occurred_at=asked.occurred_at, version=asked.version)


def _print_slip(asked: Submitted) -> None:
    actions.print_slip(asked.ticket.pk, by=asked.by)


def _take_slip(asked: Submitted) -> None:
    data = asked.data
    actions.take_slip(asked.ticket.pk, by=asked.by, receiver=data["receiver"], cautions=data["cautions"])


def _return_slip(asked: Submitted) -> None:
    actions.return_slip(asked.ticket.pk, by=asked.by, part_spec=asked.data["part_spec"], occurred_at=asked.occurred_at)


def _enter_completion(asked: Submitted) -> None:
    actions.enter_completion(asked.ticket.pk, by=asked.by, part_spec=asked.data["part_spec"])


def _waive(asked: Submitted) -> None:
    actions.waive_fee(asked.ticket.pk, by=asked.by, amount_fen=_fen(asked.data["amount"]))


def _take_fee(asked: Submitted) -> None:
    actions.take_fee(asked.ticket.pk, by=asked.by, receipt_number=asked.data["receipt_number"])


def _cancel(asked: Submitted) -> None:
    data = asked.data
    actions.cancel_repair(
        asked.ticket.pk,
        by=asked.by,
        reason=data["reason"],
        withdrawn_by=data["withdrawn_by"],
        method=data["method"],
        confirmed_at=data["confirmed_at"],
        version=asked.version,
    )


def _is_paid(ticket: Any) -> bool:
    return not order_of(ticket).in_warranty


def _owes(ticket: Any) -> bool:
    return order_of(ticket).charge_fen > 0


def _was_missed(ticket: Any) -> bool:
    return order_of(ticket).missed_count > 0


FORMS = {
    **TAIL_FORMS,
    "dispatch": ActionForm(run=_dispatch, form=DispatchForm, rule="REP-09", undo="take_back"),
    "take_back": ActionForm(
        run=_take_back, rule="REP-09", is_simple=True, is_undo=True, offered=lambda t: last_dispatch(t) is not None
    ),
    "inform": ActionForm(run=_inform, form=LateForm, rule="REP-06", is_plain=True),
    "tell_price": ActionForm(run=_tell_price, form=PriceForm, rule="REP-07", is_plain=True, offered=_is_paid),
    "correct_warranty": ActionForm(run=_correct_warranty, form=WarrantyForm, rule="REP-05", is_plain=True),
    "close_unservable": ActionForm(
        run=_close_unservable,
        form=ExplanationForm,
        rule="GEN-06",
        is_danger=True,
        hint=_("不能以“不归我们管”结束：解释到业主理解为止。"),
    ),
    "accept": ActionForm(run=_accept, form=LateForm, rule="REP-15", is_simple=True),
    "accept_late": ActionForm(run=_accept, form=LateForm, rule="REP-15", is_simple=True, is_plain=True),
    "return": ActionForm(run=_return, form=LateReasonForm, rule="REP-15", is_danger=True),
    "set_appointment": ActionForm(run=_set_appointment, form=WindowForm, rule="REP-20"),
    "apologise": ActionForm(run=_apologise, form=LateReasonForm, rule="REP-20", offered=_was_missed),
    "reappoint": ActionForm(run=_reappoint, form=ReappointForm, rule="REP-20"),
    "arrive": ActionForm(run=_arrive, form=ArriveForm, rule="REP-16"),
    "start": ActionForm(run=_start, form=LateForm, rule="REP-17"),
    "leave_early": ActionForm(
        run=_leave_early, form=LeaveEarlyForm, rule="REP-19", hint=_("要有业主的书面同意，并约好下次上门时间。")
    ),
    "leave": ActionForm(run=_leave, form=LateForm, rule="REP-18", is_plain=True),
    "finish": ActionForm(run=_finish, form=FinishForm, rule="REP-23"),
    "report_completion": ActionForm(run=_report_completion, form=LateForm, rule="REP-25"),
    "print_slip": ActionForm(run=_print_slip, rule="REP-12", is_simple=True, is_plain=True, icon="printer"),
    "take_slip": ActionForm(run=_take_slip, form=ReceiverForm, rule="CBK-05", is_plain=True),
    "return_slip": ActionForm(run=_return_slip, form=SlipForm, rule="REP-21", is_plain=True),
    "enter_completion": ActionForm(run=_enter_completion, form=PartsForm, rule="REP-24", is_plain=True),
    "waive_fee": ActionForm(run=_waive, form=WaiveForm, rule="REP-28", is_plain=True, offered=_owes),
    "take_fee": ActionForm(run=_take_fee, form=FeeForm, rule="REP-36", is_plain=True, offered=_owes),
    "cancel": ActionForm(run=_cancel, form=CancelForm, is_danger=True, hint=_("要有业主本人确认撤回的电话。")),
}
