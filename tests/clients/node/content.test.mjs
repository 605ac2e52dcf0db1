// What the AI agent reads: sources of content and the pages that come from them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ids, intercom, notFound, unique } from "./workspace.mjs";

const { aiContent } = intercom;

const newSource = () =>
  aiContent.createContentImportSource({
    sync_behavior: "api",
    status: "active",
    url: `https://${unique("docs")}.example`,
  });

describe("content", () => {
  it("a source is created, found, listed, changed and deleted", async () => {
    const created = await newSource();
    const source_id = String(created.id);
    const found = await aiContent.getContentImportSource({ source_id });
    assert.deepEqual(
      [found.type, found.url, found.status, found.sync_behavior],
      ["content_import_source", created.url, "active", "api"],
    );
    assert.ok(ids((await aiContent.listContentImportSources()).data).includes(created.id));
    const url = `https://${unique("moved")}.example`;
    await aiContent.updateContentImportSource({ source_id, sync_behavior: "api", status: "deactivated", url });
    const changed = await aiContent.getContentImportSource({ source_id });
    assert.deepEqual([changed.url, changed.status], [url, "deactivated"]);
    await aiContent.deleteContentImportSource({ source_id });
    await notFound(aiContent.getContentImportSource({ source_id }));
  });

  it("a page is written by its own id, found, listed, changed and deleted", async () => {
    const source = await newSource();
    const written = {
      title: unique("Lamps"),
      html: "<h1>Lamps</h1>",
      url: `https://${unique("page")}.example`,
      locale: "en",
      source_id: source.id,
      external_id: unique("page"),
    };
    const created = await aiContent.createExternalPage(written);
    const page_id = created.id;
    const found = await aiContent.getExternalPage({ page_id });
    for (const [name, value] of Object.entries(written)) {
      assert.equal(found[name], value, name);
    }
    const again = await aiContent.createExternalPage({ ...written, title: "Lamps, second edition" });
    assert.deepEqual([again.id, again.title], [page_id, "Lamps, second edition"]);
    assert.ok(ids((await aiContent.listExternalPages()).data).includes(page_id));
    await aiContent.updateExternalPage({ ...written, page_id, title: "Third edition" });
    assert.equal((await aiContent.getExternalPage({ page_id })).title, "Third edition");
    assert.equal((await aiContent.deleteExternalPage({ page_id })).id, page_id);
    await notFound(aiContent.getExternalPage({ page_id }));
  });

  it("the pages of a source go with it", async () => {
    const source = await newSource();
    const page = await aiContent.createExternalPage({
      title: "Short-lived",
      html: "<p>x</p>",
      url: "https://short.example",
      locale: "en",
      source_id: source.id,
      external_id: unique("page"),
    });
    await aiContent.deleteContentImportSource({ source_id: String(source.id) });
    await notFound(aiContent.getExternalPage({ page_id: page.id }));
  });
});
