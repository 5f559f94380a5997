"""Everything that has no owner yet: sorted, answered with a venue, or sent to the workflow that owns it."""
