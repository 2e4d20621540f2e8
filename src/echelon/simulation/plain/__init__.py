"""The readable twin of the flow kernels, the convention clause by clause, in NumPy."""
