// Conversations: begun, found, answered from both sides, changed and deleted.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  anAdmin, ids, intercom, lastPart, newCompany, newConversation, newLead, newUser, notFound, unique,
} from "./workspace.mjs";

const find = (id, options = {}) => intercom.conversations.find({ conversation_id: id, ...options });

describe("conversations", () => {
  it("a conversation of a user begins with the message that was written", async () => {
    const { user, id, message } = await newConversation("Where is my <invoice>?");
    assert.equal(message.type, "user_message");
    assert.equal(message.body, "Where is my <invoice>?");
    const found = await find(id);
    assert.equal(found.id, id);
    assert.equal(found.source.author.id, user.id);
    assert.equal(found.source.id, message.id);
    assert.deepEqual(ids(found.contacts.contacts), [user.id]);
    assert.deepEqual([found.open, found.state, found.admin_assignee_id], [true, "open", null]);
    assert.equal(found.conversation_parts.total_count, 0);
  });

  it("a lead begins a conversation too, and a plain text can be asked for", async () => {
    const lead = await newLead();
    const message = await intercom.conversations.create({ from: { type: "lead", id: lead.id }, body: "Hello there" });
    const html = await find(message.conversation_id);
    assert.equal(html.source.body, "<p>Hello there</p>");
    assert.equal(html.source.author.type, "lead");
    const plain = await find(message.conversation_id, { display_as: "plaintext" });
    assert.equal(plain.source.body, "Hello there");
  });

  it("an admin's comment and note are the newest parts", async () => {
    const { id } = await newConversation();
    const admin = await anAdmin();
    const write = (message_type, body) =>
      intercom.conversations.reply({
        conversation_id: id,
        body: { message_type, type: "admin", admin_id: admin.id, body },
      });
    const commented = await write("comment", "Let me look");
    assert.equal(lastPart(commented).body, "<p>Let me look</p>");
    assert.deepEqual(
      [lastPart(commented).author.type, lastPart(commented).author.id, lastPart(commented).author.name],
      ["admin", admin.id, admin.name],
    );
    await write("note", "Looks like a bug");
    const found = await find(id);
    assert.equal(lastPart(found).part_type, "note");
    assert.equal(lastPart(found).body, "<p>Looks like a bug</p>");
    assert.equal(found.conversation_parts.total_count, found.conversation_parts.conversation_parts.length);
  });

  it("a user's comment is read back under the user's name, by each way to name the user", async () => {
    const { user, id } = await newConversation();
    const ways = [{ intercom_user_id: user.id }, { email: user.email }, { user_id: user.external_id }];
    for (const [place, way] of ways.entries()) {
      const replied = await intercom.conversations.reply({
        conversation_id: id,
        body: { message_type: "comment", type: "user", body: `Answer ${place}`, ...way },
      });
      assert.equal(lastPart(replied).body, `<p>Answer ${place}</p>`);
      assert.deepEqual([lastPart(replied).author.type, lastPart(replied).author.id], ["user", user.id]);
    }
    assert.equal((await find(id)).conversation_parts.total_count, 3);
  });

  it("quick replies of an admin are a part of their own kind", async () => {
    const { id } = await newConversation();
    const admin = await anAdmin();
    const replied = await intercom.conversations.reply({
      conversation_id: id,
      body: {
        message_type: "quick_reply",
        type: "admin",
        admin_id: admin.id,
        reply_options: [{ text: "Yes", uuid: "5b8a0c0e-7c2a-4b0a-9f6e-2f1f4b1f0001" }],
      },
    });
    assert.equal(lastPart(replied).part_type, "quick_reply");
  });

  it("an update changes the title, the attributes, the company and what is read", async () => {
    const { user, id } = await newConversation();
    const company = await newCompany();
    await intercom.companies.attachContact({ contact_id: user.id, id: company.id });
    const title = unique("A title");
    await intercom.conversations.update({ conversation_id: id, title, read: true, company_id: company.id });
    const found = await find(id);
    assert.deepEqual([found.title, found.read], [title, true]);
  });

  it("custom attributes that exist are written and read back", async () => {
    const { id } = await newConversation();
    await intercom.conversations.update({ conversation_id: id, custom_attributes: { Topic: "Lamps" } });
    assert.equal((await find(id)).custom_attributes.Topic, "Lamps");
  });

  it("a reply to the last conversation of a user goes to the newest one", async () => {
    const user = await newUser();
    await newConversation("First", user);
    const second = await newConversation("Second", user);
    const replied = await intercom.conversations.reply({
      conversation_id: "last",
      body: { message_type: "comment", type: "user", intercom_user_id: user.id, body: "More" },
    });
    assert.equal(replied.id, second.id);
  });

  it("a deleted conversation is not found", async () => {
    const { id } = await newConversation();
    const deleted = await intercom.conversations.deleteConversation({ conversation_id: Number(id) });
    assert.deepEqual({ ...deleted }, { id, object: "conversation", deleted: true });
    await notFound(find(id));
  });
});
