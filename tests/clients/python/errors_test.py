"""How refusals reach the caller: the class of the error, its status, and the code in its body.

The client has a class of its own where the published description of an operation names the status; where it does not,
the error is the general one with the same status and body.
"""

from intercom.core.api_error import ApiError
from intercom.errors import BadRequestError, NotFoundError, UnauthorizedError, UnprocessableEntityError

import intercom as sdk

from workspace import (
    Case, an_admin, connect, control, each, intercom, new_company, new_conversation, new_user, unique,
)

NOBODY = "6000000000000000deadbeef"


class Errors(Case):
    @each(
        a_company=lambda: (lambda: intercom.companies.find(NOBODY), "company_not_found"),
        an_article=lambda: (lambda: intercom.articles.find(999999), "not_found"),
        a_collection=lambda: (lambda: intercom.help_centers.collections.find(999999), "not_found"),
        an_admin=lambda: (lambda: intercom.admins.find(999999), "admin_not_found"),
        a_conversation=lambda: (lambda: intercom.conversations.find("999999"), "not_found"),
        a_segment=lambda: (lambda: intercom.segments.find(NOBODY), "not_found"),
        a_tag=lambda: (lambda: intercom.tags.find("999999"), "not_found"),
        a_team=lambda: (lambda: intercom.teams.find("999999"), "team_not_found"),
        a_note=lambda: (lambda: intercom.notes.find(999999), "not_found"),
        a_visitor=lambda: (lambda: intercom.visitors.find(user_id=unique("nobody")), "not_found"),
        tags_of_a_contact=lambda: (lambda: intercom.contacts.list_attached_tags(NOBODY), "not_found"),
        a_data_attribute=lambda: (
            lambda: intercom.data_attributes.update(999999, request={"description": "x"}),
            "field_not_found",
        ),
    )
    def what_is_not_there_is_a_not_found_error(self, case):
        call, code = case
        self.assert_refused(404, code, call, NotFoundError)

    def a_contact_that_is_not_there_is_a_general_error_with_404_for_its_description_names_no_404(self):
        error, _ = self.assert_refused(404, "not_found", lambda: intercom.contacts.find(NOBODY), ApiError)
        self.assertNotIsInstance(error, NotFoundError)

    @each(
        contacts=lambda: lambda client: client.contacts.find(NOBODY),
        companies=lambda: lambda client: client.companies.list(),
        conversations=lambda: lambda client: client.conversations.list(),
        tickets=lambda: lambda client: client.tickets.get("1"),
        tags=lambda: lambda client: client.tags.list(),
        articles=lambda: lambda client: client.articles.list(),
    )
    def a_wrong_token_is_an_unauthorized_error_of(self, call):
        stranger = connect(token="stolen")
        self.assert_refused(401, "unauthorized", lambda: call(stranger), UnauthorizedError)

    def a_company_with_an_unknown_key_is_a_bad_request_error(self):
        self.assert_refused(400, "bad_request", lambda: new_company(test=True), BadRequestError)

    def an_article_without_an_author_is_a_bad_request_error(self):
        request = sdk.CreateArticleRequest.model_construct(title="x")
        self.assert_refused(
            400, "parameter_not_found", lambda: intercom.articles.create(request=request), BadRequestError
        )

    def a_company_that_was_not_named_is_a_bad_request_error(self):
        user = new_user()
        self.assert_refused(
            400,
            "parameter_not_found",
            lambda: intercom.companies.attach_contact(user.id, company_id=None),
            BadRequestError,
        )

    def the_last_participant_cannot_leave_which_is_an_unprocessable_entity_error(self):
        user, conversation, _ = new_conversation()
        admin = an_admin()
        self.assert_refused(
            422,
            "parameter_invalid",
            lambda: intercom.conversations.detach_contact_as_admin(conversation, user.id, admin_id=admin.id),
            UnprocessableEntityError,
        )

    def the_request_id_of_the_body_is_the_one_of_the_header(self):
        error, body = self.assert_refused(404, "company_not_found", lambda: intercom.companies.find(NOBODY))
        self.assertEqual(body["request_id"], error.headers["x-request-id"])
        self.assertTrue(body["errors"][0]["message"])

    def a_burst_beyond_the_limit_is_a_429_that_says_when_to_come_back(self):
        control("PUT", "/faults", [{"operation": "tags.list", "status": 429, "retry_after": 1}])
        error, _ = self.assert_refused(429, "rate_limit_exceeded", intercom.tags.list)
        self.assertEqual(error.headers["retry-after"], "1")
        self.assertTrue(intercom.tags.list().data)
