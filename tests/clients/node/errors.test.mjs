// How refusals reach the caller: the class of the error, its status, and the code in its body.
//
// The client has a class of its own where the published description of an operation names the status; where it does
// not, the error is the general one with the same status and body.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  Intercom, IntercomError, anAdmin, connect, control, intercom, newConversation, newUser, refused, unique,
} from "./workspace.mjs";

const { BadRequestError, NotFoundError, UnauthorizedError, UnprocessableEntityError } = Intercom;
const nobody = "6000000000000000deadbeef";

const setFaults = (...faults) => control("PUT", "/faults", faults);

describe("errors", () => {
  const missing = {
    "a company": [() => intercom.companies.find({ company_id: nobody }), "company_not_found"],
    "an article": [() => intercom.articles.find({ article_id: 999999 }), "not_found"],
    "a collection": [() => intercom.helpCenters.collections.find({ collection_id: 999999 }), "not_found"],
    "an admin": [() => intercom.admins.find({ admin_id: 999999 }), "admin_not_found"],
    "a conversation": [() => intercom.conversations.find({ conversation_id: "999999" }), "not_found"],
    "a segment": [() => intercom.segments.find({ segment_id: nobody }), "not_found"],
    "a tag": [() => intercom.tags.find({ tag_id: "999999" }), "not_found"],
    "a team": [() => intercom.teams.find({ team_id: "999999" }), "team_not_found"],
    "a note": [() => intercom.notes.find({ note_id: 999999 }), "not_found"],
    "a visitor": [() => intercom.visitors.find({ user_id: unique("nobody") }), "not_found"],
    "a contact's tags": [() => intercom.contacts.listAttachedTags({ contact_id: nobody }), "not_found"],
    "a data attribute": [
      () => intercom.dataAttributes.update({ data_attribute_id: 999999, body: { description: "x" } }),
      "field_not_found",
    ],
  };
  for (const [name, [call, code]] of Object.entries(missing)) {
    it(`${name} that is not there is a NotFoundError`, async () => {
      await refused(call(), 404, code, NotFoundError);
    });
  }

  it("a contact that is not there is a general error with 404, for its description names no 404", async () => {
    await refused(intercom.contacts.find({ contact_id: nobody }), 404, "not_found", IntercomError);
  });

  const strangers = {
    contacts: (client) => client.contacts.find({ contact_id: nobody }),
    companies: (client) => client.companies.list(),
    conversations: (client) => client.conversations.list(),
    tickets: (client) => client.tickets.get({ ticket_id: "1" }),
    tags: (client) => client.tags.list(),
    articles: (client) => client.articles.list(),
  };
  for (const [name, call] of Object.entries(strangers)) {
    it(`a wrong token is an UnauthorizedError of ${name}`, async () => {
      await refused(call(connect({ token: "stolen" })), 401, "unauthorized", UnauthorizedError);
    });
  }

  it("a company with an unknown key is a BadRequestError", async () => {
    const call = intercom.companies.createOrUpdate({ company_id: unique("odd"), test: true });
    await refused(call, 400, "bad_request", BadRequestError);
  });

  it("an article without an author is a BadRequestError", async () => {
    await refused(intercom.articles.create({ title: "x" }), 400, "parameter_not_found", BadRequestError);
  });

  it("a company that was not named is a BadRequestError", async () => {
    const user = await newUser();
    const call = intercom.companies.attachContact({ contact_id: user.id, id: undefined });
    await refused(call, 400, "parameter_not_found", BadRequestError);
  });

  it("the last participant cannot leave, which is an UnprocessableEntityError", async () => {
    const { user, id } = await newConversation();
    const admin = await anAdmin();
    const call = intercom.conversations.detachContactAsAdmin({
      conversation_id: id,
      contact_id: user.id,
      admin_id: admin.id,
    });
    await refused(call, 422, "parameter_invalid", UnprocessableEntityError);
  });

  it("the request id of the body is the one of the header", async () => {
    await assert.rejects(intercom.companies.find({ company_id: nobody }), (error) => {
      assert.equal(error.body.request_id, error.rawResponse.headers.get("x-request-id"));
      assert.ok(error.body.errors[0].message.length > 0);
      return true;
    });
  });

  it("a burst beyond the limit is a 429 that says when to come back", async () => {
    await setFaults({ operation: "tags.list", status: 429, retry_after: 1 });
    await assert.rejects(intercom.tags.list(), (error) => {
      assert.equal(error.statusCode, 429);
      assert.equal(error.body.errors[0].code, "rate_limit_exceeded");
      assert.equal(error.rawResponse.headers.get("retry-after"), "1");
      return true;
    });
    assert.ok((await intercom.tags.list()).data.length > 0);
  });

  it("the client tries again by itself after a 429 and a 500, as it is set to by default", async () => {
    const patient = connect({ maxRetries: 2 });
    await setFaults(
      { operation: "tags.list", status: 429, retry_after: 1 },
      { operation: "tags.list", status: 500 },
    );
    assert.ok((await patient.tags.list()).data.length > 0);
  });
});
