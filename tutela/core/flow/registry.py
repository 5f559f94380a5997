"""The installed workflows. `tutela.workflows` fills it once, when Django starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tutela.core.errors import NotFound
from tutela.core.people.roles import PLATFORM

from .declare import Workflow

_installed: dict[str, Workflow] = {}


def install(workflow: Workflow) -> None:
    """Make a workflow known. Raises ValueError when the slug or the prefix is taken."""
    if workflow.slug == PLATFORM:
        raise ValueError("No workflow is called “platform”: grants on it concern the whole platform.")
    for other in _installed.values():
        if other.slug == workflow.slug or other.prefix == workflow.prefix:
            raise ValueError(f"{workflow.slug} ({workflow.prefix}) is already installed as {other.slug}.")
    _installed[workflow.slug] = workflow


def workflows() -> tuple[Workflow, ...]:
    """All installed workflows, in the order of `tutela/workflows/__init__.py`."""
    return tuple(_installed.values())


def workflow(slug: str) -> Workflow:
    """One workflow. Raises NotFound for a slug that is not installed."""
    try:
        return _installed[slug]
    except KeyError:
        raise NotFound(f"There is no workflow {slug!r}. Installed: {', '.join(_installed)}.") from None


@contextmanager
def installed(*more: Workflow) -> Iterator[None]:
    """For tests: have further workflows for a while."""
    for one in more:
        install(one)
    try:
        yield
    finally:
        for one in more:
            del _installed[one.slug]
