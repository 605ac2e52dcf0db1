"""Companies: written, found, attached, listed, scrolled and deleted."""

import intercom as sdk

from workspace import Case, attach_company, ids, intercom, new_company, new_user, truth, unique


class Companies(Case):
    def a_company_is_written_by_its_own_id_and_found_by_intercoms(self):
        written = {
            "company_id": unique("acme"),
            "name": "Acme & Söhne",
            "monthly_spend": 1200,
            "size": 85,
            "website": "https://acme.example",
            "industry": "Lamps",
            "remote_created_at": 1600000000,
        }
        created = new_company(**written, plan="Team", custom_attributes={"renewal_month": 7})
        found = intercom.companies.find(created.id)
        for name, value in written.items():
            self.assertEqual(getattr(found, name), value, name)
        self.assertEqual(found.plan.name, "Team")
        self.assertEqual(found.custom_attributes["renewal_month"], 7)

    def writing_the_same_company_id_again_changes_that_company(self):
        first = new_company(size=10)
        second = new_company(company_id=first.company_id, name="Renamed")
        found = intercom.companies.find(first.id)
        self.assertEqual((second.id, found.name, found.size), (first.id, "Renamed", 10))

    def an_update_by_intercoms_id_leaves_the_company_id_alone(self):
        company = new_company()
        request = sdk.UpdateCompanyRequestBody(name="Updated", website="https://u.example")
        intercom.companies.update(company.id, request=request)
        found = intercom.companies.find(company.id)
        self.assertEqual((found.name, found.website), ("Updated", "https://u.example"))
        self.assertEqual(found.company_id, company.company_id)

    def one_company_is_retrieved_by_its_own_id_and_by_its_name(self):
        company = new_company()
        attach_company(new_user(), company)
        by_id = intercom.companies.retrieve(company_id=company.company_id)
        by_name = intercom.companies.retrieve(name=company.name)
        self.assertEqual((by_id.id, by_name.id), (company.id, company.id))

    def companies_are_retrieved_by_tag_and_by_segment(self):
        company = new_company()
        attach_company(new_user(), company)
        item = sdk.TagCompanyRequestCompaniesItem(id=company.id)
        tag = intercom.tags.create(request=sdk.TagCompanyRequest(name=unique("partner"), companies=[item]))
        self.assertEqual(ids(intercom.companies.retrieve(tag_id=tag.id).data), [company.id])
        member = truth("company_segments")[0]
        members = intercom.companies.retrieve(segment_id=member["segment_id"], per_page=50)
        self.assertIn(member["company_id"], ids(members.data))
        segments = intercom.companies.list_attached_segments(member["company_id"])
        self.assertIn(member["segment_id"], ids(segments.data))

    def a_contact_is_attached_listed_on_both_sides_and_detached(self):
        user, company = new_user(), new_company()
        attached = attach_company(user, company)
        self.assertEqual((attached.type, attached.id), ("company", company.id))
        self.assertEqual(ids(intercom.companies.list_attached_contacts(company.id).data), [user.id])
        self.assertEqual(intercom.companies.find(company.id).user_count, 1)
        self.assertEqual(ids(intercom.contacts.find(user.id).companies.data), [company.id])
        self.assertEqual(intercom.companies.detach_contact(user.id, company.id).id, company.id)
        self.assertEqual(intercom.companies.list_attached_contacts(company.id).data, [])
        self.assert_not_found(
            lambda: intercom.companies.detach_contact(user.id, company.id), "company_not_found"
        )

    def a_company_without_contacts_is_in_no_list_and_still_found(self):
        company = new_company()
        self.assertNotIn(company.id, ids(intercom.companies.list(per_page=50)))
        self.assertEqual(intercom.companies.find(company.id).id, company.id)
        attach_company(new_user(), company)
        self.assertIn(company.id, ids(intercom.companies.list(per_page=50)))

    def the_pages_of_a_scroll_have_every_company_once(self):
        found = [company.id for page in intercom.companies.scroll().iter_pages() for company in page.items]
        self.assertEqual(len(set(found)), len(found))
        self.assertEqual(sorted(found), sorted(ids(intercom.companies.list(per_page=50))))

    def a_deleted_company_is_not_found(self):
        company = new_company()
        deleted = intercom.companies.delete(company.id)
        self.assertEqual((deleted.id, deleted.object, deleted.deleted), (company.id, "company", True))
        self.assert_not_found(lambda: intercom.companies.find(company.id), "company_not_found")

    def a_key_that_no_company_has_is_a_bad_request(self):
        self.assert_refused(400, "bad_request", lambda: new_company(test=1))
