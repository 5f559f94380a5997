"""Pages: somebody on duty is asked to answer for a case, and the next one when nobody does."""
