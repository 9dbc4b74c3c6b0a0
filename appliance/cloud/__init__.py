"""The cloud process: telemetry out of the store to IoT Hub, commands from there to the core."""
