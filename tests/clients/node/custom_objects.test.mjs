// Instances of custom objects.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { intercom, notFound, unique } from "./workspace.mjs";

const objects = intercom.customObjectInstances;
const order = { custom_object_type_identifier: "Order" };

describe("custom objects", () => {
  it("an instance is written by its outside id and found by either id", async () => {
    const written = {
      external_id: unique("order"),
      external_created_at: 1392036272,
      external_updated_at: 1392036273,
      custom_attributes: { order_number: "ORDER-12345" },
    };
    const created = await objects.createCustomObjectInstances({ ...order, ...written });
    const again = await objects.createCustomObjectInstances({
      ...order,
      external_id: written.external_id,
      custom_attributes: { order_number: "ORDER-67890" },
    });
    assert.equal(again.id, created.id);
    const byId = await objects.getCustomObjectInstancesById({ ...order, custom_object_instance_id: created.id });
    const byOutsideId = await objects.getCustomObjectInstancesByExternalId({
      ...order,
      external_id: written.external_id,
    });
    assert.deepEqual(byId, byOutsideId);
    assert.deepEqual([byId.type, byId.external_id], ["Order", written.external_id]);
    assert.equal(byId.external_created_at, 1392036272);
    assert.equal(byId.custom_attributes.order_number, "ORDER-67890");
  });

  it("a deleted instance is not found, whichever id it was deleted by", async () => {
    const create = () => objects.createCustomObjectInstances({ ...order, external_id: unique("order") });
    const find = ({ id }) => objects.getCustomObjectInstancesById({ ...order, custom_object_instance_id: id });
    const first = await create();
    // The names of the client's two methods to delete are swapped; what they send is right.
    const deleted = await objects.deleteCustomObjectInstancesById({ ...order, external_id: first.external_id });
    assert.deepEqual([deleted.id, deleted.object, deleted.deleted], [first.id, "Order", true]);
    await notFound(find(first));
    const second = await create();
    await objects.deleteCustomObjectInstancesByExternalId({ ...order, custom_object_instance_id: second.id });
    await notFound(find(second));
  });
});
