// Tags of the workspace: by name, over companies and users, until they are deleted.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ids, intercom, newCompany, newUser, notFound, refused, unique } from "./workspace.mjs";

describe("tags", () => {
  it("a created tag is found and listed, and the same name is the same tag", async () => {
    const name = unique("colour");
    const created = await intercom.tags.create({ name });
    assert.deepEqual([created.type, created.name], ["tag", name]);
    const found = await intercom.tags.find({ tag_id: created.id });
    assert.equal(found.name, name);
    assert.ok((await intercom.tags.list()).data.some((tag) => tag.id === created.id && tag.name === name));
    assert.equal((await intercom.tags.create({ name })).id, created.id);
  });

  it("a tag is renamed by its id", async () => {
    const created = await intercom.tags.create({ name: unique("old") });
    const name = unique("new");
    assert.equal((await intercom.tags.create({ id: created.id, name })).id, created.id);
    assert.equal((await intercom.tags.find({ tag_id: created.id })).name, name);
  });

  it("companies are tagged and untagged", async () => {
    const company = await newCompany();
    const name = unique("key account");
    const tag = await intercom.tags.create({ name, companies: [{ id: company.id }] });
    const tags = async () => ids((await intercom.companies.find({ company_id: company.id })).tags.tags);
    assert.deepEqual(await tags(), [tag.id]);
    await intercom.tags.create({ name, companies: [{ company_id: company.company_id, untag: true }] });
    assert.deepEqual(await tags(), []);
  });

  it("several users are tagged at once", async () => {
    const users = [await newUser(), await newUser()];
    const tag = await intercom.tags.create({ name: unique("beta"), users: users.map(({ id }) => ({ id })) });
    for (const user of users) {
      assert.deepEqual(ids((await intercom.contacts.listAttachedTags({ contact_id: user.id })).data), [tag.id]);
    }
  });

  it("a deleted tag is not found", async () => {
    const tag = await intercom.tags.create({ name: unique("gone") });
    await intercom.tags.delete({ tag_id: tag.id });
    await notFound(intercom.tags.find({ tag_id: tag.id }));
    assert.ok(!ids((await intercom.tags.list()).data).includes(tag.id));
  });

  it("a tag that is not there cannot be attached", async () => {
    const user = await newUser();
    await refused(intercom.tags.tagContact({ contact_id: user.id, id: "999999" }), 404, "not_found");
  });
});
