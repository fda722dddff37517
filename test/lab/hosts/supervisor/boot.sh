#!/bin/bash
# First process of a node: makes its file tree what a booted host's is, and becomes the node's init.
# Runs in the node's own mount, process, uts, ipc and time namespaces; its mounts end with the node.
set -euo pipefail
root=$1 lab=$2 name=$3

hostname "$name" 2>/dev/null || printf '%s' "$name" > /proc/sys/kernel/hostname
mount --bind "$root" "$root"
cd "$root"

mount -t proc -o nosuid,nodev,noexec proc proc
# Root in a node is root to the kernel that all share: it sets nothing there, and does not restart the machine.
for part in sys sysrq-trigger; do
  [ -e "proc/$part" ] || continue
  mount --bind "proc/$part" "proc/$part"
  mount -o remount,bind,ro "proc/$part"
done
# What a node must not tell truly: these files are the lab's.
mount --bind "$lab/osrelease" proc/sys/kernel/osrelease
mount --bind "$lab/boot_id" proc/sys/kernel/random/boot_id
[ ! -e proc/modules ] || mount --bind "$lab/modules" proc/modules

# /sys is the lab's own, with the real one's parts that say nothing of GPUs, modules and firmware behind it.
mount -t tmpfs -o size=16m,mode=755 tmpfs sys
mkdir -p sys/real sys/module sys/class sys/bus/pci/devices sys/firmware
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys/real
shopt -s extglob
(cd sys && ln -s real/{block,dev,devices,fs,kernel,power} .)
(cd sys/class && ln -s ../real/class/!(kfd|drm) .)
(cd sys/bus && ln -s ../real/bus/!(pci) .)

mount -t tmpfs -o size=16m,mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755,size=64m tmpfs run
mkdir -p run/lock run/sshd
rm -rf tmp/* tmp/.[!.]* 2>/dev/null || true
mount --bind "$lab" lab

# The new root over the old one, then the old one away: nothing of the machine's files stays in sight.
pivot_root . .
umount -l .
cd /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  /usr/bin/python3 /usr/lib/lab/init
