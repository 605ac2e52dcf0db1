// Tickets: created, found, changed, answered, tagged, searched and deleted.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  aTicketType, anAdmin, ids, inSeconds, intercom, lastPart, newTicket, newUser, notFound, refused, rowsOf, unique,
} from "./workspace.mjs";

const get = (ticket) => intercom.tickets.get({ ticket_id: ticket.id });

describe("tickets", () => {
  it("a created ticket is found with every value that was written", async () => {
    const { ticket, user, type } = await newTicket();
    const found = await get(ticket);
    assert.equal(found.type, "ticket");
    assert.equal(found.ticket_id, ticket.ticket_id);
    assert.equal(found.ticket_type.id, type.id);
    assert.deepEqual({ ...found.ticket_attributes }, { ...ticket.ticket_attributes });
    assert.equal(found.ticket_attributes._default_description_, "It does not shine");
    assert.deepEqual(ids(found.contacts.contacts), [user.id]);
    assert.deepEqual([found.open, found.ticket_state.category], [true, "submitted"]);
    assert.deepEqual([found.admin_assignee_id, found.team_assignee_id], ["0", "0"]);
  });

  it("contacts are named by e-mail or external id too", async () => {
    for (const name of ["email", "external_id"]) {
      const user = await newUser();
      const { ticket } = await newTicket({ contacts: [{ [name]: user[name] }] });
      assert.deepEqual(ids(ticket.contacts.contacts), [user.id]);
    }
  });

  it("a ticket is assigned as it is created", async () => {
    const admin = await anAdmin(3);
    const { ticket } = await newTicket({ assignment: { admin_assignee_id: admin.id } });
    assert.equal((await get(ticket)).admin_assignee_id, admin.id);
  });

  it("an update changes state, attributes, assignee and sharing", async () => {
    const { ticket } = await newTicket();
    const states = (await intercom.ticketStates.listTicketStates()).data;
    const waiting = states.find((state) => state.category === "waiting_on_customer");
    const [admin, assignee] = [await anAdmin(0), await anAdmin(1)];
    await intercom.tickets.update({
      ticket_id: ticket.id,
      ticket_state_id: waiting.id,
      ticket_attributes: { _default_title_: "Changed" },
      admin_id: Number(admin.id),
      assignee_id: assignee.id,
      is_shared: false,
    });
    const found = await get(ticket);
    assert.equal(found.ticket_state.id, waiting.id);
    assert.equal(found.ticket_state.internal_label, waiting.internal_label);
    assert.equal(found.ticket_attributes._default_title_, "Changed");
    assert.equal(found.ticket_attributes._default_description_, "It does not shine");
    assert.equal(found.admin_assignee_id, assignee.id);
    assert.equal(found.is_shared, false);
    assert.ok(found.ticket_parts.total_count > ticket.ticket_parts.total_count);
  });

  it("a ticket is snoozed, closed and opened", async () => {
    const { ticket } = await newTicket();
    const snoozed_until = inSeconds(7200);
    await intercom.tickets.update({ ticket_id: ticket.id, snoozed_until });
    assert.equal((await get(ticket)).snoozed_until, snoozed_until);
    await intercom.tickets.update({ ticket_id: ticket.id, open: false });
    assert.equal((await get(ticket)).open, false);
    await intercom.tickets.update({ ticket_id: ticket.id, open: true });
    assert.equal((await get(ticket)).open, true);
  });

  it("a state that does not exist is a bad request, an assignee that does not is not found", async () => {
    const { ticket } = await newTicket();
    const change = (fields) => intercom.tickets.update({ ticket_id: ticket.id, ...fields });
    await refused(change({ ticket_state_id: "999999" }), 400, "ticket_state_id_invalid");
    await refused(change({ assignee_id: "999999" }), 404, "assignee_not_found");
  });

  it("a reply of an admin and one of the user are parts of the ticket", async () => {
    const { ticket, user } = await newTicket();
    const admin = await anAdmin();
    const reply = (body) => intercom.tickets.reply({ ticket_id: ticket.id, body });
    const ours = await reply({ message_type: "comment", type: "admin", admin_id: admin.id, body: "On its way" });
    assert.deepEqual([ours.type, ours.part_type, ours.body], ["ticket_part", "comment", "<p>On its way</p>"]);
    assert.deepEqual([ours.author.type, ours.author.id], ["admin", admin.id]);
    const note = await reply({ message_type: "note", type: "admin", admin_id: admin.id, body: "Third time" });
    assert.equal(note.part_type, "note");
    const theirs = await reply({ message_type: "comment", type: "user", intercom_user_id: user.id, body: "Thanks" });
    assert.deepEqual([theirs.author.type, theirs.author.id], ["user", user.id]);
    const last = lastPart(await get(ticket));
    assert.deepEqual([last.id, last.body], [theirs.id, "<p>Thanks</p>"]);
  });

  it("a contact cannot answer a back-office ticket", async () => {
    const type = await aTicketType("Back-office");
    const { ticket, user } = await newTicket({ ticket_type_id: type.id });
    const reply = { message_type: "comment", type: "user", intercom_user_id: user.id, body: "Hello?" };
    const wrong = (await get(ticket)).contacts.contacts[0]?.id ?? user.id;
    await refused(
      intercom.tickets.reply({ ticket_id: ticket.id, body: { ...reply, intercom_user_id: wrong } }),
      400,
      "parameter_mismatch",
    );
  });

  it("a tag is attached to a ticket and detached", async () => {
    const { ticket } = await newTicket();
    const admin = await anAdmin();
    const tag = await intercom.tags.create({ name: unique("lamp") });
    const attached = await intercom.tags.tagTicket({ ticket_id: ticket.id, id: tag.id, admin_id: admin.id });
    assert.equal(attached.name, tag.name);
    const detached = await intercom.tags.untagTicket({ ticket_id: ticket.id, tag_id: tag.id, admin_id: admin.id });
    assert.equal(detached.id, tag.id);
  });

  it("a search finds tickets by contact, type, state and title", async () => {
    const { ticket, user, type } = await newTicket();
    const found = async (field, operator, value) => {
      const mine = { field: "contact_ids", operator: "=", value: user.id };
      const query = { operator: "AND", value: [mine, { field, operator, value }] };
      return ids(await rowsOf(await intercom.tickets.search({ query })));
    };
    assert.deepEqual(await found("ticket_type_id", "=", type.id), [ticket.id]);
    assert.deepEqual(await found("state", "=", "submitted"), [ticket.id]);
    assert.deepEqual(await found("title", "=", ticket.ticket_attributes._default_title_), [ticket.id]);
    assert.deepEqual(await found("created_at", ">", ticket.created_at - 5), [ticket.id]);
    assert.deepEqual(await found("created_at", ">", ticket.created_at + 5), []);
    assert.deepEqual(await found("category", "=", "request"), [ticket.id]);
    assert.deepEqual(await found("category", "=", "tracker"), []);
  });

  it("the rows of a search have their parts", async () => {
    const { ticket } = await newTicket();
    const page = await intercom.tickets.search({ query: { field: "id", operator: "=", value: ticket.id } });
    assert.equal(page.data[0].ticket_parts.type, "ticket_part.list");
  });

  it("a deleted ticket is not found", async () => {
    const { ticket } = await newTicket();
    const deleted = await intercom.tickets.deleteTicket({ ticket_id: ticket.id });
    assert.deepEqual({ ...deleted }, { id: ticket.id, object: "ticket", deleted: true });
    await notFound(get(ticket), "ticket_not_found");
  });
});
