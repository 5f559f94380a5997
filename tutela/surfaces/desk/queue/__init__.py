"""Lists of cases: filters, order, groups, pages, saved views, many at once."""
