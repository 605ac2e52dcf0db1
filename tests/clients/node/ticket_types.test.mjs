// Ticket types with their attributes, and the states that tickets go through.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ids, intercom, notFound, unique } from "./workspace.mjs";

const create = (fields = {}) =>
  intercom.ticketTypes.create({
    name: unique("Return"),
    description: "Goods that come back",
    category: "Customer",
    icon: "🎁",
    ...fields,
  });
const attribute = (type, name) =>
  type.ticket_type_attributes.data.find((candidate) => candidate.name === name);

describe("ticket types", () => {
  it("a created type has two attributes of its own and is found and listed", async () => {
    const created = await create();
    const found = await intercom.ticketTypes.get({ ticket_type_id: created.id });
    assert.deepEqual(
      [found.name, found.description, found.category, found.icon, found.archived],
      [created.name, "Goods that come back", "Customer", "🎁", false],
    );
    const names = found.ticket_type_attributes.data.map((candidate) => candidate.name);
    assert.deepEqual(names, ["_default_title_", "_default_description_"]);
    assert.ok(ids((await intercom.ticketTypes.list()).data).includes(created.id));
  });

  it("an update renames a type, and archives it for good", async () => {
    const created = await create();
    const name = unique("Renamed");
    await intercom.ticketTypes.update({ ticket_type_id: created.id, name, archived: true });
    const found = await intercom.ticketTypes.get({ ticket_type_id: created.id });
    assert.deepEqual([found.name, found.archived], [name, true]);
  });

  it("an attribute of every kind is created with what was written", async () => {
    const type = await create();
    const kinds = ["string", "integer", "decimal", "boolean", "datetime", "files"];
    for (const data_type of kinds) {
      const made = await intercom.ticketTypes.attributes.create({
        ticket_type_id: type.id,
        name: `Of ${data_type}`,
        description: `Holds ${data_type}`,
        data_type,
        required_to_create: false,
        visible_to_contacts: false,
      });
      assert.deepEqual([made.type, made.name, made.data_type], ["ticket_type_attribute", `Of ${data_type}`, data_type]);
    }
    const found = await intercom.ticketTypes.get({ ticket_type_id: type.id });
    for (const data_type of kinds) {
      const made = attribute(found, `Of ${data_type}`);
      assert.equal(made.description, `Holds ${data_type}`);
      assert.equal(made.visible_to_contacts, false);
    }
  });

  it("the items of a list are options of the attribute", async () => {
    const type = await create();
    const made = await intercom.ticketTypes.attributes.create({
      ticket_type_id: type.id,
      name: "Reason",
      description: "Why it comes back",
      data_type: "list",
      list_items: "Broken,Wrong size",
    });
    const options = made.input_options.list_options.map((option) => Object.values(option));
    assert.equal(options.length, 2);
    assert.ok(options[0].includes("Broken") && options[1].includes("Wrong size"));
  });

  it("an update of an attribute is read back, and so is its archiving", async () => {
    const type = await create();
    const made = await intercom.ticketTypes.attributes.create({
      ticket_type_id: type.id,
      name: "Serial",
      description: "Serial number",
      data_type: "string",
    });
    await intercom.ticketTypes.attributes.update({
      ticket_type_id: type.id,
      attribute_id: made.id,
      description: "On the bottom",
      required_to_create: true,
    });
    const found = attribute(await intercom.ticketTypes.get({ ticket_type_id: type.id }), "Serial");
    assert.deepEqual([found.id, found.description, found.required_to_create], [made.id, "On the bottom", true]);
    const archived = await intercom.ticketTypes.attributes.update({
      ticket_type_id: type.id,
      attribute_id: made.id,
      archived: true,
    });
    assert.equal(archived.archived, true);
  });

  it("a ticket of a new type keeps the values of its attributes", async () => {
    const type = await create();
    await intercom.ticketTypes.attributes.create({
      ticket_type_id: type.id,
      name: "Pieces",
      description: "How many",
      data_type: "integer",
    });
    const user = await intercom.contacts.create({ email: `${unique("returner")}@people.example` });
    const ticket = await intercom.tickets.create({
      ticket_type_id: type.id,
      contacts: [{ id: user.id }],
      ticket_attributes: { _default_title_: "Three lamps", Pieces: 3 },
    });
    assert.equal((await intercom.tickets.get({ ticket_id: ticket.id })).ticket_attributes.Pieces, 3);
  });

  it("a type that does not exist is not found", async () => {
    await notFound(intercom.ticketTypes.get({ ticket_type_id: "999999" }));
  });

  it("there is a state of every category", async () => {
    const states = (await intercom.ticketStates.listTicketStates()).data;
    const categories = new Set(states.map((state) => state.category));
    assert.deepEqual([...categories].sort(), ["in_progress", "resolved", "submitted", "waiting_on_customer"]);
    for (const state of states) {
      assert.equal(state.type, "ticket_state");
      assert.ok(state.internal_label.length > 0 && state.external_label.length > 0);
    }
  });
});
