"""Whether the work is being done: a heartbeat of each loop, and counts that hold no case content."""
