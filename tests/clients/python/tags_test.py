"""Tags of the workspace: by name, over companies and users, until they are deleted."""

import intercom as sdk

from workspace import Case, ids, intercom, new_company, new_tag, new_user, unique


class Tags(Case):
    def a_created_tag_is_found_and_listed_and_the_same_name_is_the_same_tag(self):
        created = new_tag("colour")
        self.assertEqual(created.type, "tag")
        self.assertEqual(intercom.tags.find(created.id).name, created.name)
        self.assertIn((created.id, created.name), [(tag.id, tag.name) for tag in intercom.tags.list().data])
        again = intercom.tags.create(request=sdk.CreateOrUpdateTagRequest(name=created.name))
        self.assertEqual(again.id, created.id)

    def a_tag_is_renamed_by_its_id(self):
        created, name = new_tag("old"), unique("new")
        intercom.tags.create(request=sdk.CreateOrUpdateTagRequest(id=created.id, name=name))
        self.assertEqual(intercom.tags.find(created.id).name, name)

    def companies_are_tagged_and_untagged(self):
        company, name = new_company(), unique("key account")
        item = sdk.TagCompanyRequestCompaniesItem(id=company.id)
        tag = intercom.tags.create(request=sdk.TagCompanyRequest(name=name, companies=[item]))
        self.assertEqual(ids(intercom.companies.find(company.id).tags.tags), [tag.id])
        item = sdk.UntagCompanyRequestCompaniesItem(company_id=company.company_id, untag=True)
        intercom.tags.create(request=sdk.UntagCompanyRequest(name=name, companies=[item]))
        self.assertEqual(intercom.companies.find(company.id).tags.tags, [])

    def several_users_are_tagged_at_once(self):
        users = [new_user(), new_user()]
        items = [sdk.TagMultipleUsersRequestUsersItem(id=user.id) for user in users]
        tag = intercom.tags.create(request=sdk.TagMultipleUsersRequest(name=unique("beta"), users=items))
        for user in users:
            self.assertEqual(ids(intercom.contacts.list_attached_tags(user.id).data), [tag.id])

    def a_deleted_tag_is_not_found(self):
        tag = new_tag("gone")
        intercom.tags.delete(tag.id)
        self.assert_not_found(lambda: intercom.tags.find(tag.id))
        self.assertNotIn(tag.id, ids(intercom.tags.list().data))

    def a_tag_that_is_not_there_cannot_be_attached(self):
        user = new_user()
        self.assert_not_found(lambda: intercom.tags.tag_contact(user.id, tag_id="999999"))
