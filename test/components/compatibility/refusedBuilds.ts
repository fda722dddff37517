import { gpu, mi300x, noble2, noble4, on } from "./nodes.ts";
import { by, driver, wheel62, wheel64, wheel71, wheel72 } from "./refusal.ts";

const { broken, unknown } = by("driver on the kernel", driver, "node.kernel");
const noble1 = { osVersion: "24.04.1" };
const pin = (driver: string, pytorch: string) => ({ driver, pytorch });

/** Builds of the driver on kernels, as their reporters describe them. */
export const refusedBuilds = [
  broken(
    "driver 6.4.1 on 24.04.2's 6.14.0-24",
    "issue192",
    pin("6.4.1", wheel64),
    { ...noble2, ...on("6.14.0-24-generic") },
    { driver: "30.10.0" },
  ),
  broken(
    "driver 6.4.0 on 6.14",
    "issue4619",
    pin("6.4.0", wheel64),
    { ...noble2, ...on("6.14.0-15-generic") },
    { driver: "30.10.0" },
  ),
  broken(
    "driver 6.4.0 on mainline 6.13",
    "issue4619",
    pin("6.4.0", wheel64),
    { ...noble2, ...on("6.13.7-061307-generic") },
    null,
  ),
  broken(
    "driver 6.4.2 on 6.15.8",
    "issue5109",
    pin("6.4.2", wheel64),
    { ...noble2, ...on("6.15.8-061508-generic") },
    null,
  ),
  broken(
    "driver 6.4.2 on 6.16",
    "issue5110",
    pin("6.4.2", wheel64),
    { ...noble2, ...on("6.16.0-061600-generic") },
    null,
  ),
  broken(
    "driver 6.4.4 on 6.17.0-6",
    "issue5624",
    pin("6.4.4", wheel64),
    { ...noble4, ...on("6.17.0-6-generic") },
    { driver: "30.30.1" },
  ),
  unknown(
    "driver 30.20.1 on 24.04's 6.17, on which it was built on another Ubuntu",
    "issue5624",
    pin("30.20.1", wheel71),
    { ...noble4, ...on("6.17.0-14-generic") },
    { driver: "30.30.1" },
  ),
  broken(
    "driver 30.10.2 on 6.17",
    "issue5553",
    pin("30.10.2", wheel71),
    { ...noble4, ...on("6.17.0-5-generic") },
    { driver: "30.30.1" },
  ),
  broken(
    "driver 30.30.0 on 6.18.7",
    "issue5905",
    pin("30.30.0", wheel72),
    { ...noble4, ...on("6.18.7-061807-generic") },
    null,
  ),
  broken(
    "driver 30.30.0 on 6.19.4",
    "issue209",
    pin("30.30.0", wheel72),
    { ...noble4, ...on("6.19.4-061904-generic") },
    null,
  ),
  broken(
    "driver 30.30.4 on 26.04's 7.0",
    "issue6193",
    pin("30.30.4", wheel72),
    { osVersion: "26.04", ...on("7.0.0-22-generic") },
    null,
  ),
  broken(
    "driver 6.2.2 on 6.11.0-8",
    "issue3870",
    { ...pin("6.2.2", wheel62), rocm: "6.2.2" },
    { ...noble1, ...gpu("AMD Instinct MI210"), ...on("6.11.0-8-generic") },
    null,
  ),
  broken(
    "driver 6.2.0 on 6.8.0-44",
    "issue3701",
    pin("6.2.0", wheel62),
    { ...noble1, ...on("6.8.0-44-generic") },
    { driver: "6.2.2" },
  ),
  by("secure boot", driver, "node.secureBoot").broken(
    "Secure Boot with a key that the firmware does not know",
    "issue4328",
    { driver: "30.20.1", rocm: "7.1.1" },
    { secureBoot: "enforcing" },
    null,
  ),
  by("kernel flavour", "node.kernel").unknown(
    `a cloud's own kernel instead of ${mi300x.kernel}`,
    "requirements724",
    { driver: "30.20.1", rocm: "7.1.1" },
    on("6.8.0-1017-azure"),
    null,
  ),
];
