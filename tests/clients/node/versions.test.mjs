// The version that the client sends, and another one through its option.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { connect, intercom, newConversation, newTicket, refused } from "./workspace.mjs";

describe("versions", () => {
  it("the client asks for 2.14 and gets it", async () => {
    const { rawResponse } = await intercom.tags.list().withRawResponse();
    assert.equal(rawResponse.headers.get("intercom-version"), "2.14");
  });

  it("a ticket of 2.11 has its state as a word", async () => {
    const { ticket } = await newTicket();
    const old = connect({ version: "2.11" });
    const found = await old.tickets.get({ ticket_id: ticket.id });
    assert.equal(found.ticket_state, "submitted");
    assert.equal(ticket.ticket_state.category, "submitted");
  });

  it("ticket types of 2.11 are under ticket_types", async () => {
    const old = connect({ version: "2.11" });
    const listed = await old.ticketTypes.list();
    assert.ok(listed.ticket_types.length > 0);
    assert.equal(listed.data, undefined);
  });

  it("assignment rules run in 2.11", async () => {
    const { id } = await newConversation();
    const old = connect({ version: "2.11" });
    const ran = await old.conversations.runAssignmentRules({ conversation_id: id });
    assert.equal(ran.id, id);
  });

  it("what came later is a bad request in 2.7", async () => {
    const old = connect({ version: "2.7" });
    await refused(old.ticketTypes.list(), 400, "intercom_version_invalid");
  });

  it("one request can ask for another version", async () => {
    const { rawResponse } = await intercom.tags.list({ version: "2.12" }).withRawResponse();
    assert.equal(rawResponse.headers.get("intercom-version"), "2.12");
  });
});
