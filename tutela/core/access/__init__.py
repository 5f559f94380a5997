"""Who may see a case beyond the usual, and why anybody may see one at all."""
