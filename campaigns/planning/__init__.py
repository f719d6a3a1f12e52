"""Planning a joint campaign: from a draft over what its partners accept to the day it begins, and the day it ends.

Promises that nobody's change is lost, that a share is exact and a budget is split to the last fen, and that a campaign begins only when what
its checklist holds against it is put right. What a brand accepted is what stood there when it did: any change asks everybody again.
"""
