"""Makes the installed workflows known to the engine when Django starts."""

from importlib import import_module

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

from tutela.core.flow import registry

from . import INSTALLED


class WorkflowsConfig(AppConfig):
    """The workflows, each in a folder of its own."""

    name = "tutela.workflows"
    label = "workflows"

    def ready(self) -> None:
        """Install every workflow of the list. Raises ImproperlyConfigured with every fault of it."""
        from tutela.core.flow.check import check

        known = {workflow.slug for workflow in registry.workflows()}
        for slug in INSTALLED:
            if slug not in known:
                registry.install(import_module(f"tutela.workflows.{slug}.workflow").WORKFLOW)
        faults = [f"{one.slug}: {fault}" for one in registry.workflows() for fault in check(one)]
        if faults:
            raise ImproperlyConfigured("\n".join(["The workflows cannot be installed.", *faults]))
