"""What a stage's stock costs: one file per kind of stock, and the extensions that change them."""
