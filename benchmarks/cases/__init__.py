"""One file per subject, each with its ``CASE``."""
