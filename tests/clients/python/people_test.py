"""The people of the workspace: admins, teams, why they are away, and what they did."""

from workspace import Case, an_admin, ids, intercom, truth


class People(Case):
    def the_tokens_admin_comes_with_the_workspace(self):
        me = intercom.admins.identify()
        self.assertEqual((me.type, me.app.region), ("admin", "US"))
        self.assertRegex(me.app.id_code, "^[a-z0-9]{8}$")
        self.assertEqual(intercom.admins.find(int(me.id)).email, me.email)

    def every_admin_is_listed_and_found(self):
        listed = intercom.admins.list()
        self.assertEqual(listed.type, "admin.list")
        self.assertEqual(ids(listed.admins), [admin["id"] for admin in truth("admins")])
        for admin in listed.admins:
            found = intercom.admins.find(int(admin.id))
            self.assertEqual((found.name, found.email), (admin.name, admin.email))
        self.assert_not_found(lambda: intercom.admins.find(999999), "admin_not_found")

    def an_admin_goes_away_and_comes_back(self):
        admin = int(an_admin(4).id)
        reasons = intercom.away_status_reasons.list_away_status_reasons()
        reason = next(reason for reason in reasons["data"] if not reason["deleted"])
        away = intercom.admins.away(
            admin, away_mode_enabled=True, away_mode_reassign=True, away_status_reason_id=int(reason["id"])
        )
        self.assertEqual((away.away_mode_enabled, away.away_mode_reassign), (True, True))
        found = intercom.admins.find(admin)
        self.assertEqual((found.away_mode_enabled, str(found.away_status_reason_id)), (True, reason["id"]))
        intercom.admins.away(admin, away_mode_enabled=False, away_mode_reassign=False)
        self.assertFalse(intercom.admins.find(admin).away_mode_enabled)

    def every_team_is_listed_and_found_with_its_admins(self):
        listed = intercom.teams.list()
        self.assertEqual(listed.type, "team.list")
        admins = {int(admin) for admin in ids(intercom.admins.list().admins)}
        for team in listed.teams:
            found = intercom.teams.find(team.id)
            self.assertEqual((found.name, found.admin_ids), (team.name, team.admin_ids))
            self.assertTrue(found.admin_ids and admins.issuperset(found.admin_ids))
        self.assert_not_found(lambda: intercom.teams.find("999999"), "team_not_found")

    def the_activity_logs_are_newest_first_and_after_the_moment_that_was_asked_for(self):
        listed = intercom.admins.list_all_activity_logs(created_at_after="0")
        self.assertEqual(listed.type, "activity_log.list")
        times = [log.created_at for log in listed.activity_logs]
        self.assertEqual(times, sorted(times, reverse=True))
        after = times[len(times) // 2]
        later = intercom.admins.list_all_activity_logs(created_at_after=str(after)).activity_logs
        self.assertTrue(later and all(log.created_at >= after for log in later))

    def the_reasons_to_be_away_are_under_data_where_the_client_takes_the_answer_for_the_list(self):
        answer = intercom.away_status_reasons.list_away_status_reasons()
        self.assertEqual(answer["type"], "list")
        reasons = answer["data"]
        self.assertEqual(sorted(ids(reasons)), sorted(row["id"] for row in truth("away_status_reasons")))
        self.assertTrue(any(reason["deleted"] for reason in reasons))
