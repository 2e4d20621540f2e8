"""How much a stage orders, and who is served first when stock is short."""
