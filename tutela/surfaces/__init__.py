"""Thin: parse, then perform() or a queryset, then render."""
