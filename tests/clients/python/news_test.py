"""News items and the feeds that they appear in."""

import intercom as sdk

from workspace import Case, an_admin, intercom, unique

feeds, items = intercom.news.feeds, intercom.news.items


class News(Case):
    def an_item_is_written_found_changed_and_deleted(self):
        sender, feed = int(an_admin().id), feeds.list().data[0]
        place = sdk.NewsfeedAssignment(newsfeed_id=int(feed.id), published_at=1700000000)
        created = items.create(
            title=unique("Release"),
            body="<p>Brighter lamps</p>",
            sender_id=sender,
            state="live",
            deliver_silently=True,
            labels=["Product"],
            newsfeed_assignments=[place],
        )
        found = items.find(int(created.id))
        self.assertEqual((found.type, found.title, found.sender_id), ("news-item", created.title, sender))
        self.assertEqual((found.state, found.deliver_silently, found.labels), ("live", True, ["Product"]))
        self.assertIn("Brighter lamps", found.body)
        self.assertEqual(found.newsfeed_assignments[0].newsfeed_id, int(feed.id))
        title = unique("Changed")
        items.update(int(created.id), title=title, sender_id=sender)
        self.assertEqual(items.find(int(created.id)).title, title)
        deleted = items.delete(int(created.id))
        self.assertEqual((deleted.id, deleted.object, deleted.deleted), (created.id, "news-item", True))
        self.assert_not_found(lambda: items.find(int(created.id)))

    def every_feed_is_listed_and_found_with_the_items_in_it(self):
        listed = feeds.list().data
        self.assertGreater(len(listed), 0)
        for feed in listed:
            self.assertEqual(feeds.find(feed.id).name, feed.name)
            for item in feeds.list_items(feed.id).data:
                places = [str(place.newsfeed_id) for place in item.newsfeed_assignments]
                self.assertIn(feed.id, places)
        everything = items.list()
        self.assertGreaterEqual(everything.total_count, len(everything.data))
