"""What a node's kernel shows of its hardware: PCI devices, firmware, and, while amdgpu is loaded, KFD and DRM.

All from /lab, where the test has put it: gpus.json, firmware.json, devices.json. Sources: the kernel's amdkfd
(kfd_topology.c: properties, gpu_id, name), 50-udev-default.rules (group render), UEFI 2.10 (SecureBoot).
"""

from __future__ import annotations

import grp
import json
import os
import shutil
import stat
from pathlib import Path

LAB = Path("/lab")
PCI = Path("/sys/bus/pci/devices")
KFD = Path("/sys/class/kfd/kfd/topology")
DRM = Path("/sys/class/drm")
EFI = Path("/sys/firmware/efi")
SECURE_BOOT = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def setting(name: str) -> dict | list:
    """What the test has set."""
    return json.loads((LAB / f"{name}.json").read_text())


def write(path: Path, text: str | bytes) -> None:
    """Write a file and the directories to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def show_firmware() -> None:
    """Say how the firmware has booted: by UEFI, with Secure Boot or without, or by BIOS."""
    shutil.rmtree(EFI, ignore_errors=True)
    secure_boot = setting("firmware")["secureBoot"]
    if secure_boot != "no UEFI":
        # Four bytes of attributes, then the variable.
        write(EFI / "efivars" / SECURE_BOOT, b"\x06\0\0\0" + (b"\0" if secure_boot == "off" else b"\1"))


def show_pci() -> None:
    """Say which GPUs are in the slots, whether a driver is loaded or not."""
    shutil.rmtree(PCI, ignore_errors=True)
    PCI.mkdir(parents=True)
    for gpu in setting("gpus"):
        for name, value in (
            ("vendor", "0x1002"),
            ("device", gpu["deviceId"]),
            ("class", f"0x{gpu['pciClass']}00"),
        ):
            write(PCI / gpu["bdf"] / name, f"{value}\n")


def target_version(gfx: str) -> int:
    """gfx90a as 90010: major, then minor and stepping with two digits each, the last two of a name being hexadecimal."""
    digits = gfx.removeprefix("gfx")
    return int(digits[:-2]) * 10000 + int(digits[-2], 16) * 100 + int(digits[-1], 16)


def gpu_properties(gpu: dict) -> dict[str, int]:
    """A GPU's lines in KFD's topology."""
    domain, bus, rest = gpu["bdf"].split(":")
    slot, function = rest.split(".")
    return {
        "cpu_cores_count": 0,
        "simd_count": gpu["computeUnits"] * 4,
        "mem_banks_count": 1,
        "wave_front_size": 32 if gpu["gfx"].startswith("gfx1") else 64,
        "simd_per_cu": 4,
        "gfx_target_version": target_version(gpu["gfx"]),
        "vendor_id": 0x1002,
        "device_id": int(gpu["deviceId"], 16),
        "location_id": int(bus, 16) << 8 | int(slot, 16) << 3 | int(function),
        "domain": int(domain, 16),
        "drm_render_minor": gpu["renderMinor"],
        "local_mem_size": gpu["vramMiB"] * 2**20,
    }


def make_device(path: str, rules: dict) -> None:
    """A device node that opens for whom the real one opens; behind it is /dev/null."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.mknod(path, stat.S_IFCHR, os.makedev(1, 3))
    os.chown(path, 0, grp.getgrnam(rules["group"]).gr_gid)
    os.chmod(path, int(rules["mode"], 8))


def driver_gone() -> None:
    """Take away what amdgpu shows while it is loaded."""
    shutil.rmtree(KFD.parent.parent, ignore_errors=True)
    shutil.rmtree(DRM, ignore_errors=True)
    shutil.rmtree("/dev/dri", ignore_errors=True)
    Path("/dev/kfd").unlink(missing_ok=True)
    for gpu in PCI.iterdir():
        (gpu / "driver").unlink(missing_ok=True)


def driver_here() -> None:
    """Show what amdgpu shows: KFD with the CPU as its first node, and a render node for each GPU."""
    driver_gone()
    gpus, rules = setting("gpus"), setting("devices")
    nodes = [({"cpu_cores_count": os.cpu_count(), "simd_count": 0, "gfx_target_version": 0}, 0, "")]
    nodes += [(gpu_properties(gpu), 1000 + number, "ip discovery") for number, gpu in enumerate(gpus)]
    for number, (properties, gpu_id, name) in enumerate(nodes):
        at = KFD / "nodes" / str(number)
        write(at / "properties", "".join(f"{key} {value}\n" for key, value in properties.items()))
        write(at / "gpu_id", f"{gpu_id}\n")
        write(at / "name", f"{name}\n")
    make_device("/dev/kfd", rules["kfd"])
    for number, gpu in enumerate(gpus):
        make_device(f"/dev/dri/renderD{gpu['renderMinor']}", rules["render"])
        make_device(f"/dev/dri/card{number}", {"mode": "0660", "group": "video"})
        for name in (f"card{number}", f"renderD{gpu['renderMinor']}"):
            (DRM / name).mkdir(parents=True)
            (DRM / name / "device").symlink_to(PCI / gpu["bdf"])
        (PCI / gpu["bdf"] / "driver").symlink_to("/sys/bus/pci/drivers/amdgpu")
