"""Data events: what contacts did, one by one and summed up."""

import datetime

import intercom as sdk
from intercom.events import CreateDataEventSummariesRequestEventSummaries

from workspace import Case, each, in_seconds, intercom, new_lead, new_user, unique


def happen(name, user, age=60, **fields):
    """An event of a user, some seconds ago; its time."""
    moment = in_seconds(-age)
    request = sdk.CreateDataEventRequestWithUserId(
        user_id=user.external_id, event_name=name, created_at=moment, **fields
    )
    intercom.events.create(request=request)
    return moment


def names(**who):
    return [event["event_name"] for event in intercom.events.list(type="user", **who).model_dump()["events"]]


class DataEvents(Case):
    def events_of_a_user_are_read_back_newest_first_with_their_metadata(self):
        user = new_user()
        metadata = {"order_number": "3434", "price": "12"}
        first = happen("ordered", user, 600, metadata=metadata)
        second = in_seconds(-300)
        request = sdk.CreateDataEventRequestWithEmail(email=user.email, event_name="returned", created_at=second)
        intercom.events.create(request=request)
        listed = intercom.events.list(type="user", user_id=user.external_id)
        self.assertEqual(listed.type, "event.list")
        # The client takes the list for a summary; what a summary does not have is kept beside it.
        rows = listed.model_dump()["events"]
        found = [(row["event_name"], row["created_at"]) for row in rows]
        self.assertEqual(found, [("returned", second), ("ordered", first)])
        self.assertEqual(rows[1]["metadata"], metadata)
        self.assertEqual((rows[1]["intercom_user_id"], rows[1]["user_id"]), (user.id, user.external_id))
        self.assertEqual(rows[1]["email"], user.email)

    @each(user_id="external_id", email="email", intercom_user_id="id")
    def a_users_events_are_found_by(self, field):
        user = new_user()
        happen("looked", user)
        way = {"external_id": "user_id", "email": "email", "id": "intercom_user_id"}[field]
        self.assertEqual(names(**{way: getattr(user, field)}), ["looked"])

    def a_leads_event_is_named_by_its_id(self):
        lead = new_lead()
        request = sdk.CreateDataEventRequestWithId(id=lead.id, event_name="peeked", created_at=in_seconds(-60))
        intercom.events.create(request=request)
        self.assertEqual(names(intercom_user_id=lead.id), ["peeked"])

    def the_same_event_at_the_same_second_is_one_event(self):
        user = new_user()
        request = sdk.CreateDataEventRequestWithUserId(
            user_id=user.external_id, event_name="clicked", created_at=in_seconds(-60)
        )
        for _ in range(2):
            intercom.events.create(request=request)
        self.assertEqual(names(user_id=user.external_id), ["clicked"])

    def a_summary_counts_the_events_of_each_name(self):
        user = new_user()
        for name, age in [("opened", 300), ("opened", 200), ("opened", 100), ("closed", 50)]:
            happen(name, user, age)
        summary = intercom.events.list(type="user", user_id=user.external_id, summary=True)
        self.assertEqual((summary.type, summary.intercom_user_id), ("event.summary", user.id))
        self.assertEqual({event.name: event.count for event in summary.events}, {"opened": 3, "closed": 1})

    def a_summary_that_is_written_is_counted(self):
        user = new_user()
        first, last = in_seconds(-4000), in_seconds(-400)
        written = CreateDataEventSummariesRequestEventSummaries(
            event_name="imported", count=4, first=first, last=last
        )
        intercom.events.summaries(user_id=user.external_id, event_summaries=written)
        summary = intercom.events.list(type="user", user_id=user.external_id, summary=True)

        def seconds(text):
            return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())

        found = [(event.name, event.count, seconds(event.first), seconds(event.last)) for event in summary.events]
        self.assertEqual(found, [("imported", 4, first, last)])

    def an_event_of_nobody_is_not_found(self):
        request = sdk.CreateDataEventRequestWithUserId(
            user_id=unique("nobody"), event_name="ordered", created_at=in_seconds(-60)
        )
        self.assert_not_found(lambda: intercom.events.create(request=request))
