"""Courier: a small game of our own whose every truth is known.

A courier walks over open ground, fetches parcels and brings them to where the needle points. It has what games have
and published ones do not tell: sticks and triggers with values between, a camera, a jump, menus, loading screens,
buttons that a session swaps without a word, and stretches in which nobody plays. Nothing in it is drawn from a
recording or a library: the seed makes all of it, the same on every machine.

    game = CourierGame(seed=7)
    picture = game.picture()
    step = game.step(held)          # HeldControls: a pad's buttons and axes
"""
