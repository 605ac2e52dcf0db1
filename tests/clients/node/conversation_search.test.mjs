// The search over conversations, with filters, order and pages, over three that only this file knows.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { anAdmin, ids, intercom, newConversation, newUser, refused, rowsOf, unique } from "./workspace.mjs";

describe("conversation search", () => {
  let user;
  let admin;
  let made;

  before(async () => {
    user = await newUser();
    admin = await anAdmin(1);
    made = [];
    for (const body of ["Refund of april", "Refund of may", "Question on lamps"]) {
      made.push((await newConversation(body, user)).id);
    }
    const about = { conversation_id: made[2] };
    await intercom.conversations.manage({
      ...about,
      body: { message_type: "assignment", type: "admin", admin_id: admin.id, assignee_id: admin.id },
    });
    await intercom.conversations.manage({
      ...about,
      body: { message_type: "close", type: "admin", admin_id: admin.id },
    });
  });

  const search = async (...filters) => {
    const mine = { field: "contact_ids", operator: "=", value: user.id };
    const query = { operator: "AND", value: [mine, ...filters] };
    return ids(await rowsOf(await intercom.conversations.search({ query }))).sort();
  };
  const where = (field, operator, value) => ({ field, operator, value });
  const expect = (...places) => places.map((place) => made[place]).sort();

  it("a user has all three", async () => {
    assert.deepEqual(await search(), expect(0, 1, 2));
  });

  it("the state and the open flag agree", async () => {
    assert.deepEqual(await search(where("state", "=", "closed")), expect(2));
    assert.deepEqual(await search(where("open", "=", true)), expect(0, 1));
  });

  it("one word of the first message is found, whatever its case, and two words are not", async () => {
    assert.deepEqual(await search(where("source.body", "=", "refund")), expect(0, 1));
    assert.deepEqual(await search(where("source.body", "=", "Refund")), expect(0, 1));
    assert.deepEqual(await search(where("source.body", "=", "Refund of")), []);
  });

  it("a piece of a word of the first message is found", async () => {
    assert.deepEqual(await search(where("source.body", "~", "efun")), expect(0, 1));
  });

  it("the assignee is found", async () => {
    assert.deepEqual(await search(where("admin_assignee_id", "=", admin.id)), expect(2));
  });

  it("times are compared to the second", async () => {
    const first = await intercom.conversations.find({ conversation_id: made[0] });
    assert.deepEqual(await search(where("created_at", ">", first.created_at - 1)), expect(0, 1, 2));
    assert.deepEqual(await search(where("created_at", "<", first.created_at - 1)), []);
  });

  it("ids are found by IN and left out by NIN", async () => {
    assert.deepEqual(await search(where("id", "IN", [made[0], made[2]])), expect(0, 2));
    assert.deepEqual(await search(where("id", "NIN", [made[0], made[2]])), expect(1));
  });

  it("a tag is found", async () => {
    const tag = await intercom.tags.create({ name: unique("sought") });
    await intercom.tags.tagConversation({ conversation_id: made[1], id: tag.id, admin_id: admin.id });
    assert.deepEqual(await search(where("tag_ids", "=", tag.id)), expect(1));
  });

  it("the rows of a search have no parts", async () => {
    const page = await intercom.conversations.search({ query: where("id", "=", made[2]) });
    assert.equal(page.data.length, 1);
    assert.equal(page.data[0].conversation_parts, undefined);
  });

  it("a field that does not exist is a bad request", async () => {
    await refused(intercom.conversations.search({ query: where("colour", "=", "red") }), 400, "invalid_field");
  });
});
