"""What can only be read: segments and subscription types."""

from workspace import Case, ids, intercom, truth


class Segments(Case):
    def every_segment_is_listed_with_its_size_when_that_is_asked_for_and_found(self):
        listed = intercom.segments.list()
        self.assertEqual(listed.type, "segment.list")
        self.assertEqual(ids(listed.segments), [segment["id"] for segment in truth("segments")])
        self.assertTrue(all(segment.count is None for segment in listed.segments))
        counted = intercom.segments.list(include_count=True).segments
        self.assertTrue(all(isinstance(segment.count, int) for segment in counted))
        for segment in listed.segments:
            found = intercom.segments.find(segment.id)
            self.assertEqual((found.name, found.person_type), (segment.name, segment.person_type))
        self.assert_not_found(lambda: intercom.segments.find("65128165c6112e3500009999"))


class SubscriptionTypes(Case):
    def every_type_is_listed_with_its_consent_and_its_text(self):
        listed = intercom.subscription_types.list().data
        self.assertEqual(ids(listed), [row["id"] for row in truth("subscription_types")])
        for row in listed:
            self.assertEqual((row.type, row.default_translation.locale), ("subscription", "en"))
            self.assertIn(row.consent_type, ["opt_in", "opt_out"])
