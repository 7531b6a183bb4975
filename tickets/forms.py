"""The forms of the acts every kind shares: those beside the workflow, and the tail from acceptance to archive."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from residents.errors import InvalidInput
from residents.forms import PlainText
from residents.words import in_clauses, listed, yuan
from tickets import actions, closing, policies
from tickets.acting import ActForm, ActionForm, LateForm, Submitted, moment_field, text_field
from tickets.models import Approval, Promise, Ticket, TicketReporter

YES_NO = (("yes", _("合格")), ("no", _("不合格")))
METHODS = (("on_site", _("现场")), ("phone", _("电话")), ("evidence", _("看照片")))


class CommentForm(forms.Form):
    """A line for the timeline: internal, or visible to the owner."""

    text = PlainText(label=_("跟进"), max_length=2000, error_messages={"required": _("请先写内容。")})
    visibility = forms.ChoiceField(choices=(("staff", _("内部")), ("owner", _("业主可见"))), required=False)


class EditForm(ActForm):
    title = text_field(_("事项"), most=80)
    place = text_field(_("位置"), most=80)
    description = text_field(_("描述"), required=False, most=5000, rows=4)
    contact_name = text_field(_("联系人"), required=False, most=40)
    contact_phone = text_field(_("联系电话"), required=False, most=20)
    is_important = forms.BooleanField(label=_("重要需求"), required=False)
    reason = text_field(_("更正原因"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.ticket.is_public_area:
            del self.fields["place"]

    @classmethod
    def start(cls, ticket: Ticket) -> dict[str, Any]:
        return {name: getattr(ticket, name) for name in actions.EDITABLE}

    def current(self) -> dict[str, str]:
        names = ("title", "place", "description", "contact_name", "contact_phone")
        return {name: str(getattr(self.ticket, name)) for name in names if name in self.fields}


class PromiseForm(ActForm):
    subject = text_field(_("承诺事项"), most=80)
    promised_at = moment_field(_("承诺时间"))


class KeepPromiseForm(LateForm):
    promise = forms.ModelChoiceField(label=_("承诺"), queryset=Promise.objects.none(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waiting = Promise.objects.filter(ticket=self.ticket, kept_at=None, replaced_by=None).order_by("promised_at")
        self.fields["promise"].queryset = waiting  # type: ignore[attr-defined]


class ReplacePromiseForm(KeepPromiseForm):
    late_entry = False
    promised_at = moment_field(_("新的承诺时间"))
    progress = text_field(_("告知业主的进展"), most=200, rows=2)


class ReasonForm(ActForm):
    reason = text_field(_("原因"), most=500, rows=3)


class LateReasonForm(LateForm):
    reason = text_field(_("原因"), most=500, rows=3)


class ReportUpForm(LateForm):
    reason = text_field(_("需要上级解决什么"), most=500, rows=3)


class AnswerReportForm(ActForm):
    report = forms.TypedChoiceField(label=_("上报"), coerce=int)
    decision = text_field(_("怎样处理、由谁办"), most=500, rows=3)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["report"].choices = [  # type: ignore[attr-defined]
            (event.pk, f"{event.actor.name if event.actor else ''}：{event.data['reason']}")
            for event in actions.open_reports(self.ticket)
        ]


class ApprovalForm(ActForm):
    amount = forms.DecimalField(
        label=_("减免金额（元）"), min_value=0, max_value=1_000_000, decimal_places=2, max_digits=9
    )
    reason = text_field(_("申请原因"), most=500, rows=3)


class DecideForm(ActForm):
    approval = forms.ModelChoiceField(label=_("申请"), queryset=Approval.objects.none(), empty_label=None)
    decision = forms.ChoiceField(
        label=_("决定"), choices=(("yes", _("同意")), ("no", _("退回"))), widget=forms.RadioSelect
    )
    note = text_field(_("意见"), required=False, most=500, rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waiting = Approval.objects.filter(ticket=self.ticket, decision=Approval.Decision.WAITING)
        self.fields["approval"].queryset = waiting  # type: ignore[attr-defined]
        self.fields["approval"].label_from_instance = lambda row: (  # type: ignore[attr-defined]
            f"{yuan(row.amount_fen)} · {row.reason}"
        )


class MergeForm(ActForm):
    into = text_field(_("并入的工单号"), most=24)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        same = Ticket.objects.open().filter(
            project_id=self.ticket.project_id, kind=self.ticket.kind, category=self.ticket.category
        )
        near = list(same.exclude(pk=self.ticket.pk).order_by("-pk").values_list("number", "place")[:3])
        if near:
            found = in_clauses(f"{number} {place}" for number, place in near)
            self.fields["into"].help_text = _t("同类未结：%(list)s") % {"list": found}


class ReporterForm(LateForm):
    name = text_field(_("报事人"), most=40)
    phone = text_field(_("电话"), required=False, most=20)


class ReplyForm(LateForm):
    reporter = forms.ModelChoiceField(label=_("报事人"), queryset=TicketReporter.objects.none(), empty_label=None)
    words = text_field(_("怎样回复的"), required=False, most=200, rows=2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reporter"].queryset = self.ticket.reporters.filter(replied_at=None)  # type: ignore[attr-defined]


class AcceptForm(LateForm):
    method = forms.ChoiceField(label=_("验收方式"), choices=METHODS, widget=forms.RadioSelect, initial="on_site")
    note = text_field(_("验收说明"), required=False, most=500, rows=2)


class ReviewForm(LateForm):
    note = text_field(_("审核意见"), required=False, most=500, rows=2)


class ReturnForm(LateForm):
    """Sent from the review page too, where the words stand in the field of the note."""

    reason = text_field(_("退回原因"), required=False, most=500, rows=3)
    note = PlainText(required=False, max_length=500, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data["reason"] = (data.get("reason") or data.get("note") or "").strip()
        if not data["reason"]:
            self.add_error("reason", _t("请写明退回原因。"))
        return data


def _edit(asked: Submitted) -> None:
    changes = {name: asked.data[name] for name in actions.EDITABLE if name in asked.data}
    assert asked.version is not None
    actions.edit_ticket(
        asked.ticket.pk, by=asked.by, changes=changes, reason=asked.data["reason"], version=asked.version
    )


def _urge(asked: Submitted) -> None:
    actions.urge(asked.ticket.pk, by=asked.by)


def _promise(asked: Submitted) -> None:
    actions.make_promise(
        asked.ticket.pk, by=asked.by, subject=asked.data["subject"], promised_at=asked.data["promised_at"]
    )


def _keep(asked: Submitted) -> None:
    actions.keep_promise(asked.data["promise"].pk, by=asked.by, occurred_at=asked.occurred_at)


def _replace(asked: Submitted) -> None:
    data = asked.data
    actions.replace_promise(data["promise"].pk, by=asked.by, promised_at=data["promised_at"], progress=data["progress"])


def _report_up(asked: Submitted) -> str:
    event = actions.report_up(asked.ticket.pk, by=asked.by, reason=asked.data["reason"], occurred_at=asked.occurred_at)
    return _t("已上报给 %(people)s") % {"people": listed(event.data["to"])}


def _answer_report(asked: Submitted) -> None:
    actions.answer_report(asked.data["report"], by=asked.by, decision=asked.data["decision"])


def _ask(asked: Submitted) -> None:
    actions.ask_approval(
        asked.ticket.pk,
        by=asked.by,
        subject="fee_relief",
        reason=asked.data["reason"],
        amount_fen=int(asked.data["amount"] * 100),
    )


def _decide(asked: Submitted) -> None:
    data = asked.data
    actions.decide_approval(data["approval"].pk, by=asked.by, granted=data["decision"] == "yes", note=data["note"])


def _merge(asked: Submitted) -> str:
    number = asked.data["into"].strip().upper()
    target = Ticket.objects.filter(project_id=asked.ticket.project_id, number=number).first()
    if target is None:
        raise InvalidInput(_t("没有找到这个工单号，请核对。"), field="into", rule="REP-10")
    actions.merge_tickets(asked.ticket.pk, into_id=target.pk, by=asked.by, version=asked.version)
    return _t("已并入 %(number)s") % {"number": target.number}


def _add_reporter(asked: Submitted) -> None:
    actions.add_reporter(
        asked.ticket.pk,
        by=asked.by,
        name=asked.data["name"],
        phone=asked.data["phone"],
        occurred_at=asked.occurred_at,
    )


def _reply(asked: Submitted) -> str:
    reporter = asked.data["reporter"]
    actions.reply_to_reporter(reporter.pk, by=asked.by, words=asked.data["words"], occurred_at=asked.occurred_at)
    return _t("已回复 %(name)s") % {"name": reporter}


def _accept_result(asked: Submitted) -> None:
    data = asked.data
    closing.accept_result(
        asked.ticket.pk,
        by=asked.by,
        method=data["method"],
        note=data["note"],
        occurred_at=asked.occurred_at,
        version=asked.version,
    )


def _reject_result(asked: Submitted) -> None:
    closing.reject_result(
        asked.ticket.pk,
        by=asked.by,
        reason=asked.data["reason"],
        occurred_at=asked.occurred_at,
        version=asked.version,
    )


def _review(asked: Submitted) -> str:
    """Sign, and file it in the same act when nothing is missing any more."""
    from tickets.kinds import kind_of

    ticket = closing.review_ticket(
        asked.ticket.pk, by=asked.by, note=asked.data["note"], occurred_at=asked.occurred_at, version=asked.version
    )
    conditions = kind_of(ticket).conditions(ticket)
    missing = [str(row.label) for row in conditions if not row.met]
    if missing:
        return _t("已审核，归档还差：%(missing)s") % {"missing": listed(missing)}
    closing.archive_ticket(ticket.pk, by=asked.by)
    return _t("已签字归档 · %(number)s") % {"number": ticket.short_number}


def _return(asked: Submitted) -> None:
    closing.return_from_review(
        asked.ticket.pk,
        by=asked.by,
        reason=asked.data["reason"],
        occurred_at=asked.occurred_at,
        version=asked.version,
    )


def _archive(asked: Submitted) -> None:
    closing.archive_ticket(asked.ticket.pk, by=asked.by, occurred_at=asked.occurred_at, version=asked.version)


def _has_promise(ticket: Ticket) -> bool:
    return any(row.is_open for row in ticket.promises.all())


def _has_request(ticket: Ticket) -> bool:
    return any(row.decision == Approval.Decision.WAITING for row in ticket.approvals.all())


def _owes_reply(ticket: Ticket) -> bool:
    return ticket.is_public_area and any(row.replied_at is None for row in ticket.reporters.all())


def _has_report(ticket: Ticket) -> bool:
    return bool(actions.open_reports(ticket))


def _is_public(ticket: Ticket) -> bool:
    return ticket.is_public_area


BESIDE = {
    "urge": ActionForm(run=_urge, label=_("催办"), key="u", policy=policies.URGE, is_simple=True, is_plain=True),
    "edit": ActionForm(run=_edit, form=EditForm, label=_("编辑"), key="e", policy=policies.EDIT, rule="GEN-10"),
    "promise": ActionForm(
        run=_promise, form=PromiseForm, label=_("登记承诺"), policy=policies.PROMISE, is_plain=True, rule="GEN-04"
    ),
    "keep_promise": ActionForm(
        run=_keep,
        form=KeepPromiseForm,
        label=_("承诺已兑现"),
        policy=policies.PROMISE,
        is_plain=True,
        rule="GEN-04",
        offered=_has_promise,
    ),
    "replace_promise": ActionForm(
        run=_replace,
        form=ReplacePromiseForm,
        label=_("另约承诺时间"),
        policy=policies.PROMISE,
        is_plain=True,
        rule="GEN-04",
        hint=_("到时间前先联系业主说明进展，再约新的时间。"),
        offered=_has_promise,
    ),
    "report_up": ActionForm(
        run=_report_up,
        form=ReportUpForm,
        label=_("上报"),
        policy=policies.REPORT_UP,
        is_plain=True,
        rule="GEN-06",
        hint=_("超出本岗位权限的事，请在扩大之前上报。"),
    ),
    "answer_report": ActionForm(
        run=_answer_report,
        form=AnswerReportForm,
        label=_("答复上报"),
        policy=policies.ANSWER_REPORT,
        is_plain=True,
        also_closed=True,
        rule="GEN-06",
        offered=_has_report,
    ),
    "ask_approval": ActionForm(
        run=_ask,
        form=ApprovalForm,
        label=_("申请减免费用"),
        policy=policies.ASK_APPROVAL,
        is_plain=True,
        rule="REP-28",
        hint=_("由项目经理批准后才能减免，超过其权限的由公司批准。"),
    ),
    "decide_approval": ActionForm(
        run=_decide,
        form=DecideForm,
        label=_("审批减免"),
        policy=policies.APPROVE_RELIEF,
        is_plain=True,
        rule="ROLE-10",
        offered=_has_request,
    ),
    "add_reporter": ActionForm(
        run=_add_reporter,
        form=ReporterForm,
        label=_("加报事人"),
        policy=policies.EDIT,
        is_plain=True,
        rule="REP-01",
        offered=_is_public,
    ),
    "reply_to_reporter": ActionForm(
        run=_reply,
        form=ReplyForm,
        label=_("回复报事人"),
        policy=policies.CALL_BACK,
        is_plain=True,
        rule="REP-02",
        also_closed=True,
        offered=_owes_reply,
    ),
}

TAIL_FORMS = {
    "merge": ActionForm(
        run=_merge,
        form=MergeForm,
        rule="REP-10",
        hint=_("这张单会结束，报事人都转到另一张单上，仍然要逐个回复。"),
        locks_itself=True,
    ),
    "accept_result": ActionForm(run=_accept_result, form=AcceptForm, rule="CBK-04"),
    "reject_result": ActionForm(
        run=_reject_result, form=LateReasonForm, rule="CBK-04", is_danger=True, hint=_("退回返工，计入返修。")
    ),
    "review": ActionForm(run=_review, form=ReviewForm, rule="CBK-04", hint=_("签字后，归档条件都满足的立即归档。")),
    "return_from_review": ActionForm(run=_return, form=ReturnForm, rule="CBK-04", is_danger=True),
    "archive": ActionForm(run=_archive, form=LateForm, rule="CBK-06"),
}
"""What a kind that ends in `closing.tail()` adds to its forms."""
