"""What staff and stores see of leads: lists, queues, one lead with its receipts, imports, policies, and the demo's front page."""

from leads.pages import (
    bulk,
    demo_front,
    guest_imports,
    home,
    imports,
    lead,
    lead_notes,
    lead_offers,
    lead_work,
    leads,
    my_store,
    new_lead,
    of_person,
    policies,
    queues,
    search,
    store_load,
)

CONTROLLERS = tuple(
    controller
    for room in (
        demo_front,
        home,
        search,
        leads,
        new_lead,
        lead,
        lead_notes,
        lead_work,
        lead_offers,
        bulk,
        queues,
        of_person,
        store_load,
        my_store,
        policies,
        imports,
        guest_imports,
    )
    for controller in room.CONTROLLERS
)
