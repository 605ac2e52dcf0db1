"""Contacts: their whole life, from creation to deletion, as the client sees it."""

import intercom as sdk

from workspace import Case, an_admin, ids, intercom, new_lead, new_tag, new_user, unique, where


class Contacts(Case):
    def a_created_user_is_found_with_every_value_that_was_written(self):
        written = {
            "email": f"{unique('ada')}@people.example",
            "external_id": unique("ada"),
            "name": "Ada Grün",
            "phone": "+353871234567",
            "signed_up_at": 1700000000,
            "last_seen_at": 1700000500,
            "unsubscribed_from_emails": True,
        }
        created = new_user(**written, custom_attributes={"Plan tier": "scale"})
        self.assertEqual((created.type, created.role), ("contact", "user"))
        found = intercom.contacts.find(created.id)
        for name, value in written.items():
            self.assertEqual(getattr(found, name), value, name)
        self.assertEqual(found.custom_attributes["Plan tier"], "scale")
        self.assertEqual(found.created_at, created.created_at)

    def a_lead_gets_an_external_id_of_its_own(self):
        lead = new_lead(name="Lena")
        self.assertEqual(lead.role, "lead")
        self.assertRegex(lead.external_id, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertEqual(intercom.contacts.find(lead.id).name, "Lena")

    def a_user_is_created_by_the_external_id_alone_and_found_by_it(self):
        request = sdk.CreateContactRequestWithExternalId(external_id=unique("only"))
        user = intercom.contacts.create(request=request)
        found = intercom.contacts.show_contact_by_external_id(user.external_id)
        self.assertEqual((found.id, found.external_id), (user.id, request.external_id))
        self.assert_not_found(lambda: intercom.contacts.show_contact_by_external_id(unique("nobody")))

    def an_update_changes_what_it_names_and_nothing_else(self):
        user = new_user(name="Before", phone="+353871234568")
        owner = int(an_admin(1).id)
        intercom.contacts.update(
            user.id, name="After", owner_id=owner, custom_attributes={"Plan tier": "free"}
        )
        found = intercom.contacts.find(user.id)
        self.assertEqual((found.name, found.owner_id), ("After", owner))
        self.assertEqual((found.phone, found.email), ("+353871234568", user.email))
        self.assertEqual(found.custom_attributes["Plan tier"], "free")

    def a_lead_becomes_a_user_by_an_update_of_its_role(self):
        lead = new_lead()
        intercom.contacts.update(lead.id, role="user", external_id=unique("grown"))
        self.assertEqual(intercom.contacts.find(lead.id).role, "user")

    def an_archived_contact_leaves_the_search_and_comes_back_when_it_is_unarchived(self):
        user = new_user()

        def found():
            return ids(intercom.contacts.search(query=where("email", "=", user.email)))

        archived = intercom.contacts.archive(user.id)
        self.assertEqual((archived.id, archived.external_id, archived.archived), (user.id, user.external_id, True))
        self.assertEqual(found(), [])
        unarchived = intercom.contacts.unarchive(user.id)
        self.assertEqual((unarchived.id, unarchived.archived), (user.id, False))
        self.assertEqual(found(), [user.id])

    def a_deleted_contact_is_not_found(self):
        user = new_user()
        deleted = intercom.contacts.delete(user.id)
        self.assertEqual((deleted.type, deleted.id, deleted.deleted), ("contact", user.id, True))
        self.assertEqual(deleted.external_id, user.external_id)
        self.assert_not_found(lambda: intercom.contacts.find(user.id))

    def a_blocked_contact_says_so(self):
        lead = new_lead()
        blocked = intercom.contacts.block_contact(lead.id)
        self.assertEqual((blocked.id, blocked.blocked), (lead.id, True))

    def a_lead_that_is_merged_into_a_user_survives_as_that_user_alone(self):
        user, lead, tag = new_user(name="Una"), new_lead(), new_tag("merged")
        intercom.tags.tag_contact(lead.id, tag_id=tag.id)
        merged = intercom.contacts.merge_lead_in_user(lead_id=lead.id, contact_id=user.id)
        self.assertEqual((merged.id, merged.role, merged.name), (user.id, "user", "Una"))
        self.assertEqual(ids(intercom.contacts.list_attached_tags(user.id).data), [tag.id])
        self.assert_not_found(lambda: intercom.contacts.find(lead.id))

    def a_second_contact_with_the_same_email_is_a_conflict_that_names_the_first(self):
        user = new_user()
        _, body = self.assert_refused(409, "conflict", lambda: new_user(email=user.email))
        self.assertIn(user.id, body["errors"][0]["message"])

    def a_custom_attribute_that_nobody_defined_is_a_bad_request(self):
        self.assert_refused(
            400, "parameter_invalid", lambda: new_user(custom_attributes={"no such attribute": 1})
        )
