"""Tickets and clocks over HTTP: the same rows a person sees on the pages, and the same verbs.

A kind adds its own acts with `register_acts`. Only public ids go in and out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import django_filters
from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound as CursorLost
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from residents.api import ProblemOut, actor, idempotent, project_of
from residents.errors import NotFound
from residents.models import Staff
from residents.policies import Policy, require
from residents.privacy import masked
from residents.roles import Role
from residents.tenancy import scope_now
from tickets import actions, closing, policies
from tickets.kinds import all_kinds, kind_of
from tickets.models import Callback, SlaClock, Ticket, TicketEvent

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="8 to 80 visible ASCII characters. The same key again within 24 hours gets the first answer.",
)
MOST_VERSION = 2**31 - 1


def answers(ok: int, body: Any) -> dict[int, Any]:
    """What a call may answer, for the schema."""
    problems = (401, 403, 404, 422) if ok == 200 else (401, 403, 404, 409, 422)
    return {ok: body, **dict.fromkeys(problems, ProblemOut)}


# What goes out


class StaffOut(serializers.Serializer[Staff]):
    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField(help_text="工号")
    name = serializers.CharField()


class ProjectOut(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    code = serializers.CharField()
    name = serializers.CharField()


class UnitOut(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # shadows Field.label


class TicketOut(serializers.ModelSerializer[Ticket]):
    id = serializers.UUIDField(source="public_id")
    state_label = serializers.SerializerMethodField()
    project = ProjectOut()
    unit = UnitOut(allow_null=True)
    assignee = StaffOut(allow_null=True)
    contact_phone = serializers.SerializerMethodField(help_text="Masked: 138****6621.")

    class Meta:
        model = Ticket
        fields: Sequence[str] = (
            "id",
            "number",
            "kind",
            "state",
            "state_label",
            "version",
            "title",
            "place",
            "is_public_area",
            "is_important",
            "is_pooled",
            "channel",
            "project",
            "unit",
            "assignee",
            "contact_name",
            "contact_phone",
            "reported_at",
            "entered_at",
            "handled_at",
            "closed_at",
        )

    def get_state_label(self, ticket: Ticket) -> str:
        return str(kind_of(ticket).workflow.state(ticket.state).label)

    def get_contact_phone(self, ticket: Ticket) -> str:
        return masked(ticket.contact_phone)


class ClockOut(serializers.ModelSerializer[SlaClock]):
    rule = serializers.CharField(source="rule_code", help_text="The rule that promises it, such as REP-16.")

    class Meta:
        model = SlaClock
        fields: Sequence[str] = (
            "rule",
            "state",
            "is_advisory",
            "basis",
            "value",
            "started_at",
            "amber_at",
            "due_at",
            "original_due_at",
            "stopped_at",
            "breached_at",
            "corrected_at",
            "reason",
        )


class LiveClockOut(ClockOut):
    ticket = serializers.UUIDField(source="ticket.public_id", help_text="Public id of the ticket.")
    ticket_number = serializers.CharField(source="ticket.number")
    project = serializers.UUIDField(source="project.public_id")

    class Meta(ClockOut.Meta):
        fields = ("ticket", "ticket_number", "project", *ClockOut.Meta.fields)


_SAID = """
    text reason note words result explanation from to into number method outcome satisfaction solved subject
    promised_at progress window_from window_to old new amount_fen charge_fen price_fen receipt rework automatic oral
    visit ended_visit warranty in_warranty accepted_by agreed_with withdrawn_by backdated_seconds rule due_at level name
    purpose demand told decision as_deputy confirmed_at
"""
SAID = frozenset(_SAID.split())
"""What an event says to programs. The rest of its data are our own keys."""


class EventOut(serializers.ModelSerializer[TicketEvent]):
    actor = StaffOut(allow_null=True)
    data = serializers.SerializerMethodField()  # type: ignore[assignment]  # shadows Serializer.data

    class Meta:
        model = TicketEvent
        fields = ("kind", "occurred_at", "entered_at", "actor", "actor_label", "audience", "data")

    def get_data(self, event: TicketEvent) -> dict[str, Any]:
        return {name: value for name, value in event.data.items() if name in SAID}


class TicketDetailOut(TicketOut):
    clocks = ClockOut(many=True)
    events = EventOut(many=True)

    class Meta(TicketOut.Meta):
        fields = (*TicketOut.Meta.fields, "description", "explanation", "rework_count", "clocks", "events")


# What is asked


class StrictFilters(BaseFilterBackend):
    """The view's filter set, refusing a word it does not know: a filter that is not applied shows too much."""

    also_known = frozenset({"cursor", "limit"})

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        unknown = set(request.query_params) - set(view.filterset_class.base_filters) - self.also_known
        if unknown:
            raise ValidationError({name: [_("没有这个筛选条件。")] for name in sorted(unknown)})
        asked = view.filterset_class(request.query_params, queryset=queryset, request=request)
        if not asked.is_valid():
            raise ValidationError(asked.errors)
        found: QuerySet[Any] = asked.qs
        return found


def _states() -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for kind in all_kinds():
        found.update({state.code: str(state.label) for state in kind.workflow.states})
    return sorted(found.items())


class TicketFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.MultipleChoiceFilter(choices=_states)
    kind = django_filters.ChoiceFilter(choices=lambda: [(kind.code, str(kind.name)) for kind in all_kinds()])
    project = django_filters.UUIDFilter(
        field_name="project__public_id", label="Without it the project on the screen; for company-level people, all."
    )
    assignee = django_filters.UUIDFilter(field_name="assignee__public_id")
    unit = django_filters.UUIDFilter(field_name="unit__public_id")
    is_open = django_filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull")
    reported_after = django_filters.IsoDateTimeFilter(field_name="reported_at", lookup_expr="gte")
    reported_before = django_filters.IsoDateTimeFilter(field_name="reported_at", lookup_expr="lt")
    q = django_filters.CharFilter(method="with_words", max_length=100, label="Words of number, title, place, text.")

    class Meta:
        model = Ticket
        fields: Sequence[str] = ()

    def with_words(self, tickets: Any, name: str, value: str) -> Any:
        return tickets.matching(value) if value.strip() else tickets


class ClockFilters(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(
        method="in_state", choices=[("live", "running, paused or overdue"), ("overdue", "past due and still open")]
    )
    project = django_filters.UUIDFilter(
        field_name="project__public_id", label="Without it the project on the screen; for company-level people, all."
    )
    ticket = django_filters.UUIDFilter(field_name="ticket__public_id")
    rule = django_filters.CharFilter(field_name="rule_code", max_length=24)

    class Meta:
        model = SlaClock
        fields: Sequence[str] = ()

    def in_state(self, clocks: Any, name: str, value: str) -> Any:
        return clocks.overdue(at=scope_now()) if value == "overdue" else clocks


def of_one_project(rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
    """The rows of the project on the person's screen, unless the call names one: lists mix none (rule GEN-08).

    Company-level people have the rows of every project together.
    """
    if actor(request).project_ids is None or request.query_params.get("project"):
        return rows
    return rows.filter(project=project_of(request))


class NewestFirst(CursorPagination):
    """Fifty rows, at most 200; `next` and `previous` are addresses."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Any:
        """The place to go on from. The library passes on whatever a caller made up, which no column could be."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not self.is_position(str(cursor.position)):
            raise CursorLost(self.invalid_cursor_message)
        return cursor

    def is_position(self, text: str) -> bool:
        return text.isascii() and text.isdigit() and len(text) < 19


class DueFirst(NewestFirst):
    ordering = ("due_at", "id")  # type: ignore[assignment]  # several columns are documented

    def is_position(self, text: str) -> bool:
        try:
            return parse_datetime(text) is not None
        except ValueError:
            return False


# What is done


def by_public_id(queryset: QuerySet[Any], **options: Any) -> serializers.SlugRelatedField[Model]:
    """A row named by its public id; one of another company is one that does not exist."""
    return serializers.SlugRelatedField(slug_field="public_id", queryset=queryset, **options)


class ActIn(serializers.Serializer[Any]):
    """An act without questions."""


class VersionIn(ActIn):
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_VERSION, help_text="The version last read; a newer one answers 409."
    )


class LateIn(ActIn):
    occurred_at = serializers.DateTimeField(required=False, help_text="When it really happened (rule GEN-01).")


class StepIn(LateIn, VersionIn):
    """A step of the workflow."""


class CommentIn(ActIn):
    text = serializers.CharField(max_length=2000)
    to_owner = serializers.BooleanField(default=False)


class EditIn(ActIn):
    title = serializers.CharField(max_length=80, required=False)
    place = serializers.CharField(max_length=80, required=False, help_text="Of a public matter only.")
    description = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    contact_name = serializers.CharField(max_length=40, required=False, allow_blank=True)
    contact_phone = serializers.CharField(max_length=20, required=False, allow_blank=True)
    is_important = serializers.BooleanField(required=False)
    reason = serializers.CharField(max_length=200)
    version = serializers.IntegerField(min_value=1, max_value=MOST_VERSION)


class PromiseIn(ActIn):
    subject = serializers.CharField(max_length=80)
    promised_at = serializers.DateTimeField()


class ReasonIn(StepIn):
    reason = serializers.CharField(max_length=500)


class ReportUpIn(LateIn):
    reason = serializers.CharField(max_length=500)


class ApprovalIn(ActIn):
    reason = serializers.CharField(max_length=500)
    amount_fen = serializers.IntegerField(min_value=0, max_value=100_000_000)


class MergeIn(VersionIn):
    into = by_public_id(Ticket.objects.all())


class ReporterIn(LateIn):
    name = serializers.CharField(max_length=40)
    phone = serializers.CharField(max_length=20, required=False, allow_blank=True)


class AcceptResultIn(StepIn):
    method = serializers.ChoiceField(choices=("on_site", "phone", "evidence"), default="on_site")
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


class NoteIn(StepIn):
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)


class CallbackIn(StepIn):
    outcome = serializers.ChoiceField(choices=Callback.Outcome.choices)
    method = serializers.ChoiceField(choices=Callback.Method.choices, default=Callback.Method.PHONE)
    person_reached = serializers.CharField(max_length=40, required=False, allow_blank=True)
    is_solved = serializers.BooleanField(required=False, allow_null=True)
    satisfaction = serializers.IntegerField(min_value=1, max_value=5, required=False, allow_null=True)
    words = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    demand = serializers.CharField(max_length=500, required=False, allow_blank=True)
    next_try_at = serializers.DateTimeField(required=False, allow_null=True)


@dataclass(frozen=True)
class ApiAct:
    """One act: what its body holds, and the verb. The body's names are the verb's.

    `policy` is for acts beside the workflow; a step of the workflow has its own.
    """

    body: type[ActIn]
    verb: Callable[..., Any]
    policy: Policy | None = None

    def run(self, ticket: Ticket, by: Staff, data: Mapping[str, Any]) -> None:
        self.verb(ticket.pk, by=by, **data)


def _edit(ticket_id: int, *, by: Staff, reason: str, version: int, **changes: Any) -> None:
    actions.edit_ticket(ticket_id, by=by, changes=changes, reason=reason, version=version)


def _merge(ticket_id: int, *, by: Staff, into: Ticket, version: int | None = None) -> None:
    if not Ticket.objects.visible_to(by).filter(pk=into.pk).exists():
        raise NotFound
    actions.merge_tickets(ticket_id, into_id=into.pk, by=by, version=version)


def _ask_relief(ticket_id: int, *, by: Staff, reason: str, amount_fen: int) -> None:
    actions.ask_approval(ticket_id, by=by, subject="fee_relief", reason=reason, amount_fen=amount_fen)


BESIDE: dict[str, ApiAct] = {
    "comment": ApiAct(CommentIn, actions.add_comment, policies.COMMENT),
    "urge": ApiAct(ActIn, actions.urge, policies.URGE),
    "edit": ApiAct(EditIn, _edit, policies.EDIT),
    "promise": ApiAct(PromiseIn, actions.make_promise, policies.PROMISE),
    "report_up": ApiAct(ReportUpIn, actions.report_up, policies.REPORT_UP),
    "ask_approval": ApiAct(ApprovalIn, _ask_relief, policies.ASK_APPROVAL),
    "add_reporter": ApiAct(ReporterIn, actions.add_reporter, policies.EDIT),
}
TAIL: dict[str, ApiAct] = {
    "merge": ApiAct(MergeIn, _merge),
    "accept_result": ApiAct(AcceptResultIn, closing.accept_result),
    "reject_result": ApiAct(ReasonIn, closing.reject_result),
    "call_back": ApiAct(CallbackIn, closing.register_callback),
    "review": ApiAct(NoteIn, closing.review_ticket),
    "return_from_review": ApiAct(ReasonIn, closing.return_from_review),
    "archive": ApiAct(StepIn, closing.archive_ticket),
}
_by_kind: dict[str, dict[str, ApiAct]] = {}


def register_acts(kind: str, acts: Mapping[str, ApiAct]) -> None:
    """The acts of a kind's workflow. Safe to repeat."""
    _by_kind[kind] = {**TAIL, **acts}


def all_acts() -> dict[str, ApiAct]:
    """Every act by its name, whatever its kind."""
    found = dict(BESIDE)
    for acts in _by_kind.values():
        found.update(acts)
    return found


def find_act(ticket: Ticket, name: str) -> tuple[ApiAct, Policy]:
    """The act of that name and who may. Raises NotFound for a word no act of this kind has."""
    act = _by_kind.get(ticket.kind, {}).get(name)
    if act is not None:
        lines = [line for line in kind_of(ticket).workflow.transitions if line.action == name and line.policy]
        line = min(lines, key=lambda line: ticket.state not in line.sources)
        assert line.policy is not None
        return act, line.policy
    act = BESIDE.get(name)
    if act is None or act.policy is None:
        raise NotFound
    return act, act.policy


def _bodies() -> list[type[serializers.Serializer[Any]]]:
    return sorted({act.body for act in all_acts().values()}, key=lambda body: body.__name__)


@extend_schema_view(
    list=extend_schema(summary="Tickets, newest first", responses=answers(200, TicketOut)),
    retrieve=extend_schema(summary="One ticket with its clocks and events", responses=answers(200, TicketDetailOut)),
)
class TicketViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Ticket]):
    """The tickets a person may see; everything else does not exist."""

    queryset = Ticket.objects.none()  # for the schema only; get_queryset answers
    serializer_class = TicketOut
    filter_backends = (StrictFilters,)
    filterset_class = TicketFilters
    pagination_class = NewestFirst
    lookup_field = "public_id"
    lookup_url_kwarg = "public_id"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Ticket]:
        found = Ticket.objects.visible_to(actor(self.request)).select_related("project", "unit", "assignee")
        return found.defer("search")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().filter_queryset(of_one_project(queryset, self.request)) if self.action == "list" else queryset

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(detail(self.get_object()))

    @extend_schema(
        summary="Do something to a ticket",
        description=(
            "Takes a step of the ticket's workflow (`dispatch`, `accept`, `arrive`, ...) or an act beside it "
            "(`comment`, `urge`, ...). A gate that a rule keeps closed answers 409 and names the rule. Answers the "
            "ticket as it stands afterwards."
        ),
        parameters=[IDEMPOTENCY_KEY],
        request=PolymorphicProxySerializer(
            component_name="ActionBody", serializers=_bodies, resource_type_field_name=None
        ),
        responses={**answers(200, TicketDetailOut), 409: ProblemOut},
    )
    @action(detail=True, methods=["post"], url_path="actions/<slug:action_name>", url_name="act")
    @idempotent
    def act(self, request: Request, public_id: str, action_name: str) -> Response:
        ticket, staff = self.get_object(), actor(request)
        found, allowed = find_act(ticket, action_name)
        require(staff, allowed, project_id=ticket.project_id)
        body = found.body(data=request.data)
        body.is_valid(raise_exception=True)
        found.run(ticket, staff, body.validated_data)
        # Read anew without the person's view of it: an act may have given the ticket away.
        return Response(detail(Ticket.objects.select_related("project", "unit", "assignee").get(pk=ticket.pk)))


def detail(ticket: Ticket) -> Any:
    """The ticket as JSON, in three statements whatever happened to it."""
    clocks = SlaClock.objects.filter(ticket=ticket).order_by("pk")
    events = TicketEvent.objects.filter(ticket=ticket).select_related("actor").order_by("pk")
    ticket._prefetched_objects_cache = {"clocks": clocks, "events": events}  # type: ignore[attr-defined]
    return TicketDetailOut(ticket).data


@extend_schema_view(list=extend_schema(summary="Clocks that run or are overdue", responses=answers(200, LiveClockOut)))
class ClockViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[SlaClock]):
    """Promises that are running now, the next one due first."""

    queryset = SlaClock.objects.none()  # for the schema only
    serializer_class = LiveClockOut
    filter_backends = (StrictFilters,)
    filterset_class = ClockFilters
    pagination_class = DueFirst

    def get_queryset(self) -> QuerySet[SlaClock]:
        staff = actor(self.request)
        clocks = SlaClock.objects.live().filter(ticket__isnull=False).select_related("ticket", "project")
        if staff.project_ids is not None:
            clocks = clocks.filter(project_id__in=staff.project_ids)
        if staff.project_ids_beyond(Role.TECHNICIAN) is not None:
            clocks = clocks.filter(ticket__in=Ticket.objects.visible_to(staff))
        return of_one_project(clocks.defer("ticket__search"), self.request)


__all__ = [
    "ActIn",
    "ApiAct",
    "ClockViewSet",
    "LateIn",
    "ReasonIn",
    "StepIn",
    "TicketDetailOut",
    "TicketViewSet",
    "VersionIn",
    "answers",
    "by_public_id",
    "detail",
    "register_acts",
]
