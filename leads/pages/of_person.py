"""The leads and offers of one person, as a part of the person's page or as a page of its own."""

from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath
from litestar.response import Template

from crm import access
from crm.database import transaction
from crm.pages import frame
from crm.pages.forms import Asked
from leads import of_person
from leads.lists.words import kind


class LeadsOfPerson(Controller):
    path = "/people/{person:uuid}/leads"
    guards = [access.permits("people.see")]
    include_in_schema = False

    @get("/")
    async def show(self, request: Asked, person: FromPath[UUID]) -> Template:
        async with transaction():
            found = await of_person.show(person, frame.scope_of(request))
        name = "leads/_leads_of_person.html" if frame.wants_fragment(request) else "leads/leads_of_person.html"
        return frame.page(request, name, found=found, kind=kind)

    @get("/wishes")
    async def wishes(self, request: Asked, person: FromPath[UUID]) -> Template:
        """What they want and who has it, in few words: for putting two people beside each other."""
        async with transaction():
            found = await of_person.show(person, frame.scope_of(request))
        name = "leads/_wishes_of_person.html" if frame.wants_fragment(request) else "leads/leads_of_person.html"
        return frame.page(request, name, found=found, kind=kind)


CONTROLLERS = (LeadsOfPerson,)
