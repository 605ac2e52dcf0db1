// Telephone calls, and the link that takes a caller to the messenger.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Intercom, ids, intercom, newUser, notFound, unique } from "./workspace.mjs";

describe("calls", () => {
  it("every call is listed, a page after the other, and found", async () => {
    const all = await intercom.calls.listCalls({ per_page: 25 });
    assert.equal(all.type, "list");
    assert.ok(all.data.length > 0);
    assert.equal(all.total_count, all.data.length);
    const pages = [];
    for (const page of all.data.keys()) {
      pages.push(...(await intercom.calls.listCalls({ page: page + 1, per_page: 1 })).data);
    }
    assert.deepEqual(ids(pages), ids(all.data));
    for (const call of all.data) {
      assert.deepEqual(await intercom.calls.showCall({ call_id: call.id }), call);
    }
    await notFound(intercom.calls.showCall({ call_id: "1" }));
  });

  it("a call belongs to a conversation with its contact", async () => {
    const [call] = (await intercom.calls.listCalls()).data;
    const found = await intercom.conversations.find({ conversation_id: call.conversation_id });
    assert.ok(ids(found.contacts.contacts).includes(call.contact_id));
  });

  it("the calls of conversations come with what was said", async () => {
    const [call] = (await intercom.calls.listCalls()).data;
    const found = await intercom.calls.listCallsWithTranscripts({ conversation_ids: [call.conversation_id] });
    assert.deepEqual(ids(found.data), [call.id]);
    assert.ok(found.data[0].transcript.length > 0);
  });

  it("what was said in a call is a plain text", async () => {
    const [call] = (await intercom.calls.listCalls()).data;
    const text = await intercom.calls.showCallTranscript({ call_id: call.id });
    assert.match(text, /^\[00:00:\d\d\] /);
  });
});

describe("phone call redirects", () => {
  it("a telephone number gets a link to the messenger", async () => {
    await newUser({ name: unique("Caller"), phone: "+353832345678" });
    const redirect = await intercom.phoneCallRedirects.create({ phone: "+353832345678" });
    assert.deepEqual([redirect.type, redirect.phone], ["phone_call_redirect", "+353832345678"]);
  });

  it("what is no telephone number is a bad request, with a body of its own kind", async () => {
    await assert.rejects(intercom.phoneCallRedirects.create({ phone: "not a number" }), (error) => {
      assert.ok(error instanceof Intercom.BadRequestError);
      assert.equal(error.body.error_key, "invalid_phone_number");
      return true;
    });
  });
});
