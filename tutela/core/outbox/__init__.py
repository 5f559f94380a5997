"""What a step wants to happen outside, delivered after commit."""
