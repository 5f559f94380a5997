"""Reports as they came, and the cases made of them."""
