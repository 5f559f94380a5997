"""One case on one page: what it is, what must happen next, by when, who else must agree."""
