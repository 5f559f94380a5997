"""The declarations, as JSON."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tutela.core.flow import registry
from tutela.core.flow.show import described

from . import shapes
from .auth import reads
from .inputs import Slug

router = Router(auth=reads, tags=["workflows"])


@router.get("/workflows", response=shapes.WorkflowList, operation_id="list_workflows")
def list_workflows(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001
    """List the installed workflows."""
    items = [
        {
            "slug": one.slug,
            "prefix": one.prefix,
            "label": str(one.label),
            "purpose": str(one.purpose),
            "takes_reports": one.takes_reports,
        }
        for one in registry.workflows()
    ]
    return {"items": items, "next": None}


@router.get("/workflows/{slug}", response=shapes.WorkflowDetail, operation_id="get_workflow")
def get_workflow(request: HttpRequest, slug: Slug) -> dict[str, Any]:  # noqa: ARG001
    """Read the declaration of a workflow: states, steps with who may take them, clocks and letters."""
    workflow = registry.workflow(slug)
    return {**described(workflow), "takes_reports": workflow.takes_reports}
