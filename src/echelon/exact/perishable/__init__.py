"""Items that expire: stock by remaining life, exact where small, simulated beyond."""
