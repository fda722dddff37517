/** A document that rows of the matrix were read from. */
export interface Source {
  title: string;
  url: string;
  /** Day of the document, or the month in which it was read where it bears none. */
  date: string;
}

const github = (path: string) => `https://github.com/${path}`;
const docs = (path: string) => `https://rocm.docs.amd.com/${path}`;
const driverDocs = (path: string) => `https://instinct.docs.amd.com/projects/amdgpu-docs/en/${path}`;

/** Every document that a row may cite. None of it was measured here: a row says what its source says. */
export const sources = {
  // AMD: which driver goes with which ROCm.
  driverWindow: {
    title: "AMD GPU Driver (amdgpu) compatibility matrix, up to driver 31.50.x and ROCm 10.0.0",
    url: driverDocs("latest/compatibility/compatibility-matrix.html"),
    date: "2026-11",
  },
  driverHistory: {
    title: "AMD GPU Driver (amdgpu) release history, amdgpu-docs docs/release/versions.rst @a9194ee",
    url: github("ROCm/amdgpu-docs/blob/a9194ee5f184a1ac8f932606801d5a4a1a97e41b/docs/release/versions.rst"),
    date: "2026-04-17",
  },
  driver30303: {
    title: "amdgpu-docs pull request 97: driver 30.30.3 (ROCm 7.2.3)",
    url: github("ROCm/amdgpu-docs/pull/97"),
    date: "2026-11",
  },
  driver3030: {
    title:
      "AMD GPU Driver (amdgpu) 30.30.1 release notes: support for Ubuntu 24.04.4's HWE kernel comes with it",
    url: driverDocs("docs-30.30.1/documentation/release-notes.html"),
    date: "2026-03-25",
  },
  driver3140: {
    title: "AMD GPU Driver (amdgpu) 31.40.1 and 31.40.0 release notes and post-installation instructions",
    url: driverDocs("docs-31.40.1/documentation/release-notes.html"),
    date: "2026-11",
  },
  driver3010: {
    title: "AMD GPU Driver (amdgpu) 30.10.1 and 30.10 release notes, amdgpu-docs @67902e2",
    url: github(
      "ROCm/amdgpu-docs/blob/67902e24b764e1e4799e9f1b1c5ed7142ed33247/docs/documentation/change-logs/30.10.1.md",
    ),
    date: "2025-09-17",
  },
  driver643: {
    title: "amdgpu-docs docs/conf.py of driver 6.4.3 @e0669d0",
    url: github("ROCm/amdgpu-docs/blob/e0669d0f0abebc9177593abf38fad629485a289a/docs/conf.py"),
    date: "2026-11",
  },
  driverDirectory: {
    title: "amdgpu-docs docs/conf.py @0bb9161: driver 30.10.0 lies in directory 30.10",
    url: github("ROCm/amdgpu-docs/blob/0bb9161/docs/conf.py"),
    date: "2025-09-16",
  },
  driverInstall: {
    title: "amdgpu-docs package-manager-ubuntu.rst and prerequisites.rst @67902e2",
    url: github(
      "ROCm/amdgpu-docs/blob/67902e24b764e1e4799e9f1b1c5ed7142ed33247/docs/install/detailed-install/package-manager/package-manager-ubuntu.rst",
    ),
    date: "2025-09-17",
  },
  driverPostInstall: {
    title: "amdgpu-docs post-install.rst @07b871a: dkms status of driver 30.10.2",
    url: github(
      "ROCm/amdgpu-docs/blob/07b871ad3893517dfd664e99828ba5a491113102/docs/install/detailed-install/post-install.rst",
    ),
    date: "2025-10",
  },
  driverPool: {
    title: "AMD's repository of the driver: names of the amdgpu-dkms packages, as reports quote them",
    url: "https://repo.radeon.com/amdgpu/",
    date: "2026-11",
  },
  // AMD: what a ROCm release supports.
  matrix6: {
    title: "ROCm compatibility matrix, historical table 6.0 to 6.4.2, copy prbasyal-amd/ROCm @0a8e220",
    url: github(
      "prbasyal-amd/ROCm/blob/0a8e22039739d4b6084cb54f4d5ecf01ee458e30/docs/compatibility/compatibility-matrix-historical-6.0.csv",
    ),
    date: "2025-07",
  },
  matrix630: {
    title: "ROCm compatibility matrix at 6.3.0, copy prbasyal-amd/ROCm @fa43a82",
    url: github(
      "prbasyal-amd/ROCm/blob/fa43a8205b48ed85b441babe23c23ee6e658d53c/docs/compatibility/compatibility-matrix.rst",
    ),
    date: "2024-12",
  },
  matrix641: {
    title: "ROCm compatibility matrix at 6.4.1, ROCm/legacy-rocm-build @076345c",
    url: github(
      "ROCm/legacy-rocm-build/blob/076345c0f63f3620110f552cf2dc7c48a5ad06c5/docs/compatibility/compatibility-matrix.rst",
    ),
    date: "2025-06",
  },
  matrix643: {
    title: "ROCm compatibility matrix 6.4.3, 6.4.2, 6.3.0",
    url: docs("en/docs-6.4.3/compatibility/compatibility-matrix.html"),
    date: "2025-08",
  },
  matrix700: {
    title: "ROCm compatibility matrix 7.0.0, 6.4.3, 6.3.0",
    url: docs("en/docs-7.0.0/compatibility/compatibility-matrix.html"),
    date: "2025-09",
  },
  requirements70: {
    title: "System requirements (Linux), ROCm 7.0",
    url: docs("projects/install-on-linux/en/docs-7.0.0/reference/system-requirements.html"),
    date: "2026-11",
  },
  matrix710: {
    title: "ROCm compatibility matrix 7.1.0, 7.0.2, 6.4.0",
    url: docs("en/docs-7.1.0/compatibility/compatibility-matrix.html"),
    date: "2025-10",
  },
  matrix711: {
    title: "ROCm compatibility matrix 7.1.1, 7.1.0, 6.4.0",
    url: docs("en/docs-7.1.1/compatibility/compatibility-matrix.html"),
    date: "2025-11",
  },
  matrix724: {
    title: "ROCm compatibility matrix 7.2.4/7.2.3, 7.2.2/7.2.1, ROCm/legacy-rocm-build @fff7efb",
    url: github(
      "ROCm/legacy-rocm-build/blob/fff7efbd0c870e1bfba278faa91d517996b7a33a/docs/compatibility/compatibility-matrix.rst",
    ),
    date: "2026-05",
  },
  requirements724: {
    title: "System requirements (Linux), ROCm 7.2.4",
    url: docs("projects/install-on-linux/en/docs-7.2.4/reference/system-requirements.html"),
    date: "2026-04-17",
  },
  release720: {
    title:
      "ROCm 7.2.0 release notes: drivers 30.30.0, 30.20.x and 30.10.x; of Ubuntu nothing changes from 7.1.1",
    url: docs("en/docs-7.2.0/about/release-notes.html"),
    date: "2026-01-21",
  },
  release721: {
    title: "ROCm 7.2.1 release notes: Ubuntu 24.04.4 in, 24.04.3 out",
    url: docs("en/docs-7.2.1/about/release-notes.html"),
    date: "2026-03",
  },
  matrix714: {
    title: "ROCm compatibility matrix 7.14.0",
    url: docs("en/docs-7.14.0/compatibility/compatibility-matrix.html"),
    date: "2026-07-16",
  },
  matrix1000: {
    title: "ROCm compatibility matrix 10.0.0",
    url: docs("en/latest/compatibility/compatibility-matrix.html"),
    date: "2026-08-26",
  },
  therockPackages: {
    title: "TheRock docs/development/s3_buckets.md @89553ce: releases from 7.14 on lie at repo.amd.com",
    url: github("ROCm/TheRock/blob/89553ce3746eda74ade42557470d25e37c91b6f0/docs/development/s3_buckets.md"),
    date: "2026-08-22",
  },
  rocmInstall: {
    title: "Ubuntu native installation, rocm-install-on-linux package-manager-ubuntu.rst @af50ec7",
    url: github(
      "ROCm/rocm-install-on-linux/blob/af50ec78e80099473dcaa46862d7bd4b0850df99/docs/install/install-methods/package-manager/package-manager-ubuntu.rst",
    ),
    date: "2026-11",
  },
  signingKey: {
    title: "ROCm issue 854: AMD's package signing key and its fingerprint",
    url: github("ROCm/ROCm/issues/854"),
    date: "2019-08-02",
  },
  // What users and AMD's engineers reported of builds on kernels.
  issue3701: issue("legacy-rocm-build", 3701, "amdgpu-dkms fails with Ubuntu kernel 6.8.0-44", "2024-09-11"),
  issue293: issue("rocm-install-on-linux", 293, "amdgpu-dkms 6.8.5.60200 fails on 6.8.0-45", "2024-09-17"),
  issue3870: issue("legacy-rocm-build", 3870, "amdgpu-dkms fails on kernel 6.11", "2024-10-06"),
  issue4619: issue("legacy-rocm-build", 4619, "DKMS build fails on kernels 6.13 and 6.14", "2025-04-13"),
  issue192: issue("amdgpu", 192, "DKMS build fails on 6.14.0-24-generic", "2025-07-17"),
  issue5109: issue("legacy-rocm-build", 5109, "DKMS fails to build on Linux 6.15.8", "2025-07-28"),
  issue5110: issue("legacy-rocm-build", 5110, "DKMS fails to build on Linux 6.16", "2025-07-28"),
  issue5553: issue(
    "legacy-rocm-build",
    5553,
    "driver of ROCm 7.0.2 fails to build on Linux 6.17",
    "2025-10-21",
  ),
  issue5624: issue(
    "legacy-rocm-build",
    5624,
    "DKMS fails on kernel 6.17 (6.4.4), builds on it (30.20.1)",
    "2026-01-14",
  ),
  issue5905: issue("legacy-rocm-build", 5905, "amdgpu-dkms fails with kernel 6.18.7", "2026-01-26"),
  issue209: issue("amdgpu", 209, "6.18.14 and 6.19.4 fail to build amdgpu-dkms", "2026-03-02"),
  issue6193: issue("legacy-rocm-build", 6193, "amdgpu-dkms fails to build on kernel 7.0", "2026-06-07"),
  issue4328: issue("legacy-rocm-build", 4328, "Secure Boot keeps amdgpu from loading", "2025-02-02"),
  // PyTorch: releases, wheels, what they were built for.
  torchReleases: {
    title: "PyTorch RELEASE.md, release compatibility matrix and cadence, up to 2.14",
    url: github("pytorch/pytorch/blob/main/RELEASE.md"),
    date: "2026-11",
  },
  torchPrevious: {
    title: "PyTorch, installing previous versions",
    url: "https://pytorch.org/get-started/previous-versions",
    date: "2026-11",
  },
  torchPrevious25: {
    title: "PyTorch, previous versions, 2.5.0, pytorch.github.io @3a3efc5",
    url: github("pytorch/pytorch.github.io/commit/3a3efc5"),
    date: "2026-11",
  },
  torchTargets6: {
    title: "PyTorch .ci/docker/manywheel/build.sh @1fca82d: GPU targets of ROCm 6 wheels",
    url: github(
      "pytorch/pytorch/blob/1fca82d48c821e8f6fe4b04f0e846d10204af58f/.ci/docker/manywheel/build.sh",
    ),
    date: "2026-11",
  },
  torchTargets7: {
    title: "PyTorch .ci/docker/manywheel/build.sh @027375b: GPU targets of ROCm 7 wheels",
    url: github(
      "pytorch/pytorch/blob/027375bffdc7aa980c93df464526ff2d83ad8349/.ci/docker/manywheel/build.sh",
    ),
    date: "2026-11",
  },
  torchGfx950: {
    title: "PyTorch issue 164854: gfx950 code only from the ROCm 7.0 wheels on",
    url: github("pytorch/pytorch/issues/164854"),
    date: "2026-11",
  },
  torchRocmInside: {
    title: "ROCm issue 1572: a PyTorch wheel brings its own ROCm libraries (AMD's engineer)",
    url: github("ROCm/legacy-rocm-build/issues/1572"),
    date: "2021-11-02",
  },
  fbgemm: {
    title: "FBGEMM releases: ROCm 7.0 and 7.1 beside PyTorch 2.10, 6.3 and 6.4 beside 2.9",
    url: "https://docs.pytorch.org/FBGEMM/general/Releases.html",
    date: "2026-11",
  },
  wave1185: {
    title: "wave pull request 1185: the rocm7.2 index has torch 2.11 and later only; pip took CUDA",
    url: github("iree-org/wave/pull/1185"),
    date: "2026-03-25",
  },
  unsloth7354: {
    title: "unsloth pull request 7354: torch 2.9.1+rocm6.3 seen",
    url: github("unslothai/unsloth/pull/7354"),
    date: "2026-07-23",
  },
} as const satisfies Record<string, Source>;

export type SourceKey = keyof typeof sources;

function issue(repository: string, number: number, title: string, date: string): Source {
  return {
    title: `ROCm/${repository} issue ${number}: ${title}`,
    url: github(`ROCm/${repository}/issues/${number}`),
    date,
  };
}
