"""What kernels read of a network and where it comes from: levels, features, calendars, memory."""
