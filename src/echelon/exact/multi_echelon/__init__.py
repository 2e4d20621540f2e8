"""Systems of several stages: serial, assembly and distribution."""
