"""How long what is kept is kept, what stands under a legal hold, and how the rest is disposed of."""
