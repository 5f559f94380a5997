"""What every workflow stands on. Knows no workflow, no connector and no surface."""
