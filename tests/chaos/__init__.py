"""The fault campaign: every device, every fault, every moment, judged by what the wires and the plant say."""
