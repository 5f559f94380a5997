"""Requests: who must agree, what would happen, and one's own decision."""
