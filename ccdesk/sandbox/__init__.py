"""A local Kibo and Constant Contact over real HTTP (design §1): what tests, demo and support run against.

It shares no code with the clients, so that client and fake server cannot share one wrong assumption.
"""
