"""Visitors, and how they become contacts."""

import intercom as sdk
from intercom.visitors import UserWithUserId, VisitorWithUserId

from workspace import Case, intercom, new_user, truth, unique


class Visitors(Case):
    def setUp(self):
        self.visitor = truth("visitors")[-1]

    def _find(self):
        return intercom.visitors.find(user_id=self.visitor["user_id"])

    def a_visitor_is_found_by_the_user_id_and_changed_by_either_id(self):
        self.assertEqual((self._find().type, self._find().id), ("visitor", self.visitor["id"]))
        request = sdk.UpdateVisitorRequestWithUserId(user_id=self.visitor["user_id"], name="Vera")
        intercom.visitors.update(request=request)
        self.assertEqual(self._find().name, "Vera")
        intercom.visitors.update(request=sdk.UpdateVisitorRequestWithId(id=self.visitor["id"], name="Viola"))
        self.assertEqual(self._find().name, "Viola")
        self.assert_not_found(lambda: intercom.visitors.find(user_id=unique("nobody")))

    def a_visitor_becomes_a_lead_of_the_same_id(self):
        lead = intercom.visitors.merge_to_contact(
            type="lead",
            user=UserWithUserId(user_id=self.visitor["user_id"]),
            visitor=VisitorWithUserId(user_id=self.visitor["user_id"]),
        )
        self.assertEqual((lead.type, lead.id, lead.role), ("contact", self.visitor["id"], "lead"))
        self.assertEqual(intercom.contacts.find(self.visitor["id"]).role, "lead")

    def a_visitor_goes_into_the_user_who_exists(self):
        user = new_user()
        merged = intercom.visitors.merge_to_contact(
            type="user",
            user=UserWithUserId(user_id=user.external_id, email=user.email),
            visitor=VisitorWithUserId(user_id=self.visitor["user_id"]),
        )
        self.assertEqual((merged.id, merged.role, merged.email), (user.id, "user", user.email))
        self.assert_not_found(self._find)
