// Data attributes: the ones of contacts, of companies and of conversations.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { inSeconds, intercom, newCompany, newUser, refused, unique } from "./workspace.mjs";

const listed = async (options, name) =>
  (await intercom.dataAttributes.list(options)).data.find((attribute) => attribute.name === name);

describe("data attributes", () => {
  const kinds = [
    ["string", "blue"],
    ["integer", 7],
    ["float", 1.5],
    ["boolean", true],
    ["date", inSeconds(-86400)],
  ];
  for (const [data_type, value] of kinds) {
    it(`a new attribute of ${data_type} is listed and takes a value`, async () => {
      const name = unique(`an ${data_type}`);
      const created = await intercom.dataAttributes.create({ name, model: "contact", data_type });
      assert.deepEqual([created.type, created.name, created.custom], ["data_attribute", name, true]);
      const found = await listed({ model: "contact" }, name);
      assert.deepEqual([found.id, found.data_type], [created.id, data_type]);
      assert.equal(found.full_name, `custom_attributes.${name}`);
      const user = await newUser({ custom_attributes: { [name]: value } });
      assert.equal((await intercom.contacts.find({ contact_id: user.id })).custom_attributes[name], value);
    });
  }

  it("an attribute with options lists them", async () => {
    const name = unique("size");
    const options = [{ value: "small" }, { value: "large" }];
    const created = await intercom.dataAttributes.create({ name, model: "company", data_type: "options", options });
    assert.deepEqual(created.options, ["small", "large"]);
    const company = await newCompany({ custom_attributes: { [name]: "large" } });
    assert.equal((await intercom.companies.find({ company_id: company.id })).custom_attributes[name], "large");
  });

  it("an update describes an attribute and archives it", async () => {
    const name = unique("old");
    const created = await intercom.dataAttributes.create({ name, model: "contact", data_type: "string" });
    const update = (body) => intercom.dataAttributes.update({ data_attribute_id: created.id, body });
    await update({ description: "What it was" });
    assert.equal((await listed({ model: "contact" }, name)).description, "What it was");
    assert.equal((await update({ archived: true })).archived, true);
    assert.equal(await listed({ model: "contact" }, name), undefined);
    assert.equal((await listed({ model: "contact", include_archived: true }, name)).archived, true);
  });

  it("a standard attribute has no id and is not custom", async () => {
    const email = await listed({ model: "contact" }, "email");
    assert.deepEqual([email.id, email.custom, email.full_name], [undefined, false, "email"]);
  });

  it("the attributes of a conversation are data attributes until 2.15", async () => {
    const topic = await listed({ model: "conversation" }, "Topic");
    assert.deepEqual([topic.type, topic.model, topic.custom], ["data_attribute", "conversation", true]);
  });

  it("an attribute that does not exist cannot be changed", async () => {
    const call = intercom.dataAttributes.update({ data_attribute_id: 999999, body: { description: "x" } });
    await refused(call, 404, "field_not_found");
  });
});
