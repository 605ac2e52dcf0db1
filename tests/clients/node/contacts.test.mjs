// Contacts: their whole life, from creation to deletion, as the client sees it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { intercom, newLead, newUser, notFound, refused, rowsOf, unique, ids } from "./workspace.mjs";

describe("contacts", () => {
  it("a created user is found with every value that was written", async () => {
    const written = {
      email: `${unique("ada")}@people.example`,
      external_id: unique("ada"),
      name: "Ada Grün",
      phone: "+353871234567",
      signed_up_at: 1700000000,
      last_seen_at: 1700000500,
      unsubscribed_from_emails: true,
      custom_attributes: { "Plan tier": "scale" },
    };
    const created = await intercom.contacts.create(written);
    assert.equal(created.type, "contact");
    assert.equal(created.role, "user");
    const found = await intercom.contacts.find({ contact_id: created.id });
    for (const [name, value] of Object.entries(written)) {
      if (name !== "custom_attributes") {
        assert.deepEqual(found[name], value, name);
      }
    }
    assert.equal(found.custom_attributes["Plan tier"], "scale");
    assert.equal(found.created_at, created.created_at);
  });

  it("a lead gets an external id of its own", async () => {
    const lead = await newLead({ name: "Lena" });
    assert.equal(lead.role, "lead");
    assert.match(lead.external_id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal((await intercom.contacts.find({ contact_id: lead.id })).name, "Lena");
  });

  it("a user is found by the external id", async () => {
    const user = await newUser();
    const found = await intercom.contacts.showContactByExternalId({ external_id: user.external_id });
    assert.equal(found.id, user.id);
    await notFound(intercom.contacts.showContactByExternalId({ external_id: unique("nobody") }));
  });

  it("an update changes what it names and nothing else", async () => {
    const user = await newUser({ name: "Before", phone: "+353871234568" });
    const owner = Number((await intercom.admins.list()).admins[1].id);
    const updated = await intercom.contacts.update({
      contact_id: user.id,
      name: "After",
      owner_id: owner,
      custom_attributes: { "Plan tier": "free" },
    });
    assert.equal(updated.name, "After");
    const found = await intercom.contacts.find({ contact_id: user.id });
    assert.equal(found.name, "After");
    assert.equal(found.owner_id, owner);
    assert.equal(found.phone, "+353871234568");
    assert.equal(found.email, user.email);
    assert.equal(found.custom_attributes["Plan tier"], "free");
  });

  it("a lead becomes a user by an update of its role", async () => {
    const lead = await newLead();
    await intercom.contacts.update({ contact_id: lead.id, role: "user", external_id: unique("grown") });
    assert.equal((await intercom.contacts.find({ contact_id: lead.id })).role, "user");
  });

  it("an archived contact leaves the search and comes back when it is unarchived", async () => {
    const user = await newUser();
    const query = { query: { field: "email", operator: "=", value: user.email } };
    const archived = await intercom.contacts.archive({ contact_id: user.id });
    assert.deepEqual([archived.id, archived.external_id, archived.archived], [user.id, user.external_id, true]);
    assert.deepEqual(await rowsOf(await intercom.contacts.search(query)), []);
    const unarchived = await intercom.contacts.unarchive({ contact_id: user.id });
    assert.deepEqual([unarchived.id, unarchived.archived], [user.id, false]);
    assert.deepEqual(ids(await rowsOf(await intercom.contacts.search(query))), [user.id]);
  });

  it("a deleted contact is not found", async () => {
    const user = await newUser();
    const deleted = await intercom.contacts.delete({ contact_id: user.id });
    assert.deepEqual([deleted.type, deleted.id, deleted.deleted], ["contact", user.id, true]);
    assert.equal(deleted.external_id, user.external_id);
    await notFound(intercom.contacts.find({ contact_id: user.id }));
  });

  it("a blocked contact says so", async () => {
    const lead = await newLead();
    const blocked = await intercom.contacts.blockContact({ contact_id: lead.id });
    assert.deepEqual([blocked.id, blocked.blocked], [lead.id, true]);
  });

  it("a lead that is merged into a user survives as that user alone", async () => {
    const user = await newUser({ name: "Una" });
    const lead = await newLead({ phone: "+353871234569" });
    const tag = await intercom.tags.create({ name: unique("merged") });
    await intercom.tags.tagContact({ contact_id: lead.id, id: tag.id });
    const merged = await intercom.contacts.mergeLeadInUser({ from: lead.id, into: user.id });
    assert.deepEqual([merged.id, merged.role, merged.name], [user.id, "user", "Una"]);
    const tags = await intercom.contacts.listAttachedTags({ contact_id: user.id });
    assert.deepEqual(ids(tags.data), [tag.id]);
    await notFound(intercom.contacts.find({ contact_id: lead.id }));
  });

  it("a second contact with the same e-mail is a conflict that names the first", async () => {
    const user = await newUser();
    await assert.rejects(intercom.contacts.create({ email: user.email }), (error) => {
      assert.equal(error.statusCode, 409);
      assert.equal(error.body.errors[0].code, "conflict");
      assert.ok(error.body.errors[0].message.includes(user.id));
      return true;
    });
  });

  it("a custom attribute that nobody defined is a bad request", async () => {
    const fields = { email: `${unique("odd")}@people.example`, custom_attributes: { "no such attribute": 1 } };
    await refused(intercom.contacts.create(fields), 400, "parameter_invalid");
  });
});
