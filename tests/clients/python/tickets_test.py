"""Tickets: created, found, changed, answered, tagged, searched and deleted."""

import intercom as sdk

from workspace import (
    Case, a_ticket_type, an_admin, both, each, ids, in_seconds, intercom, last_part, new_tag, new_ticket, new_user,
    where,
)


class Tickets(Case):
    def a_created_ticket_is_found_with_every_value_that_was_written(self):
        ticket, user = new_ticket()
        found = intercom.tickets.get(ticket.id)
        self.assertEqual((found.type, found.ticket_id), ("ticket", ticket.ticket_id))
        self.assertEqual(found.ticket_type.id, a_ticket_type().id)
        self.assertEqual(found.ticket_attributes, ticket.ticket_attributes)
        self.assertEqual(found.ticket_attributes["_default_description_"], "It does not shine")
        self.assertEqual(ids(found.contacts.contacts), [user.id])
        self.assertEqual((found.open, found.ticket_state.category), (True, "submitted"))
        self.assertEqual((found.admin_assignee_id, found.team_assignee_id), ("0", "0"))

    @each(
        email=lambda: ("email", sdk.CreateTicketRequestContactsItemEmail),
        external_id=lambda: ("external_id", sdk.CreateTicketRequestContactsItemExternalId),
    )
    def contacts_are_named_too_by(self, way):
        name, kind = way
        user = new_user()
        ticket, _ = new_ticket(contacts=[kind(**{name: getattr(user, name)})])
        self.assertEqual(ids(ticket.contacts.contacts), [user.id])

    def a_ticket_is_assigned_as_it_is_created(self):
        admin = an_admin(3)
        ticket, _ = new_ticket(assignment=sdk.CreateTicketRequestAssignment(admin_assignee_id=admin.id))
        self.assertEqual(intercom.tickets.get(ticket.id).admin_assignee_id, admin.id)

    def an_update_changes_state_attributes_assignee_and_sharing(self):
        ticket, _ = new_ticket()
        states = intercom.ticket_states.list_ticket_states().data
        waiting = next(state for state in states if state.category == "waiting_on_customer")
        assignee = an_admin(1)
        intercom.tickets.update(
            ticket.id,
            ticket_state_id=waiting.id,
            ticket_attributes={"_default_title_": "Changed"},
            admin_id=int(an_admin(0).id),
            assignee_id=assignee.id,
            is_shared=False,
        )
        found = intercom.tickets.get(ticket.id)
        self.assertEqual(found.ticket_state.id, waiting.id)
        self.assertEqual(found.ticket_state.internal_label, waiting.internal_label)
        self.assertEqual(found.ticket_attributes["_default_title_"], "Changed")
        self.assertEqual(found.ticket_attributes["_default_description_"], "It does not shine")
        self.assertEqual((found.admin_assignee_id, found.is_shared), (assignee.id, False))
        self.assertGreater(found.ticket_parts.total_count, ticket.ticket_parts.total_count)

    def a_ticket_is_snoozed_closed_and_opened(self):
        ticket, _ = new_ticket()
        until = in_seconds(7200)
        intercom.tickets.update(ticket.id, snoozed_until=until)
        self.assertEqual(intercom.tickets.get(ticket.id).snoozed_until, until)
        for open_ in [False, True]:
            intercom.tickets.update(ticket.id, open=open_)
            self.assertEqual(intercom.tickets.get(ticket.id).open, open_)

    def a_state_that_does_not_exist_is_a_bad_request_and_an_assignee_that_does_not_is_not_found(self):
        ticket, _ = new_ticket()
        self.assert_refused(
            400, "ticket_state_id_invalid", lambda: intercom.tickets.update(ticket.id, ticket_state_id="999999")
        )
        self.assert_not_found(lambda: intercom.tickets.update(ticket.id, assignee_id="999999"), "assignee_not_found")

    def a_reply_of_an_admin_and_one_of_the_user_are_parts_of_the_ticket(self):
        ticket, user = new_ticket()
        admin = an_admin()
        for kind in ["comment", "note"]:
            request = sdk.AdminReplyTicketRequest(message_type=kind, type="admin", admin_id=admin.id, body="On its way")
            ours = intercom.tickets.reply(ticket.id, request=request)
            self.assertEqual((ours.type, ours.part_type, ours.body), ("ticket_part", kind, "<p>On its way</p>"))
            self.assertEqual((ours.author.type, ours.author.id), ("admin", admin.id))
        request = sdk.ContactReplyTicketIntercomUserIdRequest(intercom_user_id=user.id, body="Thanks")
        theirs = intercom.tickets.reply(ticket.id, request=request)
        self.assertEqual((theirs.author.type, theirs.author.id), ("user", user.id))
        last = last_part(intercom.tickets.get(ticket.id))
        self.assertEqual((last.id, last.body), (theirs.id, "<p>Thanks</p>"))

    def a_contact_cannot_answer_a_back_office_ticket(self):
        ticket, user = new_ticket(ticket_type_id=a_ticket_type("Back-office").id)
        request = sdk.ContactReplyTicketIntercomUserIdRequest(intercom_user_id=user.id, body="Hello?")
        self.assert_refused(400, "parameter_mismatch", lambda: intercom.tickets.reply(ticket.id, request=request))

    def a_tag_is_attached_to_a_ticket_and_detached(self):
        ticket, _ = new_ticket()
        tag, admin = new_tag("lamp"), an_admin()
        self.assertEqual(intercom.tags.tag_ticket(ticket.id, tag_id=tag.id, admin_id=admin.id).name, tag.name)
        self.assertEqual(intercom.tags.untag_ticket(ticket.id, tag.id, admin_id=admin.id).id, tag.id)

    def a_search_finds_tickets_by_contact_type_state_and_title(self):
        ticket, user = new_ticket()
        mine = where("contact_ids", "=", user.id)
        for field, operator, value, found in [
            ("ticket_type_id", "=", ticket.ticket_type.id, True),
            ("state", "=", "submitted", True),
            ("title", "=", ticket.ticket_attributes["_default_title_"], True),
            ("created_at", ">", ticket.created_at - 5, True),
            ("created_at", ">", ticket.created_at + 5, False),
            ("category", "=", "request", True),
            ("category", "=", "tracker", False),
        ]:
            with self.subTest(field=field, value=value):
                rows = intercom.tickets.search(query=both(mine, where(field, operator, value))).items
                self.assertEqual(ids(rows), [ticket.id] if found else [])

    def the_rows_of_a_search_have_their_parts(self):
        ticket, _ = new_ticket()
        rows = intercom.tickets.search(query=where("id", "=", ticket.id)).items
        self.assertEqual(rows[0].ticket_parts.type, "ticket_part.list")

    def a_deleted_ticket_is_not_found(self):
        ticket, _ = new_ticket()
        deleted = intercom.tickets.delete_ticket(ticket.id)
        self.assertEqual((deleted.id, deleted.object, deleted.deleted), (ticket.id, "ticket", True))
        self.assert_not_found(lambda: intercom.tickets.get(ticket.id), "ticket_not_found")
