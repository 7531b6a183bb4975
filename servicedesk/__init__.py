"""Settings, web server, task queue and the runtime: wires the product together and is imported by no other app."""
