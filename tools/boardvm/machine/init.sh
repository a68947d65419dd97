#!/bin/busybox sh
# The first process of the guest: mounts, loads the modules, then serves the
# host's commands from a virtio-serial port until the machine is switched off.
# The wire is described in agent.go.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /data /root /sbin /usr/bin /usr/sbin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
exec </dev/null >/dev/console 2>&1

while read -r module; do
    # One that the processor has not got refuses to load; what it is for works
    # without it (crc32-arm-ce on a Cortex-A7).
    insmod "/$module" || echo "init: $module not loaded"
done </etc/modules
hwclock -s -u
ip link set lo up

# Devices of modules just loaded appear a little later.
await() {
    tries=0
    until eval "$1"; do
        tries=$((tries + 1))
        [ $tries -gt 200 ] && { echo "init: gave up waiting for: $1"; return 1; }
        usleep 50000
    done
}
port() {
    for p in /sys/class/virtio-ports/*; do
        [ "$(cat "$p/name" 2>/dev/null)" = "$1" ] && echo "/dev/${p##*/}"
    done
}
await '[ -n "$(port boardvm.control)" ] && [ -n "$(port boardvm.stream)" ]'
await '[ -b /dev/vda ]' && mount -t ext4 /dev/vda /data
await '[ -e /dev/snd/pcmC0D0p ]'

# A port can be opened once only.
exec 3<>"$(port boardvm.control)" 5<>"$(port boardvm.stream)"

# What has ended is written to a pipe, short enough to be in one piece, and one
# process alone turns it into answers to the host.
mkfifo /run/ended
exec 4<>/run/ended
answer() {
    while read -r id status file <&4; do
        echo "$id $status $(base64 <"$file" | tr -d '\n')" >&3
        [ "$file" = /dev/null ] || rm -f "$file"
    done
}
run() {
    sh -c "$(echo "$2" | base64 -d)" </dev/null >"/tmp/out.$1" 2>&1 3>&- 4>&- 5>&-
    echo "$1 $? /tmp/out.$1" >&4
}
stream() {
    sh -c "$(echo "$2" | base64 -d)" </dev/null >&5 2>&1 3>&- 4>&- 5>&-
    status=$?
    # In the stream itself, so that the host knows it has all of it.
    echo "boardvm-end-$1" >&5
    echo "$1 $status /dev/null" >&4
}
serve() {
    echo "ready" >&3
    while read -r verb id body <&3; do
        case $verb in
        run) run "$id" "$body" & ;;
        stream) stream "$id" "$body" & ;;
        esac
    done
    echo "init: the host's port is gone"
}
answer &
serve &
# Process 1 takes in orphans: every turn waits for those that have ended.
while :; do sleep 1; done
