#!/bin/bash
# First process of a node: makes its file tree what a booted host's is, and becomes the node's init.
# Runs in the node's own mount, process, uts, ipc and time namespaces; its mounts end with the node.
set -euo pipefail
root=$1 lab=$2 name=$3

hostname "$name" 2>/dev/null || printf '%s' "$name" > /proc/sys/kernel/hostname
mount --bind "$root" "$root"
cd "$root"

mount -t proc -o nosuid,nodev,noexec proc proc
# What a node must not tell truly: these files are the lab's.
mount --bind "$lab/osrelease" proc/sys/kernel/osrelease
mount --bind "$lab/boot_id" proc/sys/kernel/random/boot_id

# /sys is the lab's own, with the real one's parts that say nothing of GPUs, modules and firmware behind it.
mount -t tmpfs -o size=16m,mode=755 tmpfs sys
mkdir -p sys/real sys/module sys/class sys/firmware
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys/real
for part in block bus dev devices fs kernel power; do ln -s "real/$part" "sys/$part"; done
for part in sys/real/class/*; do
  part=${part##*/}
  case $part in kfd | drm) ;; *) ln -s "../real/class/$part" "sys/class/$part" ;; esac
done

mount -t tmpfs -o size=16m,mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
mkdir dev/pts dev/shm dev/dri
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
