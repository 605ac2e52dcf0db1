// News items and the feeds that they appear in.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { anAdmin, ids, intercom, notFound, unique } from "./workspace.mjs";

const { feeds, items } = intercom.news;

describe("news", () => {
  it("an item is written, found, listed, changed and deleted", async () => {
    const sender_id = Number((await anAdmin()).id);
    const [feed] = (await feeds.list()).data;
    const created = await items.create({
      title: unique("Release"),
      body: "<p>Brighter lamps</p>",
      sender_id,
      state: "live",
      deliver_silently: true,
      labels: ["Product"],
      newsfeed_assignments: [{ newsfeed_id: Number(feed.id), published_at: 1700000000 }],
    });
    const news_item_id = Number(created.id);
    const found = await items.find({ news_item_id });
    assert.deepEqual(
      [found.type, found.title, found.sender_id, found.state, found.deliver_silently],
      ["news-item", created.title, sender_id, "live", true],
    );
    assert.match(found.body, /Brighter lamps/);
    assert.deepEqual(found.labels, ["Product"]);
    assert.equal(found.newsfeed_assignments[0].newsfeed_id, Number(feed.id));
    const title = unique("Changed");
    await items.update({ news_item_id, body: { title, sender_id } });
    assert.equal((await items.find({ news_item_id })).title, title);
    const deleted = await items.delete({ news_item_id });
    assert.deepEqual([deleted.id, deleted.object, deleted.deleted], [created.id, "news-item", true]);
    await notFound(items.find({ news_item_id }));
  });

  it("every feed is listed and found, with the items in it", async () => {
    const { data } = await feeds.list();
    assert.ok(data.length > 0);
    for (const feed of data) {
      const found = await feeds.find({ newsfeed_id: feed.id });
      assert.equal(found.name, feed.name);
      const page = await feeds.listItems({ newsfeed_id: feed.id });
      for (const item of page.data) {
        assert.ok(item.newsfeed_assignments.some((place) => String(place.newsfeed_id) === feed.id));
      }
    }
    const all = await items.list();
    assert.ok(all.total_count >= ids(all.data).length);
  });
});
