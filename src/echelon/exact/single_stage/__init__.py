"""One stage by itself: what a policy costs and serves, and the policy that costs least."""
