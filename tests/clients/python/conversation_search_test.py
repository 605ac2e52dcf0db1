"""The search over conversations, with filters, order and pages, over three that only this file knows."""

import intercom as sdk

from workspace import Case, an_admin, both, each, ids, intercom, new_conversation, new_tag, new_user, where


class ConversationSearch(Case):
    @classmethod
    def setUpClass(cls):
        cls.user, cls.admin = new_user(), an_admin(1)
        bodies = ["Refund of april", "Refund of may", "Question on lamps"]
        cls.made = [new_conversation(body, cls.user)[1] for body in bodies]
        for request in [
            sdk.conversations.ConversationsManageRequestBody_Assignment(
                type="admin", admin_id=cls.admin.id, assignee_id=cls.admin.id
            ),
            sdk.conversations.ConversationsManageRequestBody_Close(type="admin", admin_id=cls.admin.id),
        ]:
            intercom.conversations.manage(cls.made[2], request=request)

    def _places(self, *filters):
        query = both(where("contact_ids", "=", self.user.id), *filters)
        return sorted(self.made.index(row.id) for row in intercom.conversations.search(query=query))

    def a_user_has_all_three(self):
        self.assertEqual(self._places(), [0, 1, 2])

    @each(
        state=("state", "=", "closed", [2]),
        one_word_of_the_first_message=("source.body", "=", "refund", [0, 1]),
        one_word_in_capitals_of_the_first_message=("source.body", "=", "Refund", [0, 1]),
        a_piece_of_a_word_of_the_first_message=("source.body", "~", "efun", [0, 1]),
        no_two_words_of_the_first_message=("source.body", "=", "refund of", []),
    )
    def a_filter_finds(self, case):
        field, operator, value, expected = case
        self.assertEqual(self._places(where(field, operator, value)), expected)

    def the_assignee_is_found(self):
        self.assertEqual(self._places(where("admin_assignee_id", "=", self.admin.id)), [2])

    def times_are_compared_to_the_second(self):
        first = intercom.conversations.find(self.made[0]).created_at
        self.assertEqual(self._places(where("created_at", ">", first - 1)), [0, 1, 2])
        self.assertEqual(self._places(where("created_at", "<", first - 1)), [])

    def ids_are_found_by_in_and_left_out_by_nin(self):
        wanted = [self.made[0], self.made[2]]
        self.assertEqual(self._places(where("id", "IN", wanted)), [0, 2])
        self.assertEqual(self._places(where("id", "NIN", wanted)), [1])

    def a_tag_is_found(self):
        tag = new_tag("sought")
        intercom.tags.tag_conversation(self.made[1], tag_id=tag.id, admin_id=self.admin.id)
        self.assertEqual(self._places(where("tag_ids", "=", tag.id)), [1])

    def the_rows_of_a_search_have_no_parts(self):
        rows = intercom.conversations.search(query=where("id", "=", self.made[2])).items
        self.assertEqual(ids(rows), [self.made[2]])
        self.assertIsNone(rows[0].conversation_parts)

    def a_field_that_does_not_exist_is_a_bad_request(self):
        query = where("colour", "=", "red")
        self.assert_refused(400, "invalid_field", lambda: intercom.conversations.search(query=query))
