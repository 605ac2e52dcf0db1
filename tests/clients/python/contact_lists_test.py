"""What hangs on a contact: tags, companies, segments, subscriptions and notes."""

from workspace import (
    Case, an_admin, attach_company, ids, intercom, new_company, new_tag, new_user, truth,
)


class ContactLists(Case):
    def a_tag_is_attached_listed_and_detached(self):
        user, tag = new_user(), new_tag("listed")
        attached = intercom.tags.tag_contact(user.id, tag_id=tag.id)
        self.assertEqual((attached.type, attached.id, attached.name), ("tag", tag.id, tag.name))
        listed = intercom.contacts.list_attached_tags(user.id).data
        self.assertEqual([(row.id, row.name) for row in listed], [(tag.id, tag.name)])
        shown = intercom.contacts.find(user.id).tags
        self.assertEqual((shown.total_count, ids(shown.data)), (1, [tag.id]))
        self.assertEqual(intercom.tags.untag_contact(user.id, tag.id).id, tag.id)
        self.assertEqual(intercom.contacts.list_attached_tags(user.id).data, [])

    def the_companies_are_under_data_where_the_clients_pager_does_not_look(self):
        user, company = new_user(), new_company()
        attach_company(user, company)
        pager = intercom.contacts.list_attached_companies(user.id)
        self.assertEqual([row["id"] for row in pager.response.data], [company.id])
        self.assertEqual(pager.response.total_count, 1)
        self.assertEqual(list(pager), [])

    def a_segment_of_a_contact_is_one_of_the_workspace(self):
        member = truth("contact_segments")[0]
        segments = intercom.contacts.list_attached_segments(member["contact_id"]).data
        self.assertGreater(len(segments), 0)
        for segment in segments:
            self.assertEqual(intercom.segments.find(segment.id).name, segment.name)

    def an_opt_in_subscription_is_listed_after_it_is_attached_and_not_after_it_is_detached(self):
        user = new_user()
        opt_in = next(row for row in intercom.subscription_types.list().data if row.consent_type == "opt_in")
        attached = intercom.contacts.attach_subscription(
            user.id, subscription_id=opt_in.id, consent_type="opt_in"
        )
        self.assertEqual((attached.type, attached.id), ("subscription", opt_in.id))
        self.assertEqual(ids(intercom.contacts.list_attached_subscriptions(user.id).data), [opt_in.id])
        intercom.contacts.detach_subscription(user.id, opt_in.id)
        self.assertEqual(intercom.contacts.list_attached_subscriptions(user.id).data, [])

    def an_opt_out_subscription_is_listed_when_the_contact_opts_out_of_it(self):
        user = new_user()
        opt_out = next(row for row in intercom.subscription_types.list().data if row.consent_type == "opt_out")
        intercom.contacts.attach_subscription(user.id, subscription_id=opt_out.id, consent_type="opt_out")
        self.assertEqual(ids(intercom.contacts.list_attached_subscriptions(user.id).data), [opt_out.id])

    def a_note_is_written_found_and_listed_newest_first(self):
        user, admin = new_user(), an_admin()
        first = intercom.notes.create(user.id, body="Likes tea", admin_id=admin.id)
        second = intercom.notes.create(user.id, body="Dislikes calls", admin_id=admin.id)
        self.assertEqual((first.type, first.body), ("note", "<p>Likes tea</p>"))
        self.assertEqual((first.author.id, first.contact.id), (admin.id, user.id))
        found = intercom.notes.find(int(first.id))
        self.assertEqual((found.id, found.body), (first.id, first.body))
        self.assertEqual(ids(intercom.notes.list(user.id)), [second.id, first.id])
        self.assert_not_found(lambda: intercom.notes.find(999999999))
