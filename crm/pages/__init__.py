"""What staff see of people, of the network and of themselves, and the frame that every page is drawn in."""

from crm.pages import account, audit, frame, keys, network, notifications, people, review, settings, sign_in, staff

CONTROLLERS = tuple(
    controller
    for room in (frame, sign_in, account, staff, settings, keys, audit, notifications, people, review, network)
    for controller in room.CONTROLLERS
)
