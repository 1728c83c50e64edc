"""Probabilistic matching: Fellegi-Sunter weights over typed attributes, streamed.

It stands beside ``domain`` because it leans on libraries (rapidfuzz, pypinyin, opencc, numpy); it
is as pure: no clock, no chance, no unordered sets.
"""
