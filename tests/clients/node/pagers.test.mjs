// Every pager of the client, one or two rows a page: what its iterator finds is what its pages hold, each row once.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import {
  anAdmin, ids, intercom, newCompany, newConversation, newTicket, newUser, pagesOf, rowsOf, truth, unique,
} from "./workspace.mjs";

describe("pagers", () => {
  let user;
  let companies;

  before(async () => {
    const admin = await anAdmin();
    user = await newUser();
    companies = [];
    for (const body of ["First", "Second", "Third"]) {
      await intercom.notes.create({ contact_id: user.id, body, admin_id: admin.id });
      const company = await newCompany();
      await intercom.companies.attachContact({ contact_id: user.id, id: company.id });
      companies.push(company.id);
      await newConversation(body, user);
    }
    await newTicket();
  });

  /** Both ways through a pager find the same rows, as many as the first page states. */
  const agree = async (open, per_page) => {
    const byIterator = ids(await rowsOf(await open()));
    const first = await open();
    const pages = await pagesOf(first);
    const byPage = ids(pages.flat());
    assert.deepEqual(byIterator, byPage);
    assert.equal(new Set(byPage).size, byPage.length, "a row came twice");
    assert.ok(byPage.length > 0);
    assert.ok(pages.every((rows) => rows.length <= per_page), "a page is too long");
    const { response } = await open();
    assert.equal(byPage.length, response.total_count);
    assert.equal(response.pages.per_page, per_page);
    assert.equal(response.pages.total_pages, Math.ceil(byPage.length / per_page));
    return byPage;
  };

  const pagers = {
    articles: (per_page) => intercom.articles.list({ per_page }),
    collections: (per_page) => intercom.helpCenters.collections.list({ per_page }),
    "help centers": (per_page) => intercom.helpCenters.list({ per_page }),
    companies: (per_page) => intercom.companies.list({ per_page }),
    contacts: (per_page) => intercom.contacts.list({ per_page }),
    "contacts of a search": (per_page) =>
      intercom.contacts.search({
        query: { field: "role", operator: "=", value: "user" },
        pagination: { per_page },
      }),
    conversations: (per_page) => intercom.conversations.list({ per_page }),
    "conversations of a search": (per_page) =>
      intercom.conversations.search({
        query: { field: "open", operator: "=", value: true },
        pagination: { per_page },
      }),
    "tickets of a search": (per_page) =>
      intercom.tickets.search({
        query: { field: "open", operator: "=", value: true },
        pagination: { per_page },
      }),
    notes: (per_page) => intercom.notes.list({ contact_id: user.id, per_page }),
  };
  for (const [name, open] of Object.entries(pagers)) {
    for (const per_page of [1, 2]) {
      it(`the pager of ${name} finds each row once, ${per_page} a page`, async () => {
        await agree(() => open(per_page), per_page);
      });
    }
  }

  it("the pager of contacts finds every contact that there is", async () => {
    const found = await agree(() => intercom.contacts.list({ per_page: 2 }), 2);
    assert.deepEqual([...found].sort(), ids(await truth("contacts")).sort());
  });

  it("the pager of conversations finds every conversation that there is", async () => {
    const found = await agree(() => intercom.conversations.list({ per_page: 2 }), 2);
    assert.deepEqual([...found].sort(), ids(await truth("conversations")).sort());
  });

  it("the pager of articles finds every article that there is", async () => {
    const found = await agree(() => intercom.articles.list({ per_page: 2 }), 2);
    assert.deepEqual([...found].sort(), ids(await truth("articles")).sort());
  });

  it("a page past the end is empty and no error", async () => {
    for (const list of [intercom.articles, intercom.helpCenters.collections, intercom.companies]) {
      const page = await list.list({ page: 999, per_page: 2 });
      assert.deepEqual(page.data, []);
      assert.equal(page.hasNextPage(), false);
    }
  });

  it("a pager begins after the row that a cursor names", async () => {
    const first = await intercom.contacts.list({ per_page: 2 });
    const { starting_after } = first.response.pages.next;
    const second = await intercom.contacts.list({ per_page: 2, starting_after });
    await first.getNextPage();
    assert.deepEqual(ids(second.data), ids(first.data));
  });

  it("the pager of a contact's companies ends at once: the rows are under data, it reads companies", async () => {
    const page = await intercom.contacts.listAttachedCompanies({ contact_id: user.id, per_page: 1 });
    assert.equal(page.response.total_count, 3);
    assert.equal(page.response.data.length, 1);
    assert.deepEqual(await rowsOf(page), []);
    const found = [];
    for (const number of [1, 2, 3]) {
      const request = { contact_id: user.id, per_page: 1, page: number };
      found.push(...(await intercom.contacts.listAttachedCompanies(request)).response.data);
    }
    assert.deepEqual(ids(found).sort(), [...companies].sort());
  });

  it("the iterator of a scroll has seen every company when the used up scroll is not found", async () => {
    const seen = [];
    await assert.rejects(
      async () => {
        for await (const company of await intercom.companies.scroll()) {
          seen.push(company.id);
        }
      },
      (error) => error.statusCode === 404 && error.body.errors[0].code === "not_found",
    );
    const listed = ids(await rowsOf(await intercom.companies.list({ per_page: 50 })));
    assert.deepEqual(seen.sort(), listed.sort());
  });

  it("a pager that nothing answers to has no rows", async () => {
    const query = { field: "email", operator: "=", value: `${unique("nobody")}@people.example` };
    const page = await intercom.contacts.search({ query, pagination: { per_page: 1 } });
    assert.deepEqual([page.data, page.hasNextPage(), page.response.total_count], [[], false, 0]);
  });
});
