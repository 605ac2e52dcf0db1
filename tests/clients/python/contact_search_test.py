"""The search language, with every operator, over four contacts that only this file knows."""

import intercom as sdk

from workspace import (
    Case, both, each, either, in_seconds, intercom, new_lead, new_tag, new_user, pages_of_search, unique, where,
)

DOMAIN = f"{unique('search')}.example"
MINE = where("email_domain", "=", DOMAIN)


class ContactSearch(Case):
    @classmethod
    def setUpClass(cls):
        cls.made = {}
        for name, fields in {
            "Anna Abel": {"phone": "+353870000001", "signed_up_at": 1600000000},
            "Berta Bell": {"phone": "+353870000002", "signed_up_at": 1620000000},
            "Carla Abel": {"signed_up_at": 1640000000},
            "Dora": {},
        }.items():
            email = f"{name.split()[0].lower()}@{DOMAIN}"
            make = new_lead if name == "Dora" else new_user
            cls.made[name] = make(name=name, email=email, **fields).id

    def _names(self, query):
        return sorted(contact.name for contact in intercom.contacts.search(query=query))

    @each(
        equal_finds_the_same_text=("name", "=", "Anna Abel", ["Anna Abel"]),
        equal_finds_the_same_role=("role", "=", "lead", ["Dora"]),
        unequal_leaves_the_same_text_out=("name", "!=", "Anna Abel", ["Berta Bell", "Carla Abel", "Dora"]),
        in_finds_any_of_a_list=("name", "IN", ["Dora", "Carla Abel", "Nobody"], ["Carla Abel", "Dora"]),
        nin_leaves_a_list_out=("name", "NIN", ["Dora", "Carla Abel"], ["Anna Abel", "Berta Bell"]),
        greater_compares_days=("signed_up_at", ">", 1610000000, ["Berta Bell", "Carla Abel"]),
        less_compares_days=("signed_up_at", "<", 1610000000, ["Anna Abel"]),
        equal_on_a_time_finds_the_whole_day=("signed_up_at", "=", 1620000001, ["Berta Bell"]),
        tilde_finds_a_piece_of_a_text=("name", "~", "abel", ["Anna Abel", "Carla Abel"]),
        not_tilde_leaves_a_piece_of_a_text_out=("name", "!~", "Abel", ["Berta Bell", "Dora"]),
        caret_finds_a_beginning=("email", "^", "carla@", ["Carla Abel"]),
        dollar_finds_an_end=("phone", "$", "0002", ["Berta Bell"]),
        a_contact_of_this_minute_is_not_older_than_yesterday=("created_at", "<", in_seconds(-86400), []),
    )
    def an_operator(self, case):
        field, operator, value, expected = case
        self.assertEqual(self._names(both(MINE, where(field, operator, value))), expected)

    def ids_are_found_in_a_list(self):
        wanted = [self.made["Dora"], self.made["Anna Abel"]]
        self.assertEqual(self._names(both(MINE, where("id", "IN", wanted))), ["Anna Abel", "Dora"])

    def or_takes_what_any_of_its_filters_finds(self):
        # The client's type for a group takes filters or groups, not both at once.
        query = both(both(MINE), either(where("name", "=", "Dora"), where("name", "^", "Berta")))
        self.assertEqual(self._names(query), ["Berta Bell", "Dora"])

    def and_inside_or_is_two_levels_which_is_allowed(self):
        query = either(both(MINE, where("name", "~", "Anna")), both(MINE, where("name", "~", "Carla")))
        self.assertEqual(self._names(query), ["Anna Abel", "Carla Abel"])

    def custom_attributes_and_tags_are_searched(self):
        tag, tier = new_tag("searched"), unique("tier")
        intercom.tags.tag_contact(self.made["Anna Abel"], tag_id=tag.id)
        self.assertEqual(self._names(where("tag_id", "=", tag.id)), ["Anna Abel"])
        intercom.contacts.update(self.made["Dora"], custom_attributes={"Plan tier": tier})
        self.assertEqual(self._names(where("custom_attributes.Plan tier", "=", tier)), ["Dora"])

    def the_pages_of_a_search_have_each_contact_once(self):
        first = intercom.contacts.search(query=MINE, pagination=sdk.StartingAfterPaging(per_page=1)).response
        self.assertEqual((first.total_count, first.pages.total_pages), (4, 4))
        pages = pages_of_search(intercom.contacts, MINE, per_page=1)
        self.assertEqual([len(page) for page in pages], [1, 1, 1, 1])
        found = sorted(contact.name for page in pages for contact in page)
        self.assertEqual(found, ["Anna Abel", "Berta Bell", "Carla Abel", "Dora"])

    def a_field_that_does_not_exist_is_a_bad_request(self):
        query = where("no_such_field", "=", "x")
        self.assert_refused(400, "invalid_field", lambda: intercom.contacts.search(query=query))
