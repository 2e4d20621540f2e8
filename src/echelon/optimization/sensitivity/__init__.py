"""What a shorter lead time, steadier demand or a lower promise would be worth, and where."""
