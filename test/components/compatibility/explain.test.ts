import { expect, test } from "vitest";
import { explain } from "../../../components/compatibility/explain.ts";
import { solve } from "../../../components/compatibility/solve.ts";
import { gpu, mi300x, noble4, on } from "./nodes.ts";

const with711 = { driver: "30.20.1", rocm: "7.1.1", pytorch: "2.10.0+rocm7.1" };

test("a solved set: what is installed, from where, and who says so", () => {
  expect(explain(solve(with711, mi300x, { packages: ["hipblaslt"] }))).toMatchInlineSnapshot(`
    "driver 30.20.1, ROCm 7.1.1, torch 2.10.0+rocm7.1, Python 3.12: every rule holds.
      driver: install; afterwards /sys/module/amdgpu/version says 6.16.6 (https://github.com/ROCm/legacy-rocm-build/issues/5624)
      apt: https://repo.radeon.com/amdgpu/30.20.1/ubuntu noble main (https://github.com/ROCm/amdgpu-docs/blob/67902e24b764e1e4799e9f1b1c5ed7142ed33247/docs/install/detailed-install/package-manager/package-manager-ubuntu.rst)
      apt: https://repo.radeon.com/rocm/apt/7.1.1 noble main (https://github.com/ROCm/rocm-install-on-linux/blob/af50ec78e80099473dcaa46862d7bd4b0850df99/docs/install/install-methods/package-manager/package-manager-ubuntu.rst)
      apt: https://repo.radeon.com/graphics/7.1.1/ubuntu noble main (https://github.com/ROCm/rocm-install-on-linux/blob/af50ec78e80099473dcaa46862d7bd4b0850df99/docs/install/install-methods/package-manager/package-manager-ubuntu.rst)
      package: amdgpu-dkms=1:6.16.6.30200100-2255209.24.04 (https://github.com/ROCm/legacy-rocm-build/issues/5624)
      package: rocminfo=*.70101-*~24.04 (https://rocm.docs.amd.com/en/docs-7.1.1/compatibility/compatibility-matrix.html)
      package: amd-smi-lib=*.70101-*~24.04 (https://rocm.docs.amd.com/en/docs-7.1.1/compatibility/compatibility-matrix.html)
      package: hipblaslt=*.70101-*~24.04 (https://rocm.docs.amd.com/en/docs-7.1.1/compatibility/compatibility-matrix.html)
      wheel: torch==2.10.0+rocm7.1 from https://download.pytorch.org/whl/rocm7.1, as the only index (https://pytorch.org/get-started/previous-versions)"
  `);
});

test("an impossible set: each broken rule with keys, what was wanted and found, its source, the next move, the nearest set", () => {
  const request = { ...with711, pytorch: "2.11.0+rocm7.2" };
  expect(
    explain(solve(request, { ...mi300x, ...noble4, ...on("6.17.0-14-generic") })),
  ).toMatchInlineSnapshot(`
    "This software cannot work on this node: 1 rule is broken by the best set there is, driver 30.20.1, ROCm 7.1.1, torch 2.11.0+rocm7.2, Python 3.12.
      - wheel and ROCm (rocmark:software.pytorch, rocmark:software.rocm)
        wanted: a wheel built with ROCm 7.1
        found: +rocm7.2, which runs its own ROCm 7.2 in place of 7.1.1
        source: ROCm issue 1572: a PyTorch wheel brings its own ROCm libraries (AMD's engineer), https://github.com/ROCm/legacy-rocm-build/issues/1572 (2021-11-02)
        next: Pin a ROCm and a wheel of the same minor version.
    2 more are not known:
      - operating system (rocmark:software.rocm, node.os)
        wanted: Ubuntu 24.04.3 or 22.04.5 for ROCm 7.1.1
        found: Ubuntu 24.04.4, a later point release than AMD's table knew
        not covered by: ROCm compatibility matrix 7.1.1, 7.1.0, 6.4.0, https://rocm.docs.amd.com/en/docs-7.1.1/compatibility/compatibility-matrix.html (2025-11)
        next: Take a ROCm release that lists it, or allow unknowns and try one node first.
      - driver on the kernel (rocmark:software.driver, node.kernel)
        wanted: a kernel that amdgpu-dkms 30.20.1 builds on: 6.14 or 6.8
        found: 6.17.0-14-generic, reported to build on another Ubuntu only
        not covered by: ROCm/legacy-rocm-build issue 5624: DKMS fails on kernel 6.17 (6.4.4), builds on it (30.20.1), https://github.com/ROCm/legacy-rocm-build/issues/5624 (2026-01-14)
        not covered by: AMD GPU Driver (amdgpu) release history, amdgpu-docs docs/release/versions.rst @a9194ee, https://github.com/ROCm/amdgpu-docs/blob/a9194ee5f184a1ac8f932606801d5a4a1a97e41b/docs/release/versions.rst (2026-04-17)
        not covered by: ROCm compatibility matrix 7.1.1, 7.1.0, 6.4.0, https://rocm.docs.amd.com/en/docs-7.1.1/compatibility/compatibility-matrix.html (2025-11)
        not covered by: System requirements (Linux), ROCm 7.0, https://rocm.docs.amd.com/projects/install-on-linux/en/docs-7.0.0/reference/system-requirements.html (2026-11)
        next: Boot a kernel that AMD names, or allow unknowns and try the build on one node first.
    Nearest set that works: change rocmark:software.rocm from 7.1.1 to 7.2.1 and rocmark:software.driver from 30.20.1 to 30.30.1, which gives driver 30.30.1, ROCm 7.2.1, torch 2.11.0+rocm7.2, Python 3.12."
  `);
});

test("an unknown set: the documents that were read and do not cover it", () => {
  expect(explain(solve(with711, { ...mi300x, ...noble4 }))).toMatchInlineSnapshot(`
    "Nobody has said whether driver 30.20.1, ROCm 7.1.1, torch 2.10.0+rocm7.1, Python 3.12 works on this node: 1 rule is not answered, and what is not known is not taken for fine.
      - operating system (rocmark:software.rocm, node.os)
        wanted: Ubuntu 24.04.3 or 22.04.5 for ROCm 7.1.1
        found: Ubuntu 24.04.4, a later point release than AMD's table knew
        not covered by: ROCm compatibility matrix 7.1.1, 7.1.0, 6.4.0, https://rocm.docs.amd.com/en/docs-7.1.1/compatibility/compatibility-matrix.html (2025-11)
        next: Take a ROCm release that lists it, or allow unknowns and try one node first.
    Nearest set that works: change rocmark:software.rocm from 7.1.1 to 7.2.1 and rocmark:software.pytorch from 2.10.0+rocm7.1 to 2.11.0+rocm7.2, which gives driver 30.20.1, ROCm 7.2.1, torch 2.11.0+rocm7.2, Python 3.12.
    With rocmark:software.allowUnknown: true it goes on all the same, and the records say so."
  `);
});

test("an allowed unknown is said with the set", () => {
  const said = explain(solve(with711, { ...mi300x, ...noble4 }, { allowUnknown: true }));
  expect(said).toContain("torch 2.10.0+rocm7.1, Python 3.12: allowed, with 1 rule not answered.");
  expect(said).toContain("found: Ubuntu 24.04.4, a later point release than AMD's table knew");
});

test("a node that has not said enough is asked to, and no pin is named", () => {
  const said = explain(solve(with711, { ...mi300x, secureBoot: undefined }));
  expect(said).toContain("found: the node has not said its Secure Boot state");
  expect(said).toContain("No pin stands in the way: the node has to say what is missing.");
  expect(said).not.toContain("Nearest set");
});

test("where no pin helps it says so", () => {
  expect(explain(solve(with711, { ...mi300x, ...gpu("Radeon RX 580") }))).toContain(
    "No change of the pins helps: the node has to change.",
  );
});

test("a pin that cannot be read is shown as it was written", () => {
  expect(explain(solve({ rocm: "seven" }, mi300x))).toMatchInlineSnapshot(`
    "This software cannot work on this node: 1 rule is broken.
      - form (rocmark:software.rocm)
        wanted: a release such as 7.1.1
        found: "seven"
        next: Write it in this form.
    Nearest set that works: change rocmark:software.rocm from seven to 7.2.0, which gives driver 30.30.0, ROCm 7.2.0, torch 2.13.0+rocm7.2, Python 3.12."
  `);
});

test("a wheel alone: no ROCm is said to be installed", () => {
  const said = explain(solve({ driver: "30.20.1", pytorch: "2.10.0+rocm7.1" }, mi300x, { scope: "wheel" }));
  expect(said).toContain("the wheel's own ROCm 7.1,");
  expect(said).not.toContain("rocm/apt");
  expect(said).not.toContain("rocminfo");
});
