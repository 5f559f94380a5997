"""The API document: OpenAPI 3.1, with every error that an operation can answer."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.openapi.schema import REF_TEMPLATE

from tutela.core.flow import registry

from .intake import SentReport
from .problems import KINDS, MEDIA_TYPE
from .shapes import Accepted

Json = dict[str, Any]

_PROBLEM: Json = {
    "title": "Problem",
    "description": "Problem details after RFC 9457. `code` is stable; the sentences are for people.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted({kind.code for kind in KINDS})},
        "detail": {"type": "string"},
        "what_to_do": {"type": "string"},
        "errors": {
            "description": "Messages for each field that cannot be used.",
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "state": {"type": "string", "description": "Where the case is now."},
        "changed_by": {"type": "string", "description": "Who changed it last."},
        "changed_at": {"type": "string", "format": "date-time"},
    },
    "additionalProperties": False,
}
_HEADERS: Json = {
    "RequestId": {
        "description": "The name of this request: yours, if you sent one, else one of ours.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,40}$"},
        "required": True,
    },
    "ETag": {
        "description": "The case as it was read; for If-Match and If-None-Match.",
        "schema": {"type": "string"},
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "string"}, "required": True},
    "Allow": {"description": "The methods of this address.", "schema": {"type": "string"}, "required": True},
    "WWWAuthenticate": {"schema": {"type": "string"}, "required": True},
}
_HEADER_OF = {
    "401": ("WWW-Authenticate", "WWWAuthenticate"),
    "405": ("Allow", "Allow"),
    "429": ("Retry-After", "RetryAfter"),
    "503": ("Retry-After", "RetryAfter"),
}
_OF_ALL = (401, 403, 404, 405, 422, 429, 500, 503)
_OF_WRITES = (400, 409, 411, 412, 413, 415)
#: What else single operations answer.
_MORE = {"get_case": (410,)}
_BYTES: Json = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_WITH_ETAG = {"get_case": ("200", "304"), "perform_step": ("200", "202")}


def document(api: NinjaAPI) -> Json:
    """The whole document, as JSON."""
    paths: Json = {}
    whole: Json = dict(api.get_openapi_schema(path_prefix="/api/v1/"))
    components: Json = whole["components"]
    for path, operations in whole["paths"].items():
        paths[path] = {method: _completed(dict(one), method) for method, one in operations.items()}
    components["schemas"] |= {"Problem": _PROBLEM, **_own_schemas()}
    components["headers"] = _HEADERS
    components["responses"] = {
        str(status): _problem_answer(status) for status in {*_OF_ALL, *_OF_WRITES, *_MORE["get_case"]}
    }
    components["requestBodies"] = _bodies()
    return {**whole, "paths": paths}


def _completed(operation: Json, method: str) -> Json:
    responses = {str(status): dict(answer) for status, answer in operation["responses"].items()}
    if operation["operationId"] == "send_report":
        responses = {"201": _answer("The report is stored.", "Accepted")}
    if operation["operationId"] == "get_exhibit_file":
        responses = {"200": {"description": "The bytes, as a download.", "content": _BYTES}}
    for status, answer in responses.items():
        answer["headers"] = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
        if status in _WITH_ETAG.get(operation["operationId"], ()):
            answer["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
    more = _MORE.get(operation["operationId"], ())
    for status in (*_OF_ALL, *more, *(_OF_WRITES if method == "post" else ())):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    parameters = [{**one, "schema": _never_null(one["schema"])} for one in operation["parameters"]]
    return {**operation, "parameters": parameters, "responses": responses}


def _never_null(schema: Json) -> Json:
    """A parameter is left out, not null."""
    kinds = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(kinds) == 1:
        schema = {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}
    return {name: value for name, value in schema.items() if value is not None}


def _answer(description: str, schema: str) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _problem_answer(status: int) -> Json:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if own := _HEADER_OF.get(str(status)):
        headers[own[0]] = {"$ref": f"#/components/headers/{own[1]}"}
    codes = ", ".join(kind.code for kind in KINDS if kind.status == status)
    return {
        "description": f"{HTTPStatus(status).phrase}. Code: {codes}.",
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _bodies() -> Json:
    said = (
        "What the step asks, as one object: its JSON Schema is in GET /cases/{reference}/steps. A decision on"
        " what waits names the request and the round that was read, both in GET /cases/{reference}."
    )
    return {
        "StepData": {
            "description": said,
            "content": {"application/json": {"schema": {"type": "object"}}},
            "required": True,
        },
        "File": {
            "description": "The bytes of the file.",
            "content": _BYTES,
            "required": True,
        },
        "Report": {
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SentReport"}}},
            "required": True,
        },
    }


def _own_schemas() -> Json:
    """The schemas of what is read and written without the help of the library."""
    schemas: Json = {}
    for model in (SentReport, Accepted):
        schema = model.model_json_schema(ref_template=REF_TEMPLATE)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    taking = [one.slug for one in registry.workflows() if one.takes_reports]
    schemas["SentReport"]["properties"]["workflow"] = {"enum": taking, "title": "Workflow"}
    return schemas


@cache
def _cached(api: NinjaAPI) -> Json:
    return document(api)


def document_view(api: NinjaAPI) -> HttpResponse:
    """The answer with the document, which is made once."""
    return JsonResponse(_cached(api))
