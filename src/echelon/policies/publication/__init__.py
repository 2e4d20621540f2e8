"""Change control: what of a new plan is published at once, what is reviewed, and by whom."""
