"""Sending reports in: by a wiki's extension, another team's form, or a machine.

The path is kept short on purpose: one parse, one call of the database, one commit. Nothing is
promised before that commit; the case is opened by the worker right after.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from http import HTTPStatus
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)

from tutela.connectors.mail.examine import examine
from tutela.core.cases.receive import (
    ALPHABET,
    CODE_LENGTH,
    Incoming,
    IncomingFile,
    new_receipt,
    receipt_hash,
    receipt_public,
    receive,
)
from tutela.core.errors import BadData
from tutela.core.flow import registry
from tutela.core.people.tokens import Holder

from .auth import sends
from .body import read_body
from .inputs import NO_NUL, Moment
from .problems import UNREADABLE, RequestProblem, field_errors

router = Router(auth=sends, tags=["reports"])

MOST_FILES = 20
MOST_FIELDS, LONGEST_FIELD = 50, 2000
_KEY = re.compile(r"[!-~]{1,200}")
_BASE64 = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
#: At least one character that is neither a space nor a control character.
_SAYS_SOMETHING = r"^[^\x00]*[^\s\x00-\x1f][^\x00]*$"

_FIELD_NAME = r"^[a-z][a-z0-9_]{0,59}$"
_FIELD_TEXT = {"type": "string", "pattern": NO_NUL}
_FIELDS = {
    "description": "What a form of yours asked besides: at most 50 values, each of at most 2,000 characters.",
    "type": "object",
    "propertyNames": {"pattern": _FIELD_NAME},
    "additionalProperties": {
        "anyOf": [_FIELD_TEXT, {"type": "boolean"}, {"type": "array", "items": _FIELD_TEXT}]
    },
}

FieldText = Annotated[str, StringConstraints(strict=True, pattern=NO_NUL)]
FieldName = Annotated[str, StringConstraints(pattern=_FIELD_NAME)]
FieldValue = FieldText | StrictBool | list[FieldText]


class SentFile(BaseModel):
    """A file that belongs to a report. It is kept whole; what could do harm is never offered for opening."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=NO_NUL, min_length=1, max_length=300)
    content_type: str = Field("application/octet-stream", pattern=r"^[!-~]{1,100}$")
    data: str = Field(pattern=_BASE64, json_schema_extra={"contentEncoding": "base64"})


class SentReport(BaseModel):
    """A report from outside. Only `workflow` and `text` are needed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    workflow: str = Field(
        pattern=r"^[a-z_]{1,40}$", description="Which workflow it is for; see GET /workflows."
    )
    # The length is checked by `receive()`: a pattern and a length together make slow schemas.
    text: str = Field(
        pattern=_SAYS_SOMETHING,
        description="What happened, in the reporter's words; at most a million characters.",
    )
    subject: str = Field("", pattern=NO_NUL, max_length=1000)
    language: str = Field("", pattern=r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3})?$", max_length=20)
    sender_name: str = Field("", pattern=NO_NUL, max_length=300)
    sender_email: str = Field(
        "",
        pattern=r"^([^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189})?$",
        description="Where answers go by mail. Without it, the reporter comes back with the receipt code.",
    )
    sent_at: Moment | None = None
    fields: Annotated[dict[FieldName, FieldValue], WithJsonSchema(_FIELDS)] = Field(default_factory=dict)
    files: list[SentFile] = Field(default_factory=list, max_length=MOST_FILES)


@router.post(
    "/reports",
    response={201: Any},
    operation_id="send_report",
    openapi_extra={"requestBody": {"$ref": "#/components/requestBodies/Report"}},
)
def send_report(request: HttpRequest) -> HttpResponse:
    """Send a report in. Answers 201 only when the report is stored durably."""
    caller: Any = request
    holder: Holder = caller.auth
    key = _key(request)
    raw = read_body(request)
    report = _read(raw)
    code = _code(holder, key)
    received = receive(_incoming(report, raw, holder, key, code))
    duplicate = "true" if received.duplicate else "false"
    said = f'{{"report": {received.report_id}, "receipt": "{code}", "duplicate": {duplicate}}}'
    return HttpResponse(said, status=HTTPStatus.CREATED, content_type="application/json")


def _read(raw: bytes) -> SentReport:
    try:
        report = SentReport.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if any(one["type"] == "json_invalid" for one in found):
            raise RequestProblem(UNREADABLE, _("The body is not JSON.")) from None
        raise BadData(_("Some values cannot be used."), field_errors(found)) from None
    _check_fields(report.fields)
    workflow = next((one for one in registry.workflows() if one.slug == report.workflow), None)
    if workflow is None or not workflow.takes_reports:
        taking = ", ".join(one.slug for one in registry.workflows() if one.takes_reports)
        said = _("Reports can be sent to: %(workflows)s.") % {"workflows": taking}
        raise BadData(said, {"workflow": [said]})
    return report


def _check_fields(fields: dict[str, FieldValue]) -> None:
    too_long = [name for name, value in fields.items() if len(str(value)) > LONGEST_FIELD]
    if too_long or len(fields) > MOST_FIELDS:
        said = _("At most 50 values, each of at most 2,000 characters.")
        raise BadData(said, {f"fields.{name}": [said] for name in too_long} or {"fields": [said]})


def _key(request: HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if key and not _KEY.fullmatch(key):
        said = _("An Idempotency-Key has 1 to 200 visible ASCII characters.")
        raise BadData(said, {"Idempotency-Key": [said]})
    return key


def _code(holder: Holder, key: str) -> str:
    """A code for the reporter. The same key of the same holder gives the same code."""
    if not key:
        return new_receipt()[0]
    said = f"api receipt {holder.staff_id} {key}".encode()
    number = int.from_bytes(hmac.digest(settings.SECRET_KEY.encode(), said, hashlib.sha256)[:10])
    letters = "".join(ALPHABET[(number >> 5 * place) & 31] for place in range(CODE_LENGTH))
    return " ".join(letters[at : at + 4] for at in range(0, CODE_LENGTH, 4))


def _incoming(report: SentReport, raw: bytes, holder: Holder, key: str, code: str) -> Incoming:
    return Incoming(
        channel="api",
        mailbox=holder.name[:120],
        workflow=report.workflow,
        raw=raw,
        text=report.text,
        subject=report.subject,
        language=report.language,
        sender_name=report.sender_name,
        sender_email=report.sender_email,
        sent_at=report.sent_at,
        fields=report.fields,
        files=tuple(_file(one) for one in report.files),
        source_key=f"{holder.staff_id} {key}" if key else secrets.token_hex(16),
        strict_key=True,
        receipt_hash=receipt_hash(code),
        receipt_public=receipt_public(code),
    )


def _file(one: SentFile) -> IncomingFile:
    data = base64.b64decode(one.data)
    return IncomingFile(one.name, one.content_type, data, str(examine(data) or ""))
