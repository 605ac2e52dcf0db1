"""Ticket types with their attributes, and the states that tickets go through."""

import intercom as sdk

from workspace import Case, each, ids, intercom, new_ticket, unique


def new_type():
    request = sdk.CreateTicketTypeRequest(
        name=unique("Return"), description="Goods that come back", category="Customer", icon="🎁"
    )
    return intercom.ticket_types.create(request=request)


def attributes(kind):
    """The attributes of a type by name, as a fresh answer has them: under data."""
    listed = intercom.ticket_types.get(kind.id).ticket_type_attributes.data
    return {attribute["name"]: attribute for attribute in listed}


class TicketTypes(Case):
    def a_created_type_has_two_attributes_of_its_own_and_is_found_and_listed(self):
        created = new_type()
        found = intercom.ticket_types.get(created.id)
        self.assertEqual(
            (found.name, found.description, found.category, found.icon, found.archived),
            (created.name, "Goods that come back", "Customer", "🎁", False),
        )
        self.assertEqual(list(attributes(created)), ["_default_title_", "_default_description_"])
        self.assertIn(created.id, ids(intercom.ticket_types.list().data))

    def an_update_renames_a_type_and_archives_it_for_good(self):
        created, name = new_type(), unique("Renamed")
        intercom.ticket_types.update(created.id, name=name, archived=True)
        found = intercom.ticket_types.get(created.id)
        self.assertEqual((found.name, found.archived), (name, True))

    @each(**{kind: kind for kind in ["string", "integer", "decimal", "boolean", "datetime", "files"]})
    def an_attribute_is_created_with_what_was_written_of(self, data_type):
        kind = new_type()
        made = intercom.ticket_types.attributes.create(
            kind.id, name="Made", description="What it holds", data_type=data_type, visible_to_contacts=False
        )
        self.assertEqual((made.type, made.name, made.data_type), ("ticket_type_attribute", "Made", data_type))
        found = attributes(kind)["Made"]
        self.assertEqual((found["description"], found["visible_to_contacts"]), ("What it holds", False))

    def the_items_of_a_list_are_options_of_the_attribute(self):
        made = intercom.ticket_types.attributes.create(
            new_type().id, name="Reason", description="Why", data_type="list", list_items="Broken,Wrong size"
        )
        options = made.input_options["list_options"]
        self.assertEqual(len(options), 2)
        self.assertIn("Broken", options[0].values())
        self.assertIn("Wrong size", options[1].values())

    def an_update_of_an_attribute_is_read_back_and_so_is_its_archiving(self):
        kind = new_type()
        made = intercom.ticket_types.attributes.create(
            kind.id, name="Serial", description="Serial number", data_type="string"
        )
        intercom.ticket_types.attributes.update(
            kind.id, made.id, description="On the bottom", required_to_create=True
        )
        found = attributes(kind)["Serial"]
        self.assertEqual((found["description"], found["required_to_create"]), ("On the bottom", True))
        self.assertTrue(intercom.ticket_types.attributes.update(kind.id, made.id, archived=True).archived)

    def a_ticket_of_a_new_type_keeps_the_values_of_its_attributes(self):
        kind = new_type()
        intercom.ticket_types.attributes.create(
            kind.id, name="Pieces", description="How many", data_type="integer"
        )
        ticket, _ = new_ticket(ticket_type_id=kind.id, attributes={"_default_title_": "Three lamps", "Pieces": 3})
        self.assertEqual(intercom.tickets.get(ticket.id).ticket_attributes["Pieces"], 3)

    def a_type_that_does_not_exist_is_not_found(self):
        self.assert_not_found(lambda: intercom.ticket_types.get("999999"))

    def there_is_a_state_of_every_category(self):
        states = intercom.ticket_states.list_ticket_states().data
        categories = sorted({state.category for state in states})
        self.assertEqual(categories, ["in_progress", "resolved", "submitted", "waiting_on_customer"])
        self.assertTrue(all(state.internal_label and state.external_label for state in states))
