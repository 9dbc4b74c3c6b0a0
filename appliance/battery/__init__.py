"""What the cycle decides for the battery beside power: sleep, cell balancing, which racks stay apart."""
