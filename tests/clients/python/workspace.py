"""What every test of the Python client shares: the client, the simulator's address, and things to work with.

The one rule: the client is the published package, unchanged; only its options point it at the simulator. Tests of one
file never need what another file left behind.
"""

import itertools
import json
import os
import time
import unittest
import urllib.request

import intercom as sdk
from intercom.core.api_error import ApiError

ADDRESS = os.environ.get("TRUNKLINE_SIMULATOR_URL", "http://127.0.0.1:7071")
TOKEN = os.environ.get("TRUNKLINE_SIMULATOR_TOKEN", "clients")


def connect(**options):
    """A client with other options than the usual ones."""
    return sdk.Intercom(**{"base_url": ADDRESS, "token": TOKEN, **options})


intercom = connect()

_made = itertools.count(1)


def unique(text):
    """A text that no other test uses."""
    return f"{text}-{os.getpid()}-{next(_made)}"


def in_seconds(seconds):
    """Unix seconds, some seconds from now."""
    return int(time.time()) + seconds


def control(method, path, body=None):
    """A call of the simulator's control surface."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{ADDRESS}/_sim{path}", data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


def truth(stream):
    """Every object of a stream."""
    return [json.loads(line) for line in control("GET", f"/truth/{stream}").splitlines() if line]


def new_user(**fields):
    fields = {"email": f"{unique('user')}@people.example", "external_id": unique("user"), **fields}
    return intercom.contacts.create(request=sdk.CreateContactRequestWithEmail(**fields))


def new_lead(**fields):
    fields = {"role": "lead", "email": f"{unique('lead')}@people.example", **fields}
    return intercom.contacts.create(request=sdk.CreateContactRequestWithRole(**fields))


def new_company(**fields):
    fields = {"company_id": unique("company"), "name": unique("Company"), **fields}
    return intercom.companies.create_or_update(request=sdk.CreateOrUpdateCompanyRequest(**fields))


def new_tag(text="tag"):
    return intercom.tags.create(request=sdk.CreateOrUpdateTagRequest(name=unique(text)))


def new_conversation(body="The export is empty", user=None):
    """A conversation that a user began: the user, the conversation's id and the first message."""
    user = user or new_user()
    author = sdk.conversations.CreateConversationRequestFrom(type="user", id=user.id)
    message = intercom.conversations.create(from_=author, body=body)
    return user, message.conversation_id, message


def an_admin(place=0):
    return intercom.admins.list().admins[place]


def a_ticket_type(category="Customer"):
    """The first ticket type of a category."""
    return next(kind for kind in intercom.ticket_types.list().data if kind.category == category)


def new_ticket(contacts=None, ticket_type_id=None, attributes=None, **fields):
    """A ticket and the user whose it is."""
    user = new_user()
    attributes = attributes or {
        "_default_title_": unique("Broken lamp"),
        "_default_description_": "It does not shine",
    }
    ticket = intercom.tickets.create(
        ticket_type_id=ticket_type_id or a_ticket_type().id,
        contacts=contacts or [sdk.CreateTicketRequestContactsItemId(id=user.id)],
        # The method has no argument for the attributes of the ticket; a request takes further fields this way.
        request_options={"additional_body_parameters": {"ticket_attributes": attributes}},
        **fields,
    )
    return ticket, user


def attach_company(user, company):
    return intercom.companies.attach_contact(user.id, company_id=company.id)


def last_part(thread):
    """The newest part of a conversation or ticket."""
    if hasattr(thread, "ticket_parts"):
        return thread.ticket_parts.ticket_parts[-1]
    return thread.conversation_parts.conversation_parts[-1]


def ids(rows):
    """The ids of rows, which are plain dictionaries where the client has no type for them."""
    return [row["id"] if isinstance(row, dict) else row.id for row in rows]


def where(field, operator, value):
    return sdk.SingleFilterSearchRequest(field=field, operator=operator, value=value)


def both(*filters):
    return sdk.MultipleFilterSearchRequest(operator="AND", value=list(filters))


def either(*filters):
    return sdk.MultipleFilterSearchRequest(operator="OR", value=list(filters))


def pages_of_search(resource, query, per_page):
    """The rows of each page of a search, by its cursors: the client's own pager asks for the first page again."""
    pages, after = [], None
    while True:
        pagination = sdk.StartingAfterPaging(per_page=per_page, starting_after=after)
        answer = resource.search(query=query, pagination=pagination)
        pages.append(answer.items)
        if not answer.has_next:
            return pages
        after = answer.response.pages.next.starting_after


def each(**cases):
    """One test for each case: the name of the case follows the name of the method, its value is the argument."""

    def mark(method):
        method.cases = cases
        return method

    return mark


def _case(method, value):
    def run(self):
        method(self, value() if callable(value) else value)

    return run


class Case(unittest.TestCase):
    """A class of tests; methods that are marked with [`each`] become one test a case."""

    maxDiff = None

    def __init_subclass__(cls):
        for name, method in list(vars(cls).items()):
            if hasattr(method, "cases"):
                delattr(cls, name)
                for case, value in method.cases.items():
                    setattr(cls, f"{name}__{case}", _case(method, value))

    def settled(self, ask):
        """What a question about a job answers at the end; after each answer before it, a simulated minute passes."""
        for _ in range(60):
            answer = ask()
            if answer.status not in ["pending", "in_progress"]:
                return answer
            control("PUT", "/clock", {"advance_seconds": 60})
        return self.fail("the job does not end")

    def assert_refused(self, status, code, call, kind=ApiError):
        """The call is refused with this status and this code in the body, and raises this class of the client's."""
        with self.assertRaises(kind) as caught:
            call()
        error = caught.exception
        body = error.body if isinstance(error.body, dict) else error.body.model_dump()
        self.assertEqual((error.status_code, body["type"]), (status, "error.list"))
        self.assertEqual(body["errors"][0]["code"], code)
        return error, body

    def assert_not_found(self, call, code="not_found"):
        self.assert_refused(404, code, call)
