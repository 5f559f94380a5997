"""The form of a step, and performing it."""
