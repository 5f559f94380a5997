"""The API of version 1: its operations, each in a module of its own."""

from ninja import NinjaAPI

api = NinjaAPI(title="Tutela", version="1", urls_namespace="api", docs_url=None)
