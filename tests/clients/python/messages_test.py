"""Messages that an admin sends."""

import intercom as sdk

from workspace import Case, an_admin, ids, intercom, new_user


def send(kind=sdk.CreateMessageRequest_Inapp, to=None, **fields):
    """A message of an admin to a user."""
    request = kind(
        body="We are back",
        from_=sdk.CreateMessageRequestFrom(type="admin", id=int(an_admin().id)),
        to=sdk.CreateMessageRequestTo(type="user", id=to or new_user().id),
        **fields,
    )
    return intercom.messages.create(request=request)


class Messages(Case):
    def a_message_in_the_app_has_no_conversation_before_the_user_answers(self):
        message = send()
        self.assertEqual((message.type, message.message_type), ("admin_message", "inapp"))
        self.assertEqual((message.body, message.conversation_id), ("We are back", None))

    def a_message_begins_a_conversation_when_that_is_asked_for(self):
        user = new_user()
        message = send(to=user.id, create_conversation_without_contact_reply=True)
        found = intercom.conversations.find(message.conversation_id)
        self.assertEqual((found.source.author.type, found.source.author.id), ("admin", an_admin().id))
        self.assertIn("We are back", found.source.body)
        self.assertEqual(ids(found.contacts.contacts), [user.id])

    def an_email_keeps_its_subject(self):
        message = send(sdk.CreateMessageRequest_Email, subject="News", template="plain")
        self.assertEqual((message.message_type, message.subject), ("email", "News"))

    def an_email_without_a_subject_is_not_accepted(self):
        self.assert_refused(
            422,
            "parameter_not_found",
            lambda: send(sdk.CreateMessageRequest_Email, subject="", template="plain"),
        )

    def nobody_gets_no_message(self):
        self.assert_not_found(lambda: send(to="6000000000000000deadbeef"))
