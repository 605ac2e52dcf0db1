"""Articles of the help center, and the internal ones."""

import intercom as sdk

from workspace import Case, an_admin, ids, intercom, unique


def new_article(title, **fields):
    fields = {"author_id": int(an_admin().id), **fields}
    return intercom.articles.create(request=sdk.CreateArticleRequest(title=title, **fields))


class Articles(Case):
    def a_created_article_is_a_draft_and_is_found_with_every_value_that_was_written(self):
        collection = intercom.help_centers.collections.list().items[0]
        created = new_article(
            unique("How to reset"),
            description="The long way",
            body="<p>Press <b>both</b> buttons.</p>",
            parent_id=int(collection.id),
            parent_type="collection",
        )
        found = intercom.articles.find(int(created.id))
        self.assertEqual((found.type, found.title), ("article", created.title))
        self.assertEqual((found.description, found.author_id), ("The long way", int(an_admin().id)))
        self.assertEqual((found.state, found.url), ("draft", None))
        self.assertIn("Press <b>both</b> buttons.", found.body)
        self.assertEqual((str(found.parent_id), found.parent_type), (collection.id, "collection"))

    def an_update_publishes_an_article_and_one_without_a_state_leaves_it_published(self):
        article = int(new_article(unique("Soon")).id)
        published = intercom.articles.update(article, state="published", body="<p>Now</p>")
        self.assertEqual(published.state, "published")
        title = unique("Later")
        intercom.articles.update(article, title=title)
        found = intercom.articles.find(article)
        self.assertEqual((found.state, found.title), ("published", title))
        self.assertIn("Now", found.body)

    def a_translation_is_read_back(self):
        author = int(an_admin().id)
        french = sdk.ArticleContent(title="Lampes", body="<p>Oui</p>", author_id=author, state="draft")
        created = new_article(unique("Lamps"), translated_content=sdk.ArticleTranslatedContent(fr=french))
        found = intercom.articles.find(int(created.id))
        self.assertEqual(found.translated_content.fr.title, "Lampes")

    def a_search_finds_an_article_by_a_phrase_of_its_title(self):
        word = unique("zebra").replace("-", "x")
        created = new_article(f"Stripes of {word}", state="published")
        found = intercom.articles.search(phrase=word, state="published")
        self.assertEqual((ids(found.data.articles), found.total_count), ([created.id], 1))

    def an_article_without_an_author_is_a_bad_request(self):
        request = sdk.CreateArticleRequest.model_construct(title="Nobody's")
        self.assert_refused(400, "parameter_not_found", lambda: intercom.articles.create(request=request))

    def a_deleted_article_is_not_found(self):
        article = new_article(unique("Old")).id
        deleted = intercom.articles.delete(int(article))
        self.assertEqual((deleted.id, deleted.object, deleted.deleted), (article, "article", True))
        self.assert_not_found(lambda: intercom.articles.find(int(article)))


class InternalArticles(Case):
    def an_internal_article_is_written_found_listed_changed_and_deleted(self):
        author, owner = int(an_admin(0).id), int(an_admin(1).id)
        request = sdk.CreateInternalArticleRequest(
            title=unique("Escalation"), body="<p>Call Wei</p>", author_id=author, owner_id=owner
        )
        articles = intercom.internal_articles
        created = articles.create_internal_article(request=request)
        found = articles.retrieve_internal_article(int(created.id))
        self.assertEqual((found.type, found.title), ("internal_article", created.title))
        self.assertEqual((found.author_id, found.owner_id), (author, owner))
        self.assertIn("Call Wei", found.body)
        title = unique("Changed")
        articles.update_internal_article(int(created.id), title=title)
        self.assertEqual(articles.retrieve_internal_article(int(created.id)).title, title)
        self.assertIn(created.id, ids(articles.list_internal_articles().data))
        deleted = articles.delete_internal_article(int(created.id))
        self.assertEqual((deleted.id, deleted.object, deleted.deleted), (created.id, "internal_article", True))
        self.assert_not_found(lambda: articles.retrieve_internal_article(int(created.id)))
