"""The installed workflows, in the order of the desk. This list is the only registration."""

INSTALLED = ("emergency", "triage")
