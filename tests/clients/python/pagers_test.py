"""Every pager of the client, one or two rows a page: what its iterator finds is what its pages hold, each row once."""

import itertools
import math

import intercom as sdk

from workspace import (
    Case, an_admin, attach_company, each, ids, intercom, new_company, new_conversation, new_ticket, new_user,
    pages_of_search, truth, unique, where,
)

USERS = where("role", "=", "user")
# The client has no type for a filter whose value is true or false.
OPEN = where("state", "=", "open")
TICKETS = where("created_at", ">", 0)


class Pagers(Case):
    @classmethod
    def setUpClass(cls):
        admin = an_admin()
        cls.user, cls.companies = new_user(), []
        for body in ["First", "Second", "Third"]:
            intercom.notes.create(cls.user.id, body=body, admin_id=admin.id)
            company = new_company()
            attach_company(cls.user, company)
            cls.companies.append(company.id)
            new_conversation(body, cls.user)
        for _ in range(3):
            new_ticket()

    def _agree(self, open_, per_page):
        """Both ways through a pager find the same rows, as many as the first page states."""
        by_iterator = ids(open_())
        pages = [page.items for page in open_().iter_pages()]
        by_page = ids(itertools.chain.from_iterable(pages))
        self._counted(by_page, pages, open_().response, per_page)
        self.assertEqual(by_iterator, by_page)
        return by_page

    def _counted(self, found, pages, first, per_page):
        self.assertEqual(len(set(found)), len(found), "a row came twice")
        self.assertGreater(len(found), 0)
        self.assertTrue(all(len(page) <= per_page for page in pages), "a page is too long")
        self.assertEqual(len(found), first.total_count)
        # The client has no type for the pages of some lists.
        stated = first.pages if isinstance(first.pages, dict) else first.pages.model_dump()
        self.assertEqual(stated["per_page"], per_page)
        self.assertEqual(stated["total_pages"], math.ceil(len(found) / per_page))

    @each(
        articles=lambda: intercom.articles.list,
        collections=lambda: intercom.help_centers.collections.list,
        help_centers=lambda: intercom.help_centers.list,
        companies=lambda: intercom.companies.list,
        contacts=lambda: intercom.contacts.list,
        conversations=lambda: intercom.conversations.list,
    )
    def the_pager_finds_each_row_once_of(self, list_):
        for per_page in [1, 2]:
            self._agree(lambda: list_(per_page=per_page), per_page)

    def the_pager_finds_each_row_once_of_notes(self):
        for per_page in [1, 2]:
            found = self._agree(lambda: intercom.notes.list(self.user.id, per_page=per_page), per_page)
            self.assertEqual(len(found), 3)

    @each(
        contacts=lambda: (intercom.contacts, USERS),
        conversations=lambda: (intercom.conversations, OPEN),
        tickets=lambda: (intercom.tickets, TICKETS),
    )
    def the_cursors_of_a_search_find_each_row_once_of(self, case):
        resource, query = case
        for per_page in [1, 2]:
            pages = pages_of_search(resource, query, per_page)
            pagination = sdk.StartingAfterPaging(per_page=per_page)
            first = resource.search(query=query, pagination=pagination).response
            found = ids(itertools.chain.from_iterable(pages))
            self._counted(found, pages, first, per_page)

    @each(
        contacts=lambda: (intercom.contacts, USERS),
        conversations=lambda: (intercom.conversations, OPEN),
        tickets=lambda: (intercom.tickets, TICKETS),
    )
    def the_pager_asks_for_the_first_page_again_for_it_drops_the_cursor_in_a_search_of(self, case):
        resource, query = case
        first = resource.search(query=query, pagination=sdk.StartingAfterPaging(per_page=1))
        self.assertTrue(first.has_next)
        self.assertIsNotNone(first.response.pages.next.starting_after)
        self.assertEqual(ids(first.next_page().items), ids(first.items))

    @each(
        contacts=lambda: (intercom.contacts.list, "contacts"),
        conversations=lambda: (intercom.conversations.list, "conversations"),
        articles=lambda: (intercom.articles.list, "articles"),
    )
    def the_pager_finds_all_that_there_is_of(self, case):
        list_, stream = case
        found = self._agree(lambda: list_(per_page=2), 2)
        self.assertEqual(sorted(found), sorted(row["id"] for row in truth(stream)))

    def a_page_past_the_end_is_empty_and_no_error(self):
        for list_ in [intercom.articles.list, intercom.help_centers.collections.list, intercom.companies.list]:
            self.assertEqual(list_(page=999, per_page=2).items, [])

    def a_pager_begins_after_the_row_that_a_cursor_names(self):
        first = intercom.contacts.list(per_page=2)
        second = intercom.contacts.list(per_page=2, starting_after=first.response.pages.next.starting_after)
        self.assertEqual(ids(second.items), ids(first.next_page().items))

    def the_pager_of_a_contacts_companies_ends_at_once_for_the_rows_are_under_data_and_it_reads_companies(self):
        pager = intercom.contacts.list_attached_companies(self.user.id, per_page=1)
        self.assertEqual((pager.response.total_count, len(pager.response.data)), (3, 1))
        self.assertEqual(list(pager), [])
        pages = [
            intercom.contacts.list_attached_companies(self.user.id, per_page=1, page=page).response.data
            for page in [1, 2, 3]
        ]
        self.assertEqual(sorted(ids(itertools.chain.from_iterable(pages))), sorted(self.companies))

    def the_iterator_of_a_scroll_finds_every_company_and_ends_at_the_empty_page(self):
        found = ids(intercom.companies.scroll())
        self.assertEqual(sorted(found), sorted(ids(intercom.companies.list(per_page=50))))

    def a_pager_that_nothing_answers_to_has_no_rows(self):
        query = where("email", "=", f"{unique('nobody')}@people.example")
        pager = intercom.contacts.search(query=query, pagination=sdk.StartingAfterPaging(per_page=1))
        self.assertEqual((pager.items, pager.has_next, pager.response.total_count), ([], False, 0))
