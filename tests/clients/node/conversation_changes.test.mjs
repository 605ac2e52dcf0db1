// What happens to a conversation: its state, its assignee, its participants, its tags, and what is taken out of it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  aTicketType, anAdmin, ids, inSeconds, intercom, lastPart, newConversation, newUser, refused, unique,
} from "./workspace.mjs";

const find = (id) => intercom.conversations.find({ conversation_id: id });

describe("changes of a conversation", () => {
  const manage = async (id, body) => {
    const admin = await anAdmin();
    return intercom.conversations.manage({ conversation_id: id, body: { admin_id: admin.id, ...body } });
  };

  it("it is closed with a last word and opened again", async () => {
    const { id } = await newConversation();
    const closed = await manage(id, { message_type: "close", type: "admin", body: "Goodbye" });
    assert.deepEqual([closed.state, closed.open], ["closed", false]);
    assert.deepEqual([lastPart(closed).part_type, lastPart(closed).body], ["close", "<p>Goodbye</p>"]);
    assert.deepEqual([(await find(id)).state, (await find(id)).open], ["closed", false]);
    const opened = await manage(id, { message_type: "open" });
    assert.deepEqual([opened.state, opened.open, lastPart(opened).part_type], ["open", true, "open"]);
  });

  it("it is snoozed until the moment that was written", async () => {
    const { id } = await newConversation();
    const snoozed_until = inSeconds(3600);
    const snoozed = await manage(id, { message_type: "snoozed", snoozed_until });
    assert.deepEqual([snoozed.state, snoozed.snoozed_until], ["snoozed", snoozed_until]);
    assert.equal(lastPart(snoozed).part_type, "snoozed");
    assert.equal((await find(id)).snoozed_until, snoozed_until);
  });

  it("it is assigned to an admin, to a team and to nobody", async () => {
    const { id } = await newConversation();
    const admin = await anAdmin(2);
    const assigned = await manage(id, { message_type: "assignment", type: "admin", assignee_id: admin.id });
    assert.equal(assigned.admin_assignee_id, Number(admin.id));
    assert.equal(lastPart(assigned).part_type, "assignment");
    assert.deepEqual({ ...lastPart(assigned).assigned_to }, { type: "admin", id: admin.id });
    const team = (await intercom.teams.list()).teams[1];
    const team_assigned = await manage(id, { message_type: "assignment", type: "team", assignee_id: team.id });
    assert.equal(String(team_assigned.team_assignee_id), team.id);
    const nobody = await manage(id, { message_type: "assignment", type: "admin", assignee_id: "0" });
    assert.equal(nobody.admin_assignee_id, null);
    assert.equal((await find(id)).admin_assignee_id, null);
  });

  it("a tag is attached and detached by an admin", async () => {
    const { id } = await newConversation();
    const admin = await anAdmin();
    const tag = await intercom.tags.create({ name: unique("topic") });
    const attached = await intercom.tags.tagConversation({ conversation_id: id, id: tag.id, admin_id: admin.id });
    assert.deepEqual([attached.id, attached.name], [tag.id, tag.name]);
    assert.deepEqual(ids((await find(id)).tags.tags), [tag.id]);
    const detached = await intercom.tags.untagConversation({ conversation_id: id, tag_id: tag.id, admin_id: admin.id });
    assert.equal(detached.id, tag.id);
    assert.deepEqual((await find(id)).tags.tags, []);
  });

  it("a participant joins and leaves, and the last one stays", async () => {
    const { user, id } = await newConversation();
    const admin = await anAdmin();
    const guest = await newUser();
    const joined = await intercom.conversations.attachContactAsAdmin({
      conversation_id: id,
      admin_id: admin.id,
      customer: { intercom_user_id: guest.id },
    });
    assert.deepEqual(ids(joined.contacts.contacts).sort(), [user.id, guest.id].sort());
    const left = await intercom.conversations.detachContactAsAdmin({
      conversation_id: id,
      contact_id: user.id,
      admin_id: admin.id,
    });
    assert.deepEqual(ids(left.contacts.contacts), [guest.id]);
    const last = { conversation_id: id, contact_id: guest.id, admin_id: admin.id };
    await refused(intercom.conversations.detachContactAsAdmin(last), 422, "parameter_invalid");
  });

  it("a participant who is named by an unknown e-mail is a new lead", async () => {
    const { id } = await newConversation();
    const admin = await anAdmin();
    const email = `${unique("guest")}@people.example`;
    const joined = await intercom.conversations.attachContactAsAdmin({
      conversation_id: id,
      admin_id: admin.id,
      customer: { email },
    });
    const found = await Promise.all(
      ids(joined.contacts.contacts).map((contact_id) => intercom.contacts.find({ contact_id })),
    );
    assert.equal(found.find((contact) => contact.email === email).role, "lead");
  });

  it("a redacted part has lost its text", async () => {
    const { user, id } = await newConversation();
    const replied = await intercom.conversations.reply({
      conversation_id: id,
      body: { message_type: "comment", type: "user", intercom_user_id: user.id, body: "My card is 4111" },
    });
    const redacted = await intercom.conversations.redactConversationPart({
      type: "conversation_part",
      conversation_id: id,
      conversation_part_id: lastPart(replied).id,
    });
    assert.deepEqual(
      [lastPart(redacted).redacted, lastPart(redacted).body],
      [true, "<p><i>This message was deleted</i></p>"],
    );
    assert.equal(lastPart(await find(id)).redacted, true);
  });

  it("a redacted first message has lost its text", async () => {
    const { id, message } = await newConversation("My password is swordfish");
    await intercom.conversations.redactConversationPart({ type: "source", conversation_id: id, source_id: message.id });
    const found = await find(id);
    assert.deepEqual([found.source.redacted, found.source.body], [true, "<p><i>This message was deleted</i></p>"]);
  });

  it("it becomes a ticket of a customer type and of no other", async () => {
    const { user, id } = await newConversation("The lamp is broken");
    const type = await aTicketType("Customer");
    const ticket = await intercom.conversations.convertToTicket({
      conversation_id: Number(id),
      ticket_type_id: type.id,
      attributes: { _default_title_: "Lamp" },
    });
    assert.equal(ticket.type, "ticket");
    assert.equal(ticket.ticket_type.id, type.id);
    assert.equal(ticket.ticket_attributes._default_title_, "Lamp");
    assert.deepEqual(ids(ticket.contacts.contacts), [user.id]);
    assert.equal((await intercom.tickets.get({ ticket_id: ticket.id })).ticket_id, ticket.ticket_id);
    const other = await newConversation();
    const tracker = await aTicketType("Tracker");
    await refused(
      intercom.conversations.convertToTicket({ conversation_id: Number(other.id), ticket_type_id: tracker.id }),
      400,
      "parameter_invalid",
    );
  });

  it("the assignment rules are of versions before the client's own", async () => {
    const { id } = await newConversation();
    await refused(
      intercom.conversations.runAssignmentRules({ conversation_id: id }),
      400,
      "intercom_version_invalid",
    );
  });
});
