"""The IoT Hub, as far as a device and its tests need one: MQTT over TLS, signatures, methods, twin, faults."""
