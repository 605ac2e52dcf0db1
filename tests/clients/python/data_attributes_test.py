"""Data attributes: the ones of contacts, of companies and of conversations."""

import intercom as sdk

from workspace import Case, each, in_seconds, intercom, new_company, new_user, unique


def listed(name, **options):
    rows = intercom.data_attributes.list(**options).data
    return next((row for row in rows if row.name == name), None)


def new_attribute(name, **fields):
    request = sdk.CreateDataAttributeRequestOne(name=name, model="contact", **fields)
    return intercom.data_attributes.create(request=request)


class DataAttributes(Case):
    @each(
        string=("string", "blue"),
        integer=("integer", 7),
        float=("float", 1.5),
        boolean=("boolean", True),
        date=("date", in_seconds(-86400)),
    )
    def a_new_attribute_is_listed_and_takes_a_value_of(self, case):
        data_type, value = case
        name = unique(f"an {data_type}")
        created = new_attribute(name, data_type=data_type)
        self.assertEqual((created.type, created.name, created.custom), ("data_attribute", name, True))
        found = listed(name, model="contact")
        self.assertEqual((found.id, found.full_name), (created.id, f"custom_attributes.{name}"))
        self.assertEqual(found.data_type, data_type)
        user = new_user(custom_attributes={name: value})
        self.assertEqual(intercom.contacts.find(user.id).custom_attributes[name], value)

    def an_attribute_with_options_lists_them(self):
        name = unique("size")
        options = [sdk.CreateDataAttributeRequestOptionsOptionsItem(value=value) for value in ["small", "large"]]
        request = sdk.CreateDataAttributeRequestOptions(
            name=name, model="company", data_type="options", options=options
        )
        self.assertEqual(intercom.data_attributes.create(request=request).options, ["small", "large"])
        company = new_company(custom_attributes={name: "large"})
        self.assertEqual(intercom.companies.find(company.id).custom_attributes[name], "large")

    def an_update_describes_an_attribute_and_archives_it(self):
        name = unique("old")
        created = new_attribute(name, data_type="string")
        intercom.data_attributes.update(created.id, request={"description": "What it was"})
        self.assertEqual(listed(name, model="contact").description, "What it was")
        self.assertTrue(intercom.data_attributes.update(created.id, request={"archived": True}).archived)
        self.assertIsNone(listed(name, model="contact"))
        self.assertTrue(listed(name, model="contact", include_archived=True).archived)

    def a_standard_attribute_has_no_id_and_is_not_custom(self):
        email = listed("email", model="contact")
        self.assertEqual((email.id, email.custom, email.full_name), (None, False, "email"))

    def the_attributes_of_a_conversation_are_data_attributes_until_2_15(self):
        topic = listed("Topic", model="conversation")
        self.assertEqual((topic.type, topic.model, topic.custom), ("data_attribute", "conversation", True))

    def an_attribute_that_does_not_exist_cannot_be_changed(self):
        self.assert_not_found(
            lambda: intercom.data_attributes.update(999999, request={"description": "x"}), "field_not_found"
        )
