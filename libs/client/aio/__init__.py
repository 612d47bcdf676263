"""The client for asyncio, made from the other one."""
