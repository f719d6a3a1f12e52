"""Invitations: mailings of a campaign, the one decision whether a person may be written to now, and what came of each message.

Promises that consent, quiet hours and the alliance-wide contact budget are asked at the moment of sending, whatever was asked before, and that
a message that does not go says why and when it could.
"""
