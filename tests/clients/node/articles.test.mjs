// Articles of the help center, and the internal ones.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { anAdmin, ids, intercom, notFound, refused, unique } from "./workspace.mjs";

describe("articles", () => {
  it("a created article is a draft and is found with every value that was written", async () => {
    const author = Number((await anAdmin()).id);
    const collection = (await intercom.helpCenters.collections.list()).data[0];
    const created = await intercom.articles.create({
      title: unique("How to reset"),
      description: "The long way",
      body: "<p>Press <b>both</b> buttons.</p>",
      author_id: author,
      parent_id: Number(collection.id),
      parent_type: "collection",
    });
    const found = await intercom.articles.find({ article_id: Number(created.id) });
    assert.deepEqual(
      [found.type, found.title, found.description, found.author_id, found.state, found.url],
      ["article", created.title, "The long way", author, "draft", null],
    );
    assert.match(found.body, /Press <b>both<\/b> buttons\./);
    assert.deepEqual([String(found.parent_id), found.parent_type], [collection.id, "collection"]);
  });

  it("an update publishes an article, and an update without a state leaves it published", async () => {
    const author_id = Number((await anAdmin()).id);
    const created = await intercom.articles.create({ title: unique("Soon"), author_id });
    const article_id = Number(created.id);
    const published = await intercom.articles.update({ article_id, state: "published", body: "<p>Now</p>" });
    assert.equal(published.state, "published");
    const title = unique("Later");
    await intercom.articles.update({ article_id, title });
    const found = await intercom.articles.find({ article_id });
    assert.deepEqual([found.state, found.title], ["published", title]);
    assert.match(found.body, /Now/);
  });

  it("a translation is read back", async () => {
    const author_id = Number((await anAdmin()).id);
    const created = await intercom.articles.create({
      title: unique("Lamps"),
      author_id,
      translated_content: { fr: { title: "Lampes", body: "<p>Oui</p>", author_id, state: "draft" } },
    });
    const found = await intercom.articles.find({ article_id: Number(created.id) });
    assert.equal(found.translated_content.fr.title, "Lampes");
  });

  it("a search finds an article by a phrase of its title", async () => {
    const author_id = Number((await anAdmin()).id);
    const word = unique("zebra").replaceAll("-", "x");
    const created = await intercom.articles.create({ title: `Stripes of ${word}`, author_id, state: "published" });
    const found = await intercom.articles.search({ phrase: word, state: "published" });
    assert.deepEqual(ids(found.data.articles), [created.id]);
    assert.equal(found.total_count, 1);
  });

  it("an article without an author is a bad request", async () => {
    await refused(intercom.articles.create({ title: unique("Nobody's") }), 400, "parameter_not_found");
  });

  it("a deleted article is not found", async () => {
    const author_id = Number((await anAdmin()).id);
    const { id } = await intercom.articles.create({ title: unique("Old"), author_id });
    const deleted = await intercom.articles.delete({ article_id: Number(id) });
    assert.deepEqual({ ...deleted }, { id, object: "article", deleted: true });
    await notFound(intercom.articles.find({ article_id: Number(id) }));
  });
});

describe("internal articles", () => {
  it("an internal article is written, found, listed, changed and deleted", async () => {
    const [author, owner] = [Number((await anAdmin(0)).id), Number((await anAdmin(1)).id)];
    const created = await intercom.internalArticles.createInternalArticle({
      title: unique("Escalation"),
      body: "<p>Call Wei</p>",
      author_id: author,
      owner_id: owner,
    });
    const internal_article_id = Number(created.id);
    const found = await intercom.internalArticles.retrieveInternalArticle({ internal_article_id });
    assert.deepEqual(
      [found.type, found.title, found.author_id, found.owner_id],
      ["internal_article", created.title, author, owner],
    );
    assert.match(found.body, /Call Wei/);
    const title = unique("Changed");
    await intercom.internalArticles.updateInternalArticle({ internal_article_id, title });
    assert.equal((await intercom.internalArticles.retrieveInternalArticle({ internal_article_id })).title, title);
    const listed = await intercom.internalArticles.listInternalArticles();
    assert.ok(ids(listed.data).includes(created.id));
    assert.ok(listed.total_count >= listed.data.length);
    const deleted = await intercom.internalArticles.deleteInternalArticle({ internal_article_id });
    assert.deepEqual([deleted.id, deleted.object, deleted.deleted], [created.id, "internal_article", true]);
    await notFound(intercom.internalArticles.retrieveInternalArticle({ internal_article_id }));
  });
});
