"""The gaming PCs: which are connected, what they said last, and orders for them."""
