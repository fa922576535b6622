"""The rules of `ccdesk/consent/` beside the engine of `ccdesk/sync/`: where do the two decide otherwise?"""
