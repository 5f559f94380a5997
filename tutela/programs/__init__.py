"""Standing work that is not a case."""
