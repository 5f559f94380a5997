"""Tutela: the operations platform for Trust & Safety teams."""
