"""What happens to a conversation: its state, its assignee, its participants, its tags, and what is taken out of it."""

import intercom as sdk

from workspace import (
    Case, a_ticket_type, an_admin, ids, in_seconds, intercom, last_part, new_conversation, new_tag, new_user, unique,
)

close = sdk.conversations.ConversationsManageRequestBody_Close
snooze = sdk.conversations.ConversationsManageRequestBody_Snoozed
reopen = sdk.conversations.ConversationsManageRequestBody_Open
assign = sdk.conversations.ConversationsManageRequestBody_Assignment
DELETED = "<p><i>This message was deleted</i></p>"


class ConversationChanges(Case):
    def setUp(self):
        self.admin = an_admin()
        self.user, self.id, self.message = new_conversation("My password is swordfish")

    def _manage(self, kind, **fields):
        return intercom.conversations.manage(self.id, request=kind(admin_id=self.admin.id, **fields))

    def _find(self):
        return intercom.conversations.find(self.id)

    def it_is_closed_with_a_last_word_and_opened_again(self):
        closed = self._manage(close, type="admin", body="Goodbye")
        self.assertEqual((last_part(closed).part_type, last_part(closed).body), ("close", "<p>Goodbye</p>"))
        self.assertEqual((self._find().state, self._find().open), ("closed", False))
        opened = self._manage(reopen)
        self.assertEqual((opened.state, opened.open, last_part(opened).part_type), ("open", True, "open"))

    def it_is_snoozed_until_the_moment_that_was_written(self):
        until = in_seconds(3600)
        snoozed = self._manage(snooze, snoozed_until=until)
        self.assertEqual((snoozed.state, last_part(snoozed).part_type), ("snoozed", "snoozed"))
        self.assertEqual(self._find().snoozed_until, until)

    def it_is_assigned_to_an_admin_to_a_team_and_to_nobody(self):
        other, team = an_admin(2), intercom.teams.list().teams[1]
        assigned = self._manage(assign, type="admin", assignee_id=other.id)
        self.assertEqual(assigned.admin_assignee_id, int(other.id))
        self.assertEqual(last_part(assigned).part_type, "assignment")
        assignee = last_part(assigned).assigned_to
        self.assertEqual((assignee.type, assignee.id), ("admin", other.id))
        self.assertEqual(str(self._manage(assign, type="team", assignee_id=team.id).team_assignee_id), team.id)
        self._manage(assign, type="admin", assignee_id="0")
        self.assertIsNone(self._find().admin_assignee_id)

    def a_tag_is_attached_and_detached_by_an_admin(self):
        tag = new_tag("topic")
        attached = intercom.tags.tag_conversation(self.id, tag_id=tag.id, admin_id=self.admin.id)
        self.assertEqual((attached.id, attached.name), (tag.id, tag.name))
        self.assertEqual(ids(self._find().tags.tags), [tag.id])
        # The call is a DELETE with a body, which is where the acting admin is named.
        detached = intercom.tags.untag_conversation(self.id, tag.id, admin_id=self.admin.id)
        self.assertEqual(detached.id, tag.id)
        self.assertEqual(self._find().tags.tags, [])

    def a_participant_joins_and_leaves_and_the_last_one_stays(self):
        guest = new_user()
        customer = sdk.conversations.AttachContactToConversationRequestCustomerIntercomUserId(intercom_user_id=guest.id)
        joined = intercom.conversations.attach_contact_as_admin(
            self.id, admin_id=self.admin.id, customer=customer
        )
        self.assertEqual(sorted(ids(joined.contacts.contacts)), sorted([self.user.id, guest.id]))
        left = intercom.conversations.detach_contact_as_admin(self.id, self.user.id, admin_id=self.admin.id)
        self.assertEqual(ids(left.contacts.contacts), [guest.id])
        self.assert_refused(
            422,
            "parameter_invalid",
            lambda: intercom.conversations.detach_contact_as_admin(self.id, guest.id, admin_id=self.admin.id),
        )

    def a_participant_who_is_named_by_an_unknown_email_is_a_new_lead(self):
        email = f"{unique('guest')}@people.example"
        customer = sdk.conversations.AttachContactToConversationRequestCustomerCustomer(email=email)
        joined = intercom.conversations.attach_contact_as_admin(
            self.id, admin_id=self.admin.id, customer=customer
        )
        found = [intercom.contacts.find(contact) for contact in ids(joined.contacts.contacts)]
        self.assertEqual([contact.role for contact in found if contact.email == email], ["lead"])

    def a_redacted_part_has_lost_its_text(self):
        reply = sdk.ContactReplyIntercomUserIdRequest(intercom_user_id=self.user.id, body="My card is 4111")
        part = last_part(intercom.conversations.reply(self.id, request=reply))
        request = sdk.RedactConversationRequest_ConversationPart(
            conversation_id=self.id, conversation_part_id=part.id
        )
        intercom.conversations.redact_conversation_part(request=request)
        redacted = last_part(self._find())
        self.assertEqual((redacted.id, redacted.redacted, redacted.body), (part.id, True, DELETED))

    def a_redacted_first_message_has_lost_its_text(self):
        request = sdk.RedactConversationRequest_Source(conversation_id=self.id, source_id=self.message.id)
        intercom.conversations.redact_conversation_part(request=request)
        source = self._find().source
        self.assertEqual((source.redacted, source.body), (True, DELETED))

    def it_becomes_a_ticket_of_a_customer_type_and_of_no_other(self):
        kind, tracker = a_ticket_type("Customer"), a_ticket_type("Tracker")
        self.assert_refused(
            400,
            "parameter_invalid",
            lambda: intercom.conversations.convert_to_ticket(int(self.id), ticket_type_id=tracker.id),
        )
        ticket = intercom.conversations.convert_to_ticket(
            int(self.id), ticket_type_id=kind.id, attributes={"_default_title_": "Lamp"}
        )
        self.assertEqual((ticket.type, ticket.ticket_type.id), ("ticket", kind.id))
        self.assertEqual(ticket.ticket_attributes["_default_title_"], "Lamp")
        self.assertEqual(ids(ticket.contacts.contacts), [self.user.id])
        self.assertEqual(intercom.tickets.get(ticket.id).ticket_id, ticket.ticket_id)

    def the_assignment_rules_are_of_older_versions(self):
        self.assert_refused(
            400, "intercom_version_invalid", lambda: intercom.conversations.run_assignment_rules(self.id)
        )
