"""Instances of custom objects."""

from workspace import Case, intercom, unique

objects = intercom.custom_object_instances


class CustomObjects(Case):
    def an_instance_is_written_by_its_outside_id_and_found_by_either_id(self):
        outside = unique("order")
        created = objects.create_custom_object_instances(
            "Order",
            external_id=outside,
            external_created_at=1392036272,
            external_updated_at=1392036273,
            custom_attributes={"order_number": "ORDER-12345"},
        )
        again = objects.create_custom_object_instances(
            "Order", external_id=outside, custom_attributes={"order_number": "ORDER-67890"}
        )
        self.assertEqual(again.id, created.id)
        by_id = objects.get_custom_object_instances_by_id("Order", created.id)
        self.assertEqual(by_id, objects.get_custom_object_instances_by_external_id("Order", external_id=outside))
        self.assertEqual((by_id.type, by_id.external_id), ("Order", outside))
        self.assertEqual(by_id.custom_attributes["order_number"], "ORDER-67890")

    def a_deleted_instance_is_not_found_whichever_id_it_was_deleted_by(self):
        first, second = [
            objects.create_custom_object_instances("Order", external_id=unique("order")) for _ in range(2)
        ]
        # The names of the client's two methods to delete are swapped; what they send is right.
        deleted = objects.delete_custom_object_instances_by_id("Order", external_id=first.external_id)
        self.assertEqual((deleted.id, deleted.object, deleted.deleted), (first.id, "Order", True))
        objects.delete_custom_object_instances_by_external_id("Order", second.id)
        for instance in [first, second]:
            self.assert_not_found(lambda: objects.get_custom_object_instances_by_id("Order", instance.id))
