"""The whole job over tables of any size: divided, checked, solved, simulated, restartable."""
