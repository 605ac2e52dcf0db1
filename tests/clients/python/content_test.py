"""What the AI agent reads: sources of content and the pages that come from them."""

from workspace import Case, ids, intercom, unique

content = intercom.ai_content


def new_source():
    return content.create_content_import_source(url=f"https://{unique('docs')}.example", status="active")


def new_page(source, **fields):
    fields = {
        "title": unique("Lamps"),
        "html": "<h1>Lamps</h1>",
        "url": f"https://{unique('page')}.example",
        "external_id": unique("page"),
        **fields,
    }
    return content.create_external_page(source_id=source.id, **fields)


class Content(Case):
    def a_source_is_created_found_listed_changed_and_deleted(self):
        created = new_source()
        found = content.get_content_import_source(str(created.id))
        self.assertEqual((found.type, found.url, found.status), ("content_import_source", created.url, "active"))
        self.assertIn(created.id, ids(content.list_content_import_sources().data))
        url = f"https://{unique('moved')}.example"
        content.update_content_import_source(str(created.id), sync_behavior="api", status="deactivated", url=url)
        changed = content.get_content_import_source(str(created.id))
        self.assertEqual((changed.url, changed.status), (url, "deactivated"))
        content.delete_content_import_source(str(created.id))
        self.assert_not_found(lambda: content.get_content_import_source(str(created.id)))

    def a_page_is_written_by_its_own_id_found_listed_changed_and_deleted(self):
        source = new_source()
        created = new_page(source)
        found = content.get_external_page(created.id)
        for name in ["title", "html", "url", "external_id", "source_id"]:
            self.assertEqual(getattr(found, name), getattr(created, name), name)
        self.assertEqual((found.source_id, found.html), (source.id, "<h1>Lamps</h1>"))
        again = new_page(source, external_id=created.external_id, title="Second edition")
        self.assertEqual((again.id, again.title), (created.id, "Second edition"))
        self.assertIn(created.id, ids(content.list_external_pages().data))
        content.update_external_page(
            created.id, title="Third edition", html="<p>x</p>", url=created.url, source_id=source.id
        )
        self.assertEqual(content.get_external_page(created.id).title, "Third edition")
        self.assertEqual(content.delete_external_page(created.id).id, created.id)
        self.assert_not_found(lambda: content.get_external_page(created.id))

    def the_pages_of_a_source_go_with_it(self):
        source = new_source()
        page = new_page(source)
        content.delete_content_import_source(str(source.id))
        self.assert_not_found(lambda: content.get_external_page(page.id))
