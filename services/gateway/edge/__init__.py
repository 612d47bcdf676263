"""What meets the network: HTTP and WebSocket connections as uvicorn speaks them, with bounds."""
