"""Emergency reports: threats of harm to self or others."""
