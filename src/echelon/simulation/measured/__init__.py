"""From sums of runs to measures with standard errors, and to frames."""
