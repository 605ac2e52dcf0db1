// Messages that an admin sends.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { anAdmin, ids, intercom, newUser, notFound, refused } from "./workspace.mjs";

describe("messages", () => {
  const send = async (fields) => {
    const admin = await anAdmin();
    const user = await newUser();
    const message = await intercom.messages.create({
      message_type: "inapp",
      body: "We are back",
      from: { type: "admin", id: Number(admin.id) },
      to: { type: "user", id: user.id },
      ...fields,
    });
    return { admin, user, message };
  };

  it("a message in the app has no conversation before the user answers", async () => {
    const { message } = await send({});
    assert.deepEqual([message.type, message.message_type, message.body], ["admin_message", "inapp", "We are back"]);
    assert.equal(message.conversation_id ?? null, null);
  });

  it("a message begins a conversation when that is asked for", async () => {
    const { admin, user, message } = await send({ create_conversation_without_contact_reply: true });
    const found = await intercom.conversations.find({ conversation_id: message.conversation_id });
    assert.deepEqual([found.source.author.type, found.source.author.id], ["admin", admin.id]);
    assert.match(found.source.body, /We are back/);
    assert.deepEqual(ids(found.contacts.contacts), [user.id]);
  });

  it("an e-mail keeps its subject", async () => {
    const { message } = await send({ message_type: "email", subject: "News", template: "plain" });
    assert.deepEqual([message.message_type, message.subject], ["email", "News"]);
  });

  it("an e-mail without a subject is not accepted", async () => {
    await refused(send({ message_type: "email", template: "plain" }), 422, "parameter_not_found");
  });

  it("nobody gets no message", async () => {
    await notFound(send({ to: { type: "user", id: "6000000000000000deadbeef" } }));
  });
});
