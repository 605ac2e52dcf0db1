"""Conversations: begun, found, answered from both sides, changed and deleted."""

import intercom as sdk

from workspace import (
    Case, an_admin, attach_company, each, ids, intercom, last_part, new_company, new_conversation, new_lead, new_user,
    unique,
)


def comment_of(user, body):
    return sdk.ContactReplyIntercomUserIdRequest(intercom_user_id=user.id, body=body)


class Conversations(Case):
    def a_conversation_of_a_user_begins_with_the_message_that_was_written(self):
        user, conversation, message = new_conversation("Where is my <invoice>?")
        self.assertEqual((message.type, message.body), ("user_message", "Where is my <invoice>?"))
        found = intercom.conversations.find(conversation)
        self.assertEqual((found.id, found.source.id), (conversation, message.id))
        self.assertEqual((found.source.author.id, ids(found.contacts.contacts)), (user.id, [user.id]))
        self.assertEqual((found.open, found.state, found.admin_assignee_id), (True, "open", None))
        self.assertEqual(found.conversation_parts.total_count, 0)

    def a_lead_begins_a_conversation_too_and_a_plain_text_can_be_asked_for(self):
        lead = new_lead()
        author = sdk.conversations.CreateConversationRequestFrom(type="lead", id=lead.id)
        message = intercom.conversations.create(from_=author, body="Hello there")
        html = intercom.conversations.find(message.conversation_id)
        self.assertEqual((html.source.body, html.source.author.type), ("<p>Hello there</p>", "lead"))
        plain = intercom.conversations.find(message.conversation_id, display_as="plaintext")
        self.assertEqual(plain.source.body, "Hello there")

    def an_admins_comment_and_note_are_the_newest_parts(self):
        _, conversation, _ = new_conversation()
        admin = an_admin()
        for kind, body in [("comment", "Let me look"), ("note", "Looks like a bug")]:
            reply = sdk.AdminReplyConversationRequest(
                message_type=kind, type="admin", admin_id=admin.id, body=body
            )
            replied = intercom.conversations.reply(conversation, request=reply)
            part = last_part(replied)
            self.assertEqual(part.body, f"<p>{body}</p>")
            self.assertEqual((part.author.type, part.author.id, part.author.name), ("admin", admin.id, admin.name))
        found = intercom.conversations.find(conversation)
        self.assertEqual((last_part(found).part_type, last_part(found).body), ("note", "<p>Looks like a bug</p>"))
        self.assertEqual(found.conversation_parts.total_count, 2)

    @each(
        intercoms_id=lambda: ("intercom_user_id", sdk.ContactReplyIntercomUserIdRequest, "id"),
        email=lambda: ("email", sdk.ContactReplyEmailRequest, "email"),
        external_id=lambda: ("user_id", sdk.ContactReplyUserIdRequest, "external_id"),
    )
    def a_users_comment_is_read_back_under_the_users_name_by(self, way):
        name, kind, field = way
        user, conversation, _ = new_conversation()
        request = kind(body="An answer", **{name: getattr(user, field)})
        replied = intercom.conversations.reply(conversation, request=request)
        part = last_part(replied)
        self.assertEqual((part.body, part.author.type, part.author.id), ("<p>An answer</p>", "user", user.id))

    def quick_replies_of_an_admin_are_a_part_of_their_own_kind(self):
        _, conversation, _ = new_conversation()
        option = sdk.QuickReplyOption(text="Yes", uuid_="5b8a0c0e-7c2a-4b0a-9f6e-2f1f4b1f0001")
        reply = sdk.AdminReplyConversationRequest(
            message_type="quick_reply", type="admin", admin_id=an_admin().id, reply_options=[option]
        )
        replied = intercom.conversations.reply(conversation, request=reply)
        self.assertEqual(last_part(replied).part_type, "quick_reply")

    def an_update_changes_the_title_and_what_is_read(self):
        user, conversation, _ = new_conversation()
        company = new_company()
        attach_company(user, company)
        title = unique("A title")
        intercom.conversations.update(conversation, title=title, read=True, company_id=company.id)
        found = intercom.conversations.find(conversation)
        self.assertEqual((found.title, found.read), (title, True))

    def custom_attributes_that_exist_are_written_and_read_back(self):
        _, conversation, _ = new_conversation()
        intercom.conversations.update(conversation, custom_attributes={"Topic": "Lamps"})
        self.assertEqual(intercom.conversations.find(conversation).custom_attributes["Topic"], "Lamps")

    def a_reply_to_the_last_conversation_of_a_user_goes_to_the_newest_one(self):
        user = new_user()
        new_conversation("First", user)
        _, second, _ = new_conversation("Second", user)
        self.assertEqual(intercom.conversations.reply("last", request=comment_of(user, "More")).id, second)

    def a_deleted_conversation_is_not_found(self):
        _, conversation, _ = new_conversation()
        deleted = intercom.conversations.delete_conversation(int(conversation))
        self.assertEqual((deleted.id, deleted.object, deleted.deleted), (conversation, "conversation", True))
        self.assert_not_found(lambda: intercom.conversations.find(conversation))
