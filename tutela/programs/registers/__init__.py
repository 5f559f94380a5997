"""Registers that survive the cases: what was released to whom, and whom we stopped answering."""
