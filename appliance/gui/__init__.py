"""The touchscreen: a client of the core that draws what it publishes and asks for what people tap."""
