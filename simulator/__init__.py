"""The world outside the box: models that can be stepped, and the same behind real protocols."""
