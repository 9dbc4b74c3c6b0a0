"""States of the box, the transitions between them, and the outputs each allows."""
