// The people of the workspace: admins, teams, why they are away, and what they did.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { anAdmin, ids, intercom, refused, truth } from "./workspace.mjs";

describe("people of the workspace", () => {
  it("the token's admin comes with the workspace", async () => {
    const me = await intercom.admins.identify();
    assert.equal(me.type, "admin");
    assert.match(me.app.id_code, /^[a-z0-9]{8}$/);
    assert.equal(me.app.region, "US");
    assert.equal((await intercom.admins.find({ admin_id: Number(me.id) })).email, me.email);
  });

  it("every admin is listed and found", async () => {
    const { admins, type } = await intercom.admins.list();
    assert.equal(type, "admin.list");
    assert.deepEqual(ids(admins), ids(await truth("admins")));
    for (const admin of admins) {
      const found = await intercom.admins.find({ admin_id: Number(admin.id) });
      assert.deepEqual([found.name, found.email], [admin.name, admin.email]);
    }
    await refused(intercom.admins.find({ admin_id: 999999 }), 404, "admin_not_found");
  });

  it("an admin goes away and comes back", async () => {
    const admin_id = Number((await anAdmin(4)).id);
    const reasons = await intercom.awayStatusReasons.listAwayStatusReasons();
    const reason = reasons.data.find((candidate) => !candidate.deleted);
    const away = await intercom.admins.away({
      admin_id,
      away_mode_enabled: true,
      away_mode_reassign: true,
      away_status_reason_id: Number(reason.id),
    });
    assert.deepEqual([away.away_mode_enabled, away.away_mode_reassign], [true, true]);
    const found = await intercom.admins.find({ admin_id });
    assert.deepEqual([found.away_mode_enabled, String(found.away_status_reason_id)], [true, reason.id]);
    await intercom.admins.away({ admin_id, away_mode_enabled: false, away_mode_reassign: false });
    assert.equal((await intercom.admins.find({ admin_id })).away_mode_enabled, false);
  });

  it("every team is listed and found with its admins", async () => {
    const { teams, type } = await intercom.teams.list();
    assert.equal(type, "team.list");
    const admins = ids((await intercom.admins.list()).admins).map(Number);
    for (const team of teams) {
      const found = await intercom.teams.find({ team_id: team.id });
      assert.deepEqual([found.name, found.admin_ids], [team.name, team.admin_ids]);
      assert.ok(found.admin_ids.length > 0 && found.admin_ids.every((id) => admins.includes(id)));
    }
    await refused(intercom.teams.find({ team_id: "999999" }), 404, "team_not_found");
  });

  it("the activity logs are newest first and after the moment that was asked for", async () => {
    const all = await intercom.admins.listAllActivityLogs({ created_at_after: "0" });
    assert.equal(all.type, "activity_log.list");
    const times = all.activity_logs.map((log) => log.created_at);
    assert.deepEqual(times, [...times].sort((a, b) => b - a));
    const after = times[Math.floor(times.length / 2)];
    const later = await intercom.admins.listAllActivityLogs({ created_at_after: String(after) });
    assert.ok(later.activity_logs.length > 0);
    assert.ok(later.activity_logs.every((log) => log.created_at >= after));
  });

  it("the reasons to be away are under data, where the client does not look", async () => {
    const { type, data: reasons } = await intercom.awayStatusReasons.listAwayStatusReasons();
    assert.equal(type, "list");
    assert.deepEqual(ids(reasons).sort(), ids(await truth("away_status_reasons")).sort());
    assert.ok(reasons.some((reason) => reason.deleted));
  });
});
