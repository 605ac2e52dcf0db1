// The help center and its collections.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ids, intercom, notFound, refused, unique } from "./workspace.mjs";

const { collections } = intercom.helpCenters;

describe("help center", () => {
  it("a listed help center is found", async () => {
    const [listed] = (await intercom.helpCenters.list()).data;
    const found = await intercom.helpCenters.find({ help_center_id: Number(listed.id) });
    assert.deepEqual(found, listed);
    await notFound(intercom.helpCenters.find({ help_center_id: 999999 }));
  });

  it("a created collection is found with every value that was written", async () => {
    const created = await collections.create({ name: unique("Lamps"), description: "All about lamps" });
    const found = await collections.find({ collection_id: Number(created.id) });
    assert.deepEqual([found.name, found.description], [created.name, "All about lamps"]);
    assert.equal(found.parent_id, null);
  });

  it("a collection lies in another one", async () => {
    const outer = await collections.create({ name: unique("Outer") });
    const inner = await collections.create({ name: unique("Inner"), parent_id: outer.id });
    const found = await collections.find({ collection_id: Number(inner.id) });
    assert.equal(String(found.parent_id), outer.id);
  });

  it("an update renames a collection", async () => {
    const created = await collections.create({ name: unique("Before"), description: "Stays" });
    const name = unique("After");
    await collections.update({ collection_id: Number(created.id), name });
    const found = await collections.find({ collection_id: Number(created.id) });
    assert.deepEqual([found.name, found.description], [name, "Stays"]);
    assert.ok(ids((await collections.list({ per_page: 100 })).data).includes(created.id));
  });

  it("a deleted collection is not found", async () => {
    const { id } = await collections.create({ name: unique("Old") });
    const deleted = await collections.delete({ collection_id: Number(id) });
    assert.deepEqual({ ...deleted }, { id, object: "collection", deleted: true });
    await notFound(collections.find({ collection_id: Number(id) }));
  });

  it("a collection without a name is a bad request", async () => {
    await refused(collections.create({}), 400, "parameter_not_found");
  });
});
