"""One file or folder per network: it renders markup in the network's form and turns events into happenings. No rules
here.
"""
