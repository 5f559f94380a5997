"""Records at the desk: the schedule, legal holds, what is due, disposal runs, certificates."""
