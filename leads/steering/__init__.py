"""What staff do to a lead by hand: choose its store, take an offer back, say where the person is and what they want, call it spam.

Promises that the consent gate, franchises and one open offer per person and brand hold for people as they hold for routing, that each act
is in the history, and that a hold releases itself when its reason went. Refuses to change what somebody else changed meanwhile.
"""

from leads.steering.by_hand import REASONS, offer, route_again, take_back
from leads.steering.choosing import Choosable, choosable
from leads.steering.record import KINDS, Outdated, Wanted, add_interest, change_interest, place
from leads.steering.spam import mark_spam, unmark_spam
from leads.steering.standing import BeingDecided, BeyondSteering

__all__ = [
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
    "mark_spam",
    "offer",
    "place",
    "route_again",
    "take_back",
    "unmark_spam",
]
