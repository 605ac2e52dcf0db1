// The addresses that may call.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { intercom, refused } from "./workspace.mjs";

describe("allowlist", () => {
  it("a list with the caller in it is kept and read back, and is switched off again", async () => {
    const list = ["127.0.0.1", "192.0.2.0/24"];
    await intercom.ipAllowlist.updateIpAllowlist({ enabled: true, ip_allowlist: list });
    const kept = await intercom.ipAllowlist.getIpAllowlist();
    assert.deepEqual([kept.type, kept.enabled, kept.ip_allowlist], ["ip_allowlist", true, list]);
    await intercom.ipAllowlist.updateIpAllowlist({ enabled: false, ip_allowlist: [] });
    assert.equal((await intercom.ipAllowlist.getIpAllowlist()).enabled, false);
  });

  it("a list that would lock the caller out is not accepted", async () => {
    const call = intercom.ipAllowlist.updateIpAllowlist({ enabled: true, ip_allowlist: ["192.0.2.1"] });
    await refused(call, 422, "parameter_invalid");
  });
});
