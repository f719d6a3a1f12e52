"""Who may call what: every address of the house with what it asks for, and the names of the ids that stand in it.

A route that is not here fails `test_matrix.py`: whoever adds one says in this table who may call it, apart from the guard that says it
in the code. `anyone`, `own_pages` and `any_key` are guards; `key:...` is the scope of a machine's key; the others are permissions, with `+` between
those that are all needed.
"""

import re
from collections.abc import Mapping

from crm.roles import PERMISSIONS

# Method, address with the name of the thing whose id stands there, and what is asked for.
ROUTES = """
GET  /health/live                                       anyone
GET  /health/ready                                      anyone
GET  /docs                                              anyone
GET  /schema                                            anyone
GET  /schema/openapi.json                               anyone
GET  /schema/{file}                                     anyone
GET  /static/{file}                                     anyone
GET  /demo                                              anyone
GET  /                                                  anyone
POST /seeing                                            own_pages
POST /theme                                             own_pages
GET  /sign-in                                           own_pages
POST /sign-in                                           own_pages
POST /sign-in/as                                        own_pages
GET  /sign-in/second-factor                             own_pages
POST /sign-in/second-factor                             own_pages

POST /api/v1/leads                                      key:leads
POST /api/v1/leads/batch                                key:leads
GET  /api/v1/leads/{lead}                               key:leads
POST /api/v1/people/{person}/consents                   key:consents
GET  /api/v1/inbox                                      key:inbox
GET  /api/v1/inbox/offers/{offer}                       key:inbox
POST /api/v1/inbox/offers/{offer}/acceptance            key:inbox
POST /api/v1/inbox/offers/{offer}/refusal               key:inbox
POST /api/v1/inbox/offers/{offer}/dispositions          key:inbox
GET  /api/v1/codes                                      any_key
GET  /api/v1/me                                         any_key

POST /sign-out                                          own
GET  /account                                           own
POST /account/preferences                               own
POST /account/password                                  own
GET  /account/second-factor                             own
POST /account/second-factor                             own
POST /account/second-factor/confirmation                own
POST /account/second-factor/removal                     own
POST /account/second-factor/recovery-codes              own
GET  /account/sessions                                  own
POST /account/sessions/ending                           own
POST /account/sessions/{session}/ending                 own
GET  /notifications                                     own
GET  /notifications/bell                                own
POST /notifications/reading                             own
POST /notifications/{notification}/reading              own

GET  /today/figures                                     home+leads.see
GET  /today/wall                                        home
GET  /today/campaigns                                   home+figures

GET  /staff                                             staff
POST /staff                                             staff
GET  /staff/new                                         staff
GET  /staff/{staff}                                     staff
POST /staff/{staff}                                     staff
POST /staff/{staff}/password                            staff
POST /staff/{staff}/second-factor/removal               staff
POST /staff/{staff}/sessions/ending                     staff
POST /staff/{staff}/disabling                           staff
POST /staff/{staff}/enabling                            staff
GET  /settings                                          settings
GET  /notices                                           settings
POST /notices                                           settings
GET  /notices/new                                       settings
GET  /keys                                              keys
POST /keys                                              keys
GET  /keys/new                                          keys
GET  /keys/{key}                                        keys
POST /keys/{key}/terms                                  keys
POST /keys/{key}/revocation                             keys
GET  /audit                                             audit
GET  /audit/export                                      audit

GET  /people                                            people.see
POST /people/search                                     people.see
GET  /people/{person}                                   people.see
GET  /people/{person}/leads                             people.see
GET  /people/{person}/leads/wishes                      people.see
GET  /people/{person}/corrections                       people.work
POST /people/{person}/corrections                       people.work
POST /people/{person}/corrections/{correction}/undoing  people.work
POST /people/{person}/consents                          people.work
POST /people/{person}/notes                             people.work
POST /people/{person}/notes/{person_note}/retracting    people.work
POST /people/{person}/notes/{person_note}/restoring     people.work
GET  /people/{person}/reveals                           people.reveal
POST /people/{person}/reveals                           people.reveal
GET  /people/{person}/reveals/mask                      people.reveal
GET  /merges/{merge}                                    people.merge
POST /merges/{merge}/undoing                            people.merge
GET  /review                                            people.merge
GET  /review/mine                                       people.merge
GET  /review/{review}                                   people.merge
POST /review/{review}/answer                            people.merge
POST /review/{review}/undoing                           people.merge

GET  /search                                            leads.see
POST /search                                            leads.see
GET  /leads                                             leads.see
POST /leads/search                                      leads.see
GET  /leads/export                                      leads.export
GET  /leads/new                                         leads.create
POST /leads/new                                         leads.create
POST /leads/new/known                                   leads.create
GET  /leads/{lead}                                      leads.see
POST /leads/{lead}/notes                                leads.work
POST /leads/{lead}/notes/{lead_note}/retracting         leads.work
POST /leads/{lead}/notes/{lead_note}/restoring          leads.work
POST /leads/{lead}/tasks                                leads.work
POST /leads/{lead}/tasks/{task}/completion              leads.work
POST /leads/{lead}/tasks/{task}/reopening               leads.work
GET  /leads/{lead}/place                                leads.work
POST /leads/{lead}/place                                leads.work
POST /leads/{lead}/interests                            leads.work
GET  /leads/{lead}/interests/new                        leads.work
GET  /leads/{lead}/interests/{interest}                 leads.work
POST /leads/{lead}/interests/{interest}                 leads.work
POST /leads/{lead}/interests/{interest}/routing         leads.work
POST /leads/{lead}/spam                                 leads.work
POST /leads/{lead}/spam/undoing                         leads.work
GET  /leads/{lead}/offers/new                           leads.offer
POST /leads/{lead}/offers                               leads.offer
GET  /leads/{lead}/offers/{offer}/withdrawal            leads.offer
POST /leads/{lead}/offers/{offer}/withdrawal            leads.offer
POST /views                                             leads.see
POST /views/{view}                                      leads.see
POST /views/{view}/removal                              leads.see
POST /views/{view}/restoring                            leads.see

GET  /bulk                                              leads.work
POST /bulk                                              leads.work
POST /bulk/previews                                     leads.work
POST /bulk/jobs                                         leads.work
GET  /bulk/{job}                                        leads.work
GET  /bulk/{job}/errors                                 leads.work
POST /bulk/{job}/cancelling                             leads.work
POST /bulk/{job}/undoing                                leads.work
GET  /queues                                            queues
GET  /queues/waiting                                     queues
GET  /queues/late                                        queues
GET  /queues/held                                        queues
GET  /queues/alliance                                    queues
GET  /queues/lost                                        queues
POST /queues/alliance/{alliance_task}/taking            queues
POST /queues/alliance/{alliance_task}/giving-back       queues
POST /queues/alliance/{alliance_task}/closing           queues
POST /queues/alliance/{alliance_task}/opening           queues
POST /queues/lost/{recheck}/confirmation                queues
POST /queues/lost/{recheck}/reopening                   queues
POST /queues/lost/{recheck}/undoing                     queues

GET  /stores                                            network.see
GET  /stores/{store}                                    network.see
GET  /stores/{store}/load                               network.see
POST /stores/{store}/changes                            network.work
POST /stores/{store}/reminders                          network.work
GET  /dealers/{dealer}                                  network.see

GET  /my-store                                          inbox
GET  /my-store/open                                     inbox
GET  /my-store/offers/{offer}                           inbox
POST /my-store/offers/{offer}/acceptance                inbox
POST /my-store/offers/{offer}/refusal                   inbox
POST /my-store/offers/{offer}/dispositions              inbox

GET  /policies                                          policies.see
GET  /policies/{brand}                                  policies.see
GET  /policies/{brand}/versions/{version}               policies.see
POST /policies/{brand}/versions/{version}/return        policies.work
POST /policies/{brand}/versions/{version}/undoing       policies.work
POST /policies/{brand}/drafts                           policies.work
GET  /policies/{brand}/drafts/{draft}                   policies.see
POST /policies/{brand}/drafts/{draft}                   policies.work
POST /policies/{brand}/drafts/{draft}/simulations       policies.work
POST /policies/{brand}/drafts/{draft}/activation        policies.work
POST /policies/{brand}/drafts/{draft}/discarding        policies.work
GET  /simulations/{simulation}                          policies.see

GET  /imports                                           imports
POST /imports                                           imports
GET  /imports/new                                       imports
GET  /imports/{import}                                  imports
GET  /imports/{import}/errors                           imports
GET  /imports/{import}/undoing                          imports
POST /imports/{import}/undoing                          imports
POST /imports/{import}/columns                          imports
POST /imports/{import}/checking                         imports
POST /imports/{import}/running                          imports
POST /imports/{import}/cancelling                       imports

GET  /campaigns/{campaign}/lead-rule                    campaigns.see
POST /campaigns/{campaign}/lead-rule                    campaigns.work

GET  /r/{slug}                                          anyone
HEAD /r/{slug}                                          anyone
GET  /campaigns                                         campaigns.see
POST /campaigns                                         campaigns.work
GET  /campaigns/new                                     campaigns.work
GET  /campaigns/calendar                                campaigns.see
GET  /campaigns/{campaign}                              campaigns.see
GET  /campaigns/{campaign}/checklist                    campaigns.see
GET  /campaigns/{campaign}/clone                        campaigns.work
POST /campaigns/{campaign}/clones                       campaigns.work
GET  /campaigns/{campaign}/edit                         campaigns.work
POST /campaigns/{campaign}/edit                         campaigns.work
POST /campaigns/{campaign}/partners                     campaigns.work
POST /campaigns/{campaign}/scheduling                   campaigns.work
POST /campaigns/{campaign}/drafting                     campaigns.work
POST /campaigns/{campaign}/beginning                    campaigns.work
POST /campaigns/{campaign}/closing                      campaigns.work
POST /campaigns/{campaign}/reopening                    campaigns.work
GET  /campaigns/{campaign}/arrangement                  campaigns.see
POST /campaigns/{campaign}/arrangement                  campaigns.work
POST /campaigns/{campaign}/acceptance                   campaigns.join
POST /campaigns/{campaign}/declining                    campaigns.join
GET  /campaigns/{campaign}/goals                        campaigns.see
POST /campaigns/{campaign}/goals                        campaigns.work
GET  /campaigns/{campaign}/channels                     campaigns.see
POST /campaigns/{campaign}/channels                     campaigns.work
GET  /campaigns/{campaign}/channels/sheet               campaigns.see
GET  /campaigns/{campaign}/channels/{channel}           campaigns.see
POST /campaigns/{campaign}/channels/{channel}           campaigns.work
GET  /campaigns/{campaign}/channels/{channel}/qr        campaigns.see
POST /campaigns/{campaign}/channels/{channel}/closing   campaigns.work
POST /campaigns/{campaign}/channels/{channel}/opening   campaigns.work

GET  /e/{event}                                         own_pages
POST /e/{event}                                         own_pages
GET  /e/{event}/places                                  own_pages
GET  /g/{guest}                                         own_pages
GET  /g/{guest}/event.ics                               own_pages
GET  /g/{guest}/code.svg                                own_pages
POST /g/{guest}/changes                                 own_pages
POST /g/{guest}/cancellation                            own_pages
POST /g/{guest}/offers/acceptance                       own_pages
POST /g/{guest}/offers/refusal                          own_pages
POST /g/{guest}/consents/withdrawal                     own_pages
GET  /api/v1/events                                     key:events
POST /api/v1/events/{event}/registrations               key:events
POST /api/v1/events/{event}/slots/{slot}/bookings       key:events
GET  /api/v1/events/{event}/slots/{slot}/bookings/{booked_as}  key:events
POST /api/v1/events/{event}/slots/{slot}/bookings/{booked_as}/cancellation  key:events
GET  /events                                            campaigns.see
GET  /events/{event}                                    campaigns.see
GET  /events/{event}/code.svg                           campaigns.see
GET  /events/{event}/changes                            campaigns.work
POST /events/{event}                                    campaigns.work
POST /events/{event}/opening                            campaigns.work
POST /events/{event}/closing                            campaigns.work
POST /events/{event}/slots                              campaigns.work
GET  /events/{event}/slots/{slot}                       campaigns.work
POST /events/{event}/slots/{slot}                       campaigns.work
POST /events/{event}/slots/{slot}/closing               campaigns.work
POST /events/{event}/slots/{slot}/opening               campaigns.work
GET  /campaigns/{campaign}/events                       campaigns.see
GET  /campaigns/{campaign}/events/new                   campaigns.work
POST /campaigns/{campaign}/events                       campaigns.work
GET  /campaigns/{campaign}/guests                       guests.see
POST /campaigns/{campaign}/guests/search                guests.see
GET  /campaigns/{campaign}/guests/print                 leads.export
GET  /campaigns/{campaign}/guests/export                leads.export
GET  /campaigns/{campaign}/guests/new                   guests.work
POST /campaigns/{campaign}/guests/new                   guests.work
GET  /campaigns/{campaign}/guests/imports               guests.import
POST /campaigns/{campaign}/guests/imports               guests.import
GET  /campaigns/{campaign}/guests/imports/new           guests.import
GET  /campaigns/{campaign}/guests/imports/{guest_list}            guests.import
GET  /campaigns/{campaign}/guests/imports/{guest_list}/errors     guests.import
GET  /campaigns/{campaign}/guests/imports/{guest_list}/undoing    guests.import
POST /campaigns/{campaign}/guests/imports/{guest_list}/undoing    guests.import
POST /campaigns/{campaign}/guests/imports/{guest_list}/columns    guests.import
POST /campaigns/{campaign}/guests/imports/{guest_list}/checking   guests.import
POST /campaigns/{campaign}/guests/imports/{guest_list}/running    guests.import
POST /campaigns/{campaign}/guests/imports/{guest_list}/cancelling guests.import
POST /campaigns/{campaign}/guests/imports/{guest_list}/telling    guests.import
GET  /guests/{registration}                             guests.see
POST /guests/{registration}/cancellation                guests.work
POST /guests/{registration}/cancellation/undoing        guests.work
POST /guests/{registration}/attendance                  guests.work
POST /guests/{registration}/attendance/undoing          guests.work
POST /guests/{registration}/link                        guests.work
POST /guests/{registration}/bookings                    guests.work
POST /guests/{registration}/bookings/{booking}/cancellation  guests.work
POST /guests/{registration}/bookings/{booking}/cancellation/undoing  guests.work
POST /guests/{registration}/bookings/{booking}/done     guests.work
POST /guests/{registration}/bookings/{booking}/done/undoing  guests.work

GET  /campaigns/{campaign}/invitations                                   invitations.see
GET  /campaigns/{campaign}/invitations/{mailing}                         invitations.see
GET  /campaigns/{campaign}/invitations/audiences                         invitations.see
GET  /campaigns/{campaign}/invitations/audiences/{audience}              invitations.see
GET  /campaigns/{campaign}/invitations/templates                         invitations.see
GET  /campaigns/{campaign}/invitations/templates/{template}              invitations.see
GET  /campaigns/{campaign}/invitations/templates/{template}/preview      invitations.see
GET  /campaigns/{campaign}/invitations/new                               invitations.work
GET  /campaigns/{campaign}/invitations/audiences/new                     invitations.work
GET  /campaigns/{campaign}/invitations/templates/new                     invitations.work
POST /campaigns/{campaign}/invitations/new                               invitations.work
POST /campaigns/{campaign}/invitations/{mailing}/setup                   invitations.work
POST /campaigns/{campaign}/invitations/{mailing}/message                 invitations.work
POST /campaigns/{campaign}/invitations/{mailing}/sending                 invitations.work
POST /campaigns/{campaign}/invitations/{mailing}/pausing                 invitations.work
POST /campaigns/{campaign}/invitations/{mailing}/resumption              invitations.work
POST /campaigns/{campaign}/invitations/{mailing}/retrying                invitations.work
POST /campaigns/{campaign}/invitations/{mailing}/cancelling              invitations.work
POST /campaigns/{campaign}/invitations/audiences                         invitations.work
POST /campaigns/{campaign}/invitations/audiences/{audience}              invitations.work
POST /campaigns/{campaign}/invitations/audiences/{audience}/closing      invitations.work
POST /campaigns/{campaign}/invitations/audiences/{audience}/reopening    invitations.work
POST /campaigns/{campaign}/invitations/templates                         invitations.work
POST /campaigns/{campaign}/invitations/templates/{template}              invitations.work
POST /campaigns/{campaign}/invitations/templates/{template}/approval     invitations.work
POST /campaigns/{campaign}/invitations/templates/{template}/trial        invitations.work
POST /campaigns/{campaign}/invitations/templates/{template}/closing      invitations.work
POST /campaigns/{campaign}/invitations/templates/{template}/reopening    invitations.work
GET  /contact-rules                                     settings
POST /contact-rules                                     settings
GET  /outbox                                            settings
GET  /u/{token}                                         anyone
POST /u/{token}                                         anyone
GET  /i/{token}                                         anyone
HEAD /i/{token}                                         anyone
GET  /i/{token}/open.gif                                anyone
POST /hooks/sms/reports                                 anyone
POST /hooks/sms/answers                                 anyone
"""
ASKED: dict[tuple[str, str], str] = {
    (method, address): asks for method, address, asks in (line.split() for line in ROUTES.splitlines() if line)
}
# What a form must say at least, so that its ids are looked at, and what a page must be asked; `{...}` are ids again.
SAID: dict[tuple[str, str], dict[str, str]] = {
    ("GET", "/people/{person}/reveals"): {"field": "phone", "observation": "{observation}"},
    ("GET", "/people/{person}/reveals/mask"): {"field": "phone", "observation": "{observation}"},
    ("POST", "/people/{person}/reveals"): {"field": "phone", "observation": "{observation}", "why": "call_back"},
    ("POST", "/people/{person}/corrections"): {"field": "phone", "value": "13900008642", "heard": "id_seen", "version": "1"},
    ("POST", "/people/{person}/consents"): {"purpose": "alliance_marketing", "brand": "1", "state": "withdrawn", "told": "by_phone"},
    ("POST", "/people/{person}/notes"): {"text": "hello"},
    ("POST", "/leads/{lead}/notes"): {"text": "hello"},
    ("POST", "/leads/{lead}/tasks"): {"task": "call"},
    ("POST", "/leads/{lead}/place"): {"version": "1", "region": "510107"},
    ("POST", "/leads/{lead}/interests"): {"version": "1", "kind": "buy"},
    ("POST", "/leads/{lead}/interests/{interest}"): {"version": "1", "kind": "buy"},
    ("POST", "/leads/{lead}/offers"): {"interest": "{interest}", "store": "S2", "reason": "nearer"},
    ("POST", "/leads/{lead}/offers/{offer}/withdrawal"): {"reason": "no_answer"},
    ("POST", "/views/{view}"): {"name": "again"},
    ("POST", "/stores/{store}/changes"): {"daily_capacity": "50", "weight": "1", "opens": "09:00", "closes": "18:00", "version": "1"},
    ("POST", "/my-store/offers/{offer}/acceptance"): {"key": "0" * 32},
    ("POST", "/my-store/offers/{offer}/refusal"): {"key": "1" * 32, "reason": "busy"},
    ("POST", "/my-store/offers/{offer}/dispositions"): {"key": "2" * 32, "kind": "contacted"},
    ("POST", "/queues/alliance/{alliance_task}/closing"): {"reason": "invalid_number"},
    ("POST", "/campaigns/{campaign}/lead-rule"): {"version": "1", "when": "registered", "fan_out": "parallel", "once": "person"},
    ("POST", "/bulk"): {"lead": "{lead}", "kind": "note"},
    ("POST", "/bulk/previews"): {"lead": "{lead}", "kind": "note", "text": "hello"},
    ("POST", "/bulk/jobs"): {"lead": "{lead}", "kind": "note", "text": "hello"},
    ("POST", "/campaigns/{campaign}/edit"): {"version": "1", "name": "again"},
    ("POST", "/campaigns/{campaign}/clones"): {"code": "again", "name": "again", "starts_on": "2026-09-01"},
    ("POST", "/campaigns/{campaign}/acceptance"): {"terms": "1"},
    ("POST", "/campaigns/{campaign}/declining"): {"terms": "1", "reason": "too much"},
    ("POST", "/campaigns/{campaign}/channels"): {"code": "AGAIN", "name": "again", "medium": "poster"},
    ("POST", "/campaigns/{campaign}/channels/{channel}"): {"name": "again", "medium": "poster"},
    ("POST", "/campaigns/{campaign}/closing"): {"reason": "storm"},
    ("POST", "/events/{event}"): {"name": "again", "version": "1"},
    ("POST", "/events/{event}/slots"): {"kind": "session", "starts": "2037-05-01 10:00", "minutes": "40", "places": "2"},
    ("POST", "/events/{event}/slots/{slot}"): {"kind": "session", "starts": "2037-05-01 10:00", "minutes": "40", "places": "2"},
    ("POST", "/campaigns/{campaign}/events"): {"name": "another", "code": "another"},
    ("POST", "/campaigns/{campaign}/guests/new"): {"event": "{event}", "phone": "13912349876"},
    ("POST", "/campaigns/{campaign}/guests/imports"): {"event": "{event}"},
    ("POST", "/guests/{registration}/bookings"): {"slot": "{slot}"},
    ("POST", "/campaigns/{campaign}/invitations/new"): {"name": "again", "sender": "aito", "channel": "email", "audience": "{audience}"},
    ("POST", "/campaigns/{campaign}/invitations/{mailing}/setup"): {"name": "again", "sender": "aito", "channel": "email", "audience": "{audience}"},
    ("POST", "/campaigns/{campaign}/invitations/{mailing}/message"): {"template": "{template}"},
    ("POST", "/campaigns/{campaign}/invitations/audiences"): {"name": "again", "sender": "aito"},
    ("POST", "/campaigns/{campaign}/invitations/audiences/{audience}"): {"name": "again", "sender": "aito", "version": "1"},
    ("POST", "/campaigns/{campaign}/invitations/templates"): {"name": "again", "sender": "aito", "subject_zh": "a", "text_zh": "b"},
    ("POST", "/campaigns/{campaign}/invitations/templates/{template}"): {
        "name": "again", "sender": "aito", "version": "1", "subject_zh": "a", "text_zh": "b"
    },
    ("POST", "/campaigns/{campaign}/invitations/templates/{template}/approval"): {"approval": "submitted"},
    ("POST", "/contact-rules"): {"opens": "08:00", "closes": "21:00", "zone": "Asia/Shanghai", "version": "1"},
}  # fmt: skip
GUARDS = ("anyone", "own_pages", "any_key")
# What an id of each kind belongs to: nobody of one brand may tell another brand's from one that does not exist.
OF_A_BRAND = frozenset(
    {"lead", "interest", "offer", "person", "observation", "correction", "lead_note", "person_note", "task", "store", "dealer",
     "brand", "draft", "simulation", "job", "alliance_task", "recheck", "campaign", "channel",
     "event", "slot", "registration", "booking", "guest_list", "mailing", "audience", "template"}
)  # fmt: skip
PERMITTED: dict[tuple[str, str], frozenset[str]] = {
    route: frozenset(asks.split("+")) for route, asks in ASKED.items() if asks.split("+")[0] in PERMISSIONS
}
OF_SOMEBODY = frozenset({"view", "notification", "session"})


def filled(address: str, ids: Mapping[str, object]) -> str:
    """The address with these ids in it."""
    return re.sub(r"\{(\w+)\}", lambda found: str(ids[found[1]]), address)


def kinds(address: str) -> set[str]:
    """The names of the ids in an address."""
    return set(re.findall(r"\{(\w+)\}", address))
