"""What a person may do to a ticket, as forms: the acts of its kind's workflow and those beside it.

A kind gives each act a form and the verb behind it. Which acts a person is offered, and what a refusal looks like, is
decided here once for every kind.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from residents.errors import NotFound
from residents.forms import PlainText
from residents.policies import Policy
from tickets.facts import once
from tickets.kinds import kind_of
from tickets.models import Ticket
from tickets.workflow import Gate, Step, Transition

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.utils.functional import Promise as Text
    from django.utils.functional import _StrPromise as LazyStr

    from residents.middleware import StaffRequest
    from residents.models import Staff

CALLBACK_ACTS = ("call_back", "second_callback", "call_back_negative", "try_callback")
"""Steps that are taken from the callback's own drawer, offered as one button."""


def moment_field(label: LazyStr | str, *, required: bool = True, help_text: LazyStr | str = "") -> forms.DateTimeField:
    """A local date and time to the second, in the project's zone."""
    return forms.DateTimeField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format="%Y-%m-%dT%H:%M:%S"),
        error_messages={"invalid": gettext_lazy("请填写完整的日期和时间。")},
    )


def text_field(
    label: LazyStr | str, *, required: bool = True, most: int = 200, rows: int = 0, **more: Any
) -> PlainText:
    """One line of text, or with `rows` several."""
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
    return PlainText(label=label, required=required, max_length=most, widget=widget, **more)


class ActForm(forms.Form):
    """Base of every act's form: knows the ticket and who acts; says in words what is missing."""

    late_entry: ClassVar[bool] = False
    """Whether the act may be dated back to when it really happened (rule GEN-01)."""

    def __init__(self, *args: Any, ticket: Ticket, staff: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ticket, self.staff = ticket, staff
        if self.late_entry:
            self.fields["occurred_at"] = moment_field(
                _("实际发生时间"), required=False, help_text=_("不填即现在；补录时填实际时间。")
            )
        for name, item in self.fields.items():
            sentence = _("请填写%(label)s。") if not isinstance(item, forms.ChoiceField) else _("请选择%(label)s。")
            item.error_messages["required"] = sentence % {"label": item.label or name}

    @classmethod
    def start(cls, ticket: Ticket) -> dict[str, Any]:
        """What the fields hold when the form is opened."""
        return {}

    def current(self) -> dict[str, str]:
        """What the ticket holds now for the fields that correct it, for a person whose page was stale."""
        return {}


class LateForm(ActForm):
    """An act without further questions that may be entered late."""

    late_entry = True


@dataclass(frozen=True)
class Submitted:
    """A form that was filled in: what the verb behind it needs."""

    ticket: Ticket
    by: Staff
    data: dict[str, Any]
    version: int | None = None

    @property
    def occurred_at(self) -> datetime | None:
        return self.data.get("occurred_at")


Run = Callable[[Submitted], str | None]
Page = Callable[["StaffRequest", Ticket], "HttpResponse"]


def _any_ticket(ticket: Ticket) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class ActionForm:
    """How one act is asked for. `run` calls the verb and may return a sentence for the toast.

    `is_simple`: done at once by its button, without questions. `is_plain`: adds to the ticket without replacing
    anything, so a newer version is no conflict. `label`, `key` and `policy` are for acts beside the workflow; `offered`
    says for which tickets. `locks_itself`: the verb locks several tickets in an order of its own. `undo`: the act that
    takes this one back for a few seconds; `is_undo`: such an act, which is offered only right after. `page`: what the
    act is answered with in a window of its own, such as a form to print.
    """

    run: Run
    form: type[ActForm] = ActForm
    hint: Text | str = ""
    rule: str = ""
    is_danger: bool = False
    is_simple: bool = False
    is_plain: bool = False
    locks_itself: bool = False
    icon: str = ""
    label: Text | str = ""
    key: str = ""
    policy: Policy | None = None
    also_closed: bool = False
    undo: str = ""
    is_undo: bool = False
    offered: Callable[[Ticket], bool] = _any_ticket
    page: Page | None = None


@dataclass(frozen=True)
class Act:
    """An act on one ticket: the kind's transition, if it is a step of the workflow, with its form."""

    code: str
    label: str
    form: ActionForm
    policy: Policy
    transition: Transition | None = None
    ticket: Ticket | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        return (self.transition.key if self.transition else self.form.key).upper()

    @property
    def is_primary(self) -> bool:
        return self.transition is not None and self.transition.is_primary

    def may(self, staff: Staff, ticket: Ticket) -> bool:
        return self.policy.allows(staff, project_id=ticket.project_id)


@dataclass(frozen=True)
class Button:
    """An act as the ticket page offers it."""

    code: str
    label: str
    key: str
    icon: str
    primary: bool
    url: str
    simple: bool
    menu: bool
    own_window: bool = False


@dataclass(frozen=True)
class Blocked:
    """The next step, while a gate still holds it."""

    label: str
    reason: str
    rule: str


@dataclass(frozen=True)
class ConflictRow:
    """What somebody typed beside what the ticket holds by now."""

    label: str
    yours: str
    theirs: str


_beside: dict[str, ActionForm] = {}


def register_acts(acts: Mapping[str, ActionForm]) -> None:
    """Acts of every kind that are no step of a workflow. Safe to repeat."""
    _beside.update(acts)


def find_act(ticket: Ticket, code: str) -> Act:
    """The act of that name for this ticket, allowed in its state or not. Raises NotFound for a word no act has."""
    kind = kind_of(ticket)
    form = kind.forms.get(code)
    if form is not None:
        lines = [t for t in kind.workflow.transitions if t.action == code and t.policy is not None]
        line = min(lines, key=lambda t: ticket.state not in t.sources)
        assert line.policy is not None
        return Act(code, str(line.label), form, line.policy, line, ticket)
    form = _beside.get(code)
    if form is None or form.policy is None:
        raise NotFound
    return Act(code, str(form.label), form, form.policy, None, ticket)


def acts_for(ticket: Ticket, staff: Staff) -> list[Act]:
    """What the person may do to the ticket as it stands: the steps of its state, then the acts beside them."""
    kind = kind_of(ticket)
    found: dict[str, Act] = {}
    for line in kind.workflow.from_state(ticket.state):
        form = kind.forms.get(line.action)
        if form is None or form.is_undo or line.policy is None or line.action in found or not form.offered(ticket):
            continue
        act = Act(line.action, str(line.label), form, line.policy, line, ticket)
        if act.may(staff, ticket):
            found[line.action] = act
    for code, form in _beside.items():
        if form.policy is None or not (ticket.is_open or form.also_closed) or not form.offered(ticket):
            continue
        act = Act(code, str(form.label), form, form.policy, None, ticket)
        if act.may(staff, ticket):
            found[code] = act
    return list(found.values())


def buttons(ticket: Ticket, staff: Staff) -> tuple[list[Button], Blocked | None]:
    """The acts as buttons, the next step first; and the next step that a gate still holds, if one does."""
    rows: list[Button] = []
    blocked: Blocked | None = None
    for act in acts_for(ticket, staff):
        if act.is_primary and (gate := closed_gate(act, staff)) is not None:
            blocked = blocked or Blocked(act.label, str(gate.sentence), gate.rule)
            continue
        rows.append(
            Button(
                code=act.code,
                label=act.label,
                key=act.key,
                icon=act.form.icon,
                primary=act.is_primary and not any(row.primary for row in rows),
                url=act_url(ticket, act.code),
                simple=act.form.is_simple,
                menu=not (act.is_primary or act.key or act.form.page),
                own_window=act.form.page is not None,
            )
        )
    callback = _callback_button(ticket, staff)
    if callback is not None:
        rows.append(callback)
    return sorted(rows, key=lambda row: not row.primary), blocked


def _callback_button(ticket: Ticket, staff: Staff) -> Button | None:
    for line in kind_of(ticket).workflow.from_state(ticket.state):
        if line.action in CALLBACK_ACTS and line.policy is not None:
            if not line.policy.allows(staff, project_id=ticket.project_id):
                return None
            url = reverse("tickets:callback", args=(ticket.public_id,))
            return Button(line.action, str(line.label), "", "phone", line.is_primary, url, False, not line.is_primary)
    return None


def act_url(ticket: Ticket, code: str) -> str:
    return reverse("tickets:act", args=(ticket.public_id, code))


def undo_url(act: Act, staff: Staff) -> str:
    """Where the act that was just done is taken back; empty when it cannot be."""
    if not act.form.undo or act.ticket is None:
        return ""
    ticket = Ticket.objects.select_related("project").get(pk=act.ticket.pk)
    back = find_act(ticket, act.form.undo)
    is_possible = back.transition is not None and ticket.state in back.transition.sources and back.form.offered(ticket)
    return act_url(ticket, back.code) if is_possible and back.may(staff, ticket) else ""


def closed_gate(act: Act, staff: Staff) -> Gate | None:
    """The first gate that would refuse the act now, or None."""
    if act.transition is None or act.ticket is None:
        return None
    moment = act.ticket.last_step_at
    # What the form will say is taken from what it proposes: how a result was accepted, for example.
    proposed = {name: item.initial for name, item in act.form.form.base_fields.items()}
    step = Step(act.ticket, act.transition, staff, moment, moment, proposed)
    return next((gate for gate in act.transition.gates if not gate.holds(step)), None)


def perform(act: Act, form: ActForm, *, by: Staff, version: int | None, form_key: str) -> str:
    """Do it, once per form: submitted again, the same form only hears again that it was done.

    Returns the sentence for the toast. Raises what the verb raises, and then nothing is stored.
    """
    ticket = form.ticket
    asked = Submitted(ticket, by, dict(form.cleaned_data), None if act.form.is_plain else version)
    with once(ticket.pk, form_key, lock=not act.form.locks_itself) as is_first:
        return (act.form.run(asked) or done_sentence(act)) if is_first else done_sentence(act)


def done_sentence(act: Act) -> str:
    """已接单 · GD-0317-042"""
    number = act.ticket.short_number if act.ticket else ""
    return _("已%(act)s · %(number)s") % {"act": act.label, "number": number}


def conflict_rows(act: Act, form: ActForm, ticket: Ticket) -> list[ConflictRow]:
    """Both values where the form corrects the ticket, else what was asked beside where the ticket now stands."""
    now = form.current()
    rows = [
        ConflictRow(str(form.fields[name].label), str(form[name].value() or ""), theirs)
        for name, theirs in now.items()
        if str(form[name].value() or "") != theirs
    ]
    if rows:
        return rows
    state = str(kind_of(ticket).workflow.state(ticket.state).label)
    holder = f" · {ticket.assignee.name}" if ticket.assignee else ""
    return [ConflictRow(_("工单状态"), act.label, state + holder)]


def new_form_key() -> str:
    return uuid.uuid4().hex
