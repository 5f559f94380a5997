"""A made-up team and sample cases, for trying Tutela out. Every name and word is invented."""
