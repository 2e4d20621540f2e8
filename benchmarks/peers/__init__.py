"""The same cases in other packages (extra ``peer``), each through its documented interface."""
