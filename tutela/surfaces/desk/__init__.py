"""The desk: where the team works its cases."""
