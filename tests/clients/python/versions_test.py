"""The version that is asked for: none by the client itself, and another one through its headers."""

from workspace import Case, connect, intercom, new_conversation, new_ticket


def asking_for(version):
    return connect(headers={"Intercom-Version": version})


class Versions(Case):
    def the_client_names_no_version_and_gets_the_workspaces_own_which_is_2_14(self):
        answer = intercom.tags.with_raw_response.list()
        self.assertEqual(answer.headers["intercom-version"], "2.14")

    def a_ticket_of_2_11_has_its_state_as_a_word(self):
        ticket, _ = new_ticket()
        self.assertEqual(asking_for("2.11").tickets.get(ticket.id).ticket_state, "submitted")
        self.assertEqual(ticket.ticket_state.category, "submitted")

    def ticket_types_of_2_11_are_under_ticket_types(self):
        listed = asking_for("2.11").ticket_types.list()
        self.assertTrue(listed.ticket_types)
        self.assertIsNone(listed.data)

    def assignment_rules_run_in_2_11(self):
        _, conversation, _ = new_conversation()
        self.assertEqual(asking_for("2.11").conversations.run_assignment_rules(conversation).id, conversation)

    def what_came_later_is_a_bad_request_in_2_7(self):
        self.assert_refused(400, "intercom_version_invalid", asking_for("2.7").ticket_types.list)

    def one_request_can_ask_for_another_version(self):
        options = {"additional_headers": {"Intercom-Version": "2.12"}}
        answer = intercom.tags.with_raw_response.list(request_options=options)
        self.assertEqual(answer.headers["intercom-version"], "2.12")
