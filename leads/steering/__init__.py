"""What staff do to a lead by hand: choose its store, take an offer back, say where the person is and what they want, call it spam.

Promises that the consent gate, franchises and one open offer per person and brand hold for people as they hold for routing, that each act
is in the history, and that a hold releases itself when its reason went. Refuses to change what somebody else changed meanwhile.
"""

from leads.steering.by_hand import REASONS, offer, route_again, take_back
from leads.steering.choosing import Choosable, choosable
from leads.steering.record import HEARD, KINDS, Outdated, Wanted, add_interest, change_interest, heard_of, place
from leads.steering.spam import mark_spam, put_back, unmark_spam
from leads.steering.standing import BeingDecided, BeyondSteering

__all__ = [
    "HEARD",
    "KINDS",
    "REASONS",
    "BeingDecided",
    "BeyondSteering",
    "Choosable",
    "Outdated",
    "Wanted",
    "add_interest",
    "change_interest",
    "choosable",
    "heard_of",
    "mark_spam",
    "offer",
    "place",
    "put_back",
    "route_again",
    "take_back",
    "unmark_spam",
]
