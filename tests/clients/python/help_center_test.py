"""The help center and its collections."""

from workspace import Case, ids, intercom, unique

collections = intercom.help_centers.collections


class HelpCenter(Case):
    def a_listed_help_center_is_found(self):
        listed = intercom.help_centers.list().items[0]
        found = intercom.help_centers.find(int(listed.id))
        self.assertEqual(
            (found.id, found.identifier, found.display_name), (listed.id, listed.identifier, listed.display_name)
        )
        self.assert_not_found(lambda: intercom.help_centers.find(999999))

    def a_created_collection_is_found_with_every_value_that_was_written(self):
        created = collections.create(name=unique("Lamps"), description="All about lamps")
        found = collections.find(int(created.id))
        self.assertEqual((found.name, found.description, found.parent_id), (created.name, "All about lamps", None))

    def a_collection_lies_in_another_one(self):
        outer = collections.create(name=unique("Outer"))
        inner = collections.create(name=unique("Inner"), parent_id=outer.id)
        self.assertEqual(str(collections.find(int(inner.id)).parent_id), outer.id)

    def an_update_renames_a_collection(self):
        created, name = collections.create(name=unique("Before"), description="Stays"), unique("After")
        collections.update(int(created.id), name=name)
        found = collections.find(int(created.id))
        self.assertEqual((found.name, found.description), (name, "Stays"))
        self.assertIn(created.id, ids(collections.list(per_page=100)))

    def a_deleted_collection_is_not_found(self):
        created = collections.create(name=unique("Old"))
        deleted = collections.delete(int(created.id))
        self.assertEqual((deleted.id, deleted.object, deleted.deleted), (created.id, "collection", True))
        self.assert_not_found(lambda: collections.find(int(created.id)))

    def a_collection_without_a_name_is_a_bad_request(self):
        self.assert_refused(400, "parameter_not_found", lambda: collections.create(name=None))
