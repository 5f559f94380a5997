"""Who may see a case beyond the usual, who keeps away, who holds which role, and why anybody sees one."""
